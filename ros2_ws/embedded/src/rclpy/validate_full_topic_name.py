"""Validation of fully expanded topic and service names."""

from rclpy._names import check_full_topic_name


def validate_full_topic_name(name: str, *, is_service: bool = False) -> bool:
    """Return True for a valid absolute name, else raise.

    Raises:
        InvalidTopicNameException: The name is invalid.
        InvalidServiceNameException: The name is invalid and ``is_service`` is set.
    """
    check_full_topic_name(name, is_service=is_service)
    return True
