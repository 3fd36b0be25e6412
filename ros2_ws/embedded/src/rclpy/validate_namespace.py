"""Validation of namespaces."""

from rclpy._names import check_namespace


def validate_namespace(namespace: str) -> bool:
    """Return True for a valid absolute namespace, else raise InvalidNamespaceException."""
    check_namespace(namespace)
    return True
