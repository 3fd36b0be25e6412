"""Hidden topics and services."""

HIDDEN_TOPIC_PREFIX = "_"


def topic_or_service_is_hidden(name: str) -> bool:
    """Say whether a topic or service is hidden: one of its tokens begins with ``_``."""
    return any(token.startswith(HIDDEN_TOPIC_PREFIX) for token in name.split("/"))
