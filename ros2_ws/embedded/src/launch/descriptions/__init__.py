"""Descriptions of what actions execute."""

from __future__ import annotations

from launch.descriptions.executable import Executable

__all__ = ["Executable"]
