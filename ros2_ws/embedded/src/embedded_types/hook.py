"""Start-up hook: append the message finder to ``sys.meta_path`` (kept tiny)."""

from __future__ import annotations

import os
import sys
from typing import Any

_SKIP = frozenset(("sitecustomize", "usercustomize"))


class InterfaceFinder:
    """Last resort of the import system for ``<package>``, ``<package>.msg|srv|action``."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> Any:
        """Return a spec where definitions of that package exist, else None."""
        package, dot, kind = name.partition(".")
        if (dot and kind not in ("msg", "srv", "action")) or name in _SKIP:
            return None
        from . import finder

        return finder.find_spec(package, kind)


def install() -> None:
    """Append the finder once; a real ROS 2 on the path comes before our modules."""
    if os.environ.get("AMENT_PREFIX_PATH") or os.environ.get("PYTHONPATH"):
        from embedded_ws.step_aside import apply

        apply()
    if InterfaceFinder not in sys.meta_path:
        sys.meta_path.append(InterfaceFinder)
