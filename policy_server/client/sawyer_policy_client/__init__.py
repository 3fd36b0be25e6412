"""Client of a Sawyer policy server: numpy, msgpack and websockets, nothing else."""

from sawyer_policy_client.client import ClientConfig, PolicyClient
from sawyer_policy_client.errors import (
    Code,
    PolicyClientError,
    ProtocolError,
    RefusedError,
    UnreachableError,
)
from sawyer_policy_client.messages import (
    Action,
    ArrayDescription,
    PolicyDescription,
    ServerInfo,
)
from sawyer_policy_client.wire import MAX_MESSAGE_BYTES, PROTOCOL_VERSION, pack, unpack

__all__ = [
    "MAX_MESSAGE_BYTES",
    "PROTOCOL_VERSION",
    "Action",
    "ArrayDescription",
    "ClientConfig",
    "Code",
    "PolicyClient",
    "PolicyClientError",
    "PolicyDescription",
    "ProtocolError",
    "RefusedError",
    "ServerInfo",
    "UnreachableError",
    "pack",
    "unpack",
]
