"""Expansion of topic names."""

from rclpy._names import check_namespace, check_node_name, expand_name, normalize_namespace


def expand_topic_name(topic_name: str, node_name: str, node_namespace: str) -> str:
    """Expand a topic name to its absolute form, given a node's name and namespace.

    Raises:
        InvalidNodeNameException: The node name is invalid.
        InvalidNamespaceException: The namespace is invalid.
        InvalidTopicNameException: The topic name is invalid.
    """
    check_node_name(node_name)
    namespace = normalize_namespace(node_namespace)
    check_namespace(namespace)
    return expand_name(topic_name, node_name, namespace)
