"""Starting and stopping nodes: the same few lines for every executable.

A node declares its parameters in the constructor, makes its handles in ``start`` and gives them
back in ``close``; it does not know whether it has its process to itself.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

import rclpy
from rclpy.exceptions import NotInitializedException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from sawyer_core import SawyerError
from sawyer_ros_common.health import HealthReporter


class ThinNode(Node):
    """Node with the stack's life cycle: construct, ``start``, spin, ``close``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.health = HealthReporter(self)

    def start(self) -> None:
        """Create publishers, subscriptions, services; begin to work."""

    def close(self) -> None:
        """Stop working; must not raise, also after a failed ``start``."""


def _name(factory: Callable[[], ThinNode]) -> str:
    """Name of the node that a factory makes, before there is one: ArmDriverNode, arm_driver."""
    name = getattr(factory, "__name__", type(factory).__name__)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.removesuffix("Node")).lower()


def _make(
    factories: Sequence[Callable[[], ThinNode]],
    executor: SingleThreadedExecutor,
    nodes: list[ThinNode],
) -> int:
    """Make and start the nodes; the exit status if one of them refuses, else 0."""
    for factory in factories:
        name = _name(factory)
        try:
            node = factory()
            name = node.get_name()
            nodes.append(node)
            executor.add_node(node)
            node.start()
        except SawyerError as error:
            print(f"[{name}] {error}", file=sys.stderr)
            return 2
        except (NotInitializedException, RuntimeError):
            if rclpy.ok():
                raise
            return 0  # told to end in the middle of it
    return 0


def run_nodes(factories: Sequence[Callable[[], ThinNode]], args: list[str] | None = None) -> int:
    """Run nodes on one executor until shutdown; the exit status of the process."""
    nodes: list[ThinNode] = []
    executor: SingleThreadedExecutor | None = None
    status = 0
    try:
        try:
            rclpy.init(args=args)
        except RuntimeError as error:  # all that rclpy raises for arguments and parameter files
            print(f"[{', '.join(map(_name, factories))}] {error}", file=sys.stderr)
            return 2
        executor = SingleThreadedExecutor()
        status = _make(factories, executor, nodes)
        if not status:
            executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except SawyerError as error:
        print(f"[{', '.join(node.get_name() for node in nodes)}] {error}", file=sys.stderr)
        status = 2
    finally:
        for node in reversed(nodes):
            node.close()
            node.destroy_node()
        if executor is not None:
            executor.shutdown()
        rclpy.try_shutdown()
    return status


def run_node(factory: Callable[[], ThinNode], args: list[str] | None = None) -> int:
    """Run one node in its own process."""
    return run_nodes([factory], args)
