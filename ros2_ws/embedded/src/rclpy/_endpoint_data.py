"""USER_DATA of endpoints: type hash, client and service ids."""

from __future__ import annotations

import itertools
from functools import lru_cache

from embedded_types.typehash import type_hash

_counter = itertools.count(1)


@lru_cache(maxsize=512)
def hash_entry(type_name: str) -> bytes:
    """Return the ``typehash=`` entry of one message type."""
    return f"typehash={type_hash(type_name)};".encode()


def new_id(participant_guid: bytes) -> str:
    """Return an id for one client or service: guid prefix and counter, hex with dots."""
    data = participant_guid[:12] + next(_counter).to_bytes(4, "big")
    return ".".join(f"{byte:02x}" for byte in data)


def parse(data: bytes) -> dict[str, str]:
    """Return the ``key=value;`` pairs of a USER_DATA."""
    pairs = {}
    for entry in data.decode("utf-8", "replace").split(";"):
        key, found, value = entry.partition("=")
        if found:
            pairs[key] = value
    return pairs
