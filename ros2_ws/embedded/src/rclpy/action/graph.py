"""Actions in the ROS graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rclpy.node import Node

_FEEDBACK_SUFFIX = "/_action/feedback"
_TYPE_SUFFIX = "_FeedbackMessage"

NamesAndTypes = list[tuple[str, list[str]]]


def _actions(topics: Iterable[tuple[str, list[str]]]) -> NamesAndTypes:
    """Find the actions among topics: each has one feedback topic."""
    return [
        (
            name[: -len(_FEEDBACK_SUFFIX)],
            [t[: -len(_TYPE_SUFFIX)] for t in types if t.endswith(_TYPE_SUFFIX)],
        )
        for name, types in topics
        if name.endswith(_FEEDBACK_SUFFIX)
    ]


def get_action_client_names_and_types_by_node(
    node: Node, remote_node_name: str, remote_node_namespace: str
) -> NamesAndTypes:
    """List the actions that a node has clients of, with their types.

    Args:
        node: The node that asks.
        remote_node_name: Name of the node in question.
        remote_node_namespace: Its namespace.
    """
    return _actions(
        node.get_subscriber_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )


def get_action_server_names_and_types_by_node(
    node: Node, remote_node_name: str, remote_node_namespace: str
) -> NamesAndTypes:
    """List the actions that a node serves, with their types.

    Args:
        node: The node that asks.
        remote_node_name: Name of the node in question.
        remote_node_namespace: Its namespace.
    """
    return _actions(
        node.get_publisher_names_and_types_by_node(remote_node_name, remote_node_namespace)
    )


def get_action_names_and_types(node: Node) -> NamesAndTypes:
    """List all actions in the graph with their types."""
    return _actions(node.get_topic_names_and_types())
