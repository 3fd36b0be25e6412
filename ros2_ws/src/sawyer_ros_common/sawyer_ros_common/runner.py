"""Starting and stopping nodes: the same few lines for every executable.

A node declares its parameters in the constructor, makes its handles in ``start`` and gives them
back in ``close``; it does not know whether it has its process to itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import rclpy
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


def run_nodes(factories: Sequence[Callable[[], ThinNode]], args: list[str] | None = None) -> int:
    """Run nodes on one executor until shutdown; the exit status of the process."""
    rclpy.init(args=args)
    executor = SingleThreadedExecutor()
    nodes: list[ThinNode] = []
    status = 0
    try:
        for factory in factories:
            node = factory()
            nodes.append(node)
            executor.add_node(node)
            node.start()
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except SawyerError as error:
        print(f"[{nodes[-1].get_name() if nodes else 'node'}] {error}", file=sys.stderr)
        status = 2
    finally:
        for node in reversed(nodes):
            node.close()
            node.destroy_node()
        executor.shutdown()
        rclpy.try_shutdown()
    return status


def run_node(factory: Callable[[], ThinNode], args: list[str] | None = None) -> int:
    """Run one node in its own process."""
    return run_nodes([factory], args)
