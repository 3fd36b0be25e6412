"""Validation of topic and service names as users write them."""

from rclpy._names import check_topic_name

TOPIC_SEPARATOR_CHARACTER = "/"


def validate_topic_name(name: str, *, is_service: bool = False) -> bool:
    """Return True for a valid relative, private or absolute name, else raise.

    Raises:
        InvalidTopicNameException: The name is invalid.
        InvalidServiceNameException: The name is invalid and ``is_service`` is set.
    """
    check_topic_name(name, is_service=is_service)
    return True
