"""Installer of ament packages for machines without colcon, and the step-aside rule."""

from __future__ import annotations

from embedded_ws.errors import WorkspaceError

__all__ = ["WorkspaceError"]
