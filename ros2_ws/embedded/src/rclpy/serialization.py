"""Messages to bytes and back."""

from __future__ import annotations

from typing import Any

from embedded_types import codec


def serialize_message(message: Any) -> bytes:
    """Return the CDR sample of a message."""
    return codec.serialize_message(message)


def deserialize_message(serialized_message: bytes, message_type: Any) -> Any:
    """Return the message in a CDR sample."""
    return codec.deserialize_message(serialized_message, message_type)
