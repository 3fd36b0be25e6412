"""``ros2 doctor``."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``ros2 doctor``."""
    parser.add_argument("-r", "--report", action="store_true", help="no effect: always reports")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print what the runtime runs on, and what is missing."""
    from ament_index_python.packages import get_packages_with_prefixes
    from ament_index_python.search_paths import get_search_paths

    problems: list[str] = []
    print(f"python         : {platform.python_version()} ({sys.executable})")
    print(f"platform       : {platform.platform()}")
    for name in ("sawyer-embedded-ros2", "cyclonedds", "rosbags", "numpy"):
        try:
            print(f"{name:<15}: {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"the distribution {name} is not installed")
    for name in ("ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY", "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        print(f"{name}: {os.environ.get(name, '(not set)')}")
    packages = get_packages_with_prefixes()
    print(f"ament prefixes : {', '.join(get_search_paths()) or '(none)'}")
    print(f"packages       : {len(packages)}")
    if not packages:
        problems.append("no package is installed: python -m embedded_ws install --src <workspace>")
    for problem in problems:
        print(f"problem: {problem}", file=sys.stderr)
    return 1 if problems else 0
