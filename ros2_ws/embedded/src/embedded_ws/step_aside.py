"""The rule that a real ROS 2 wins wherever one is on the path.

A prefix of ``AMENT_PREFIX_PATH`` (or a folder of ``PYTHONPATH`` inside one) is a real ROS 2 when
its resource index has the package ``rclpy``: the embedded runtime never registers that. Then

- its Python folder, if it fits the running interpreter, comes before ours on ``sys.path``;
- our ``ros2`` becomes the real ``ros2``.

This module is imported at every start of the interpreter where those variables are set, so it
imports nothing but what is loaded anyway.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

MARKER = "share/ament_index/resource_index/packages/rclpy"
_LEVELS_UP = 5


def real_prefixes() -> list[str]:
    """Return the prefixes of real ROS 2 installations on the path, first one first."""
    found: list[str] = []
    candidates = [
        path for path in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if path
    ]
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if folder and os.path.isdir(os.path.join(folder, "rclpy")):
            parent = os.path.abspath(folder)
            for _ in range(_LEVELS_UP):
                parent = os.path.dirname(parent)
                candidates.append(parent)
    for prefix in candidates:
        if prefix not in found and os.path.isfile(os.path.join(prefix, MARKER)):
            found.append(prefix)
    return found


def python_folders(prefix: str) -> list[str]:
    """Return the folders of Python modules of a prefix that fit this interpreter."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    names = (
        f"lib/{version}/site-packages",
        f"local/lib/{version}/dist-packages",
        f"lib/{version}/dist-packages",
    )
    return [path for name in names if os.path.isdir(path := os.path.join(prefix, name))]


def apply() -> bool:
    """Put the modules of a real ROS 2 before ours; returns whether there is one."""
    prefixes = real_prefixes()
    if not prefixes:
        return False
    ament_prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    wanted: list[str] = []
    for prefix in [*(path for path in ament_prefixes if path), *prefixes]:
        wanted += [path for path in python_folders(prefix) if path not in wanted]
    missing = [path for path in wanted if path not in sys.path]
    sys.path[:0] = missing
    return True


def find_real_ros2() -> str | None:
    """Return the path of the real ``ros2``, or None where there is no real ROS 2."""
    for prefix in real_prefixes():
        path = os.path.join(prefix, "bin", "ros2")
        if os.access(path, os.X_OK) and not _is_ours(path):
            return path
    return None


def _is_ours(path: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(os.path.join(sys.prefix, "bin", "ros2"))


def exec_real_ros2(arguments: Sequence[str]) -> None:
    """Become the real ``ros2`` if there is one; returns otherwise."""
    path = find_real_ros2()
    if path is not None:
        os.execv(path, [path, *arguments])
