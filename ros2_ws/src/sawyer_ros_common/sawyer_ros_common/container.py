"""Several nodes in one process, on one executor.

    ros2 run sawyer_ros_common container package.module:Class [more ...] --ros-args ...

Grouping saves start-up time and memory on small machines; the nodes meet only over topics and
run just as well each in a process of its own.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

from sawyer_ros_common.startup import quiet_startup

if TYPE_CHECKING:
    from sawyer_ros_common.runner import ThinNode


def load(target: str) -> type[ThinNode]:
    """Node class of ``package.module:Class``.

    Raises:
        ValueError: the target is malformed or is no ThinNode.
    """
    from sawyer_ros_common.runner import ThinNode

    module_name, colon, class_name = target.partition(":")
    if not colon:
        raise ValueError(f"{target!r} is no node; expected package.module:Class")
    found = getattr(importlib.import_module(module_name), class_name, None)
    if not (isinstance(found, type) and issubclass(found, ThinNode)):
        raise ValueError(f"{target!r} is no node class")
    return found


def main(args: list[str] | None = None) -> int:
    """Load the named nodes and run them."""
    with quiet_startup() as startup:
        from rclpy.utilities import remove_ros_args

        from sawyer_ros_common.runner import run_nodes

        targets = remove_ros_args(args=sys.argv if args is None else args)[1:]
        if not targets:
            usage = "usage: container package.module:Class [package.module:Class ...]"
            print(usage, file=sys.stderr)
            return 2
        classes: list[type[ThinNode]] = []
        for target in targets:
            try:
                classes.append(load(target))
            except (ImportError, ValueError) as error:
                print(f"container: {error}", file=sys.stderr)
                return 2
            if startup.ended:
                return 0
    return 0 if startup.ended else run_nodes(classes, args)
