"""Messages as bytes: msgpack with arrays of explicit type and shape, never pickle.

An array is an extension value: a small msgpack header ``[dtype, shape]`` and the raw elements,
little-endian, in C order. Only numbers and booleans can be sent.

>>> import numpy as np
>>> unpack(pack({"step": 3, "force": np.array([0.0, 0.0, 5.0])}))["force"].tolist()
[0.0, 0.0, 5.0]
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgpack
import numpy as np
import numpy.typing as npt

from sawyer_policy_client.errors import ProtocolError

PROTOCOL_VERSION = 1
MAX_MESSAGE_BYTES = 1024 * 1024
ARRAY_CODE = 1
DTYPES = (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64",
    "float16", "float32", "float64",
)  # fmt: skip


def pack(message: Mapping[str, Any]) -> bytes:
    """A message as bytes.

    Raises:
        ProtocolError: something in it cannot be sent.
    """
    try:
        data: bytes = msgpack.packb(message, default=_encode, use_bin_type=True)
    except (TypeError, ValueError, OverflowError) as error:
        raise ProtocolError(f"this cannot be sent: {error}") from error
    return data


def unpack(data: bytes | str) -> dict[str, Any]:
    """The message out of bytes; its arrays are read-only.

    Raises:
        ProtocolError: the bytes are no message.
    """
    if isinstance(data, str):
        raise ProtocolError("a text message, expected: msgpack in a binary one")
    try:
        message = msgpack.unpackb(data, ext_hook=_decode, raw=False, strict_map_key=True)
    except ProtocolError:
        raise
    except Exception as error:  # msgpack raises many kinds, all of them mean the same
        raise ProtocolError(f"not a message: {error}") from error
    if not isinstance(message, dict):
        raise ProtocolError(f"a message is a map, not {type(message).__name__}")
    return message


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{type(value).__name__} is neither plain nor an array")
    if value.dtype.name not in DTYPES:
        raise TypeError(f"an array of {value.dtype} ({', '.join(DTYPES)} can be sent)")
    little = value.astype(value.dtype.newbyteorder("<"), order="C", copy=False)
    header = msgpack.packb([value.dtype.name, list(value.shape)])
    return msgpack.ExtType(ARRAY_CODE, header + little.tobytes())


def _decode(code: int, data: bytes) -> npt.NDArray[Any]:
    if code != ARRAY_CODE:
        raise ProtocolError(f"extension {code} is not known")
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    try:
        name, shape = unpacker.unpack()
    except (msgpack.OutOfData, TypeError, ValueError) as error:
        raise ProtocolError(f"an array without its type and shape: {error}") from error
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if name not in DTYPES or not whole:
        raise ProtocolError(f"an array of type {name!r} and shape {shape!r}")
    dtype = np.dtype(name).newbyteorder("<")
    body = data[unpacker.tell() :]
    if len(body) != math.prod(shape) * dtype.itemsize:
        raise ProtocolError(f"{len(body)} bytes for an array of {name} and shape {shape}")
    array = np.frombuffer(body, dtype=dtype).reshape(shape)
    native: npt.NDArray[Any] = array.astype(np.dtype(name), copy=False)
    return native
