"""Compile one serialiser and one deserialiser per message type (CDR, XCDR1, little endian).

The generated functions work on the private slots of the message classes. Runs of
fixed-size fields become one ``struct`` call; nested messages are inlined. ``encode``
returns the sample with its four byte header; ``decode`` takes the same as bytes or
memoryview. Large trailing number sequences can be handed out unconverted (``encode_parts``)
so that an image is copied once, into the buffer of the middleware.
"""

from __future__ import annotations

import struct
import threading
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

from .checks import NUMPY_TYPES, TYPECODES
from .classes import get_class
from .codegen_decode import DecoderSource
from .codegen_encode import EncoderSource
from .registry import get_definition


class CodecError(ValueError):
    """A sample that does not fit its type."""


class Codec(NamedTuple):
    """Compiled functions of one message type."""

    encode: Callable[[Any], bytearray]
    """Message to a padded CDR sample with header."""
    encode_parts: Callable[[Any], tuple[bytearray, Any]] | None
    """Message to ``(head, tail buffer)`` where the last field is a number sequence."""
    tail: str | None
    """Slot of that last field."""
    decode: Callable[[Any], Any]
    """CDR sample with header to message; raises CodecError, struct.error or ValueError."""


_codecs: dict[str, Codec] = {}
_lock = threading.Lock()


def get_codec(full_name: str) -> Codec:
    """Return the codec of ``package/kind/Name``, compiled on first use."""
    found = _codecs.get(full_name)
    if found is None:
        with _lock:
            found = _codecs.get(full_name)
            if found is None:
                found = _codecs[full_name] = _compile(full_name)
    return found


def serialize_message(message: Any) -> bytes:
    """Return the CDR sample of a message."""
    return bytes(get_codec(message._TYPE_NAME).encode(message))


def deserialize_message(data: Any, message_type: Any) -> Any:
    """Return the message in a CDR sample."""
    try:
        return get_codec(message_type._TYPE_NAME).decode(data)
    except (struct.error, IndexError, ValueError) as err:
        raise CodecError(f"not a {message_type._TYPE_NAME}: {err}") from err


def _compile(full_name: str) -> Codec:
    definition = get_definition(full_name)
    encoder = EncoderSource(definition)
    decoder = DecoderSource(definition)
    namespace: dict[str, Any] = {
        "array": array,
        "TYPECODES": TYPECODES,
        "NUMPY_TYPES": NUMPY_TYPES,
        "CodecError": CodecError,
        "swapped": _swapped_header,
        "PAD4": (b"", b"\0\0\0", b"\0\0", b"\0"),
        # positions count the 4 byte header, alignment does not: (length + 4) % 8
        "PAD8": tuple(bytes((4 - n) % 8) for n in range(8)),
    }
    source = encoder.source() + decoder.source()
    for name, layout in {**encoder.structs, **decoder.structs}.items():
        compiled = struct.Struct(layout)
        namespace[f"pack_{name}"] = compiled.pack
        namespace[f"unpack_{name}"] = compiled.unpack_from
    for name, type_name in decoder.classes.items():
        cls = get_class(type_name)
        namespace[name] = cls
        namespace[f"new_{name}"] = cls.__new__
    if decoder.needs_numpy:
        import numpy as np

        namespace["frombuffer"] = np.frombuffer
    exec(compile(source, f"<codec of {full_name}>", "exec"), namespace)
    parts = namespace.get("encode_parts")
    tail = None if parts is None else f"_{definition.fields[-1].name}"
    return Codec(namespace["encode"], parts, tail, namespace["decode"])


def _swapped_header(data: Any) -> str:
    return f"encapsulation {bytes(data[:4]).hex()} is not little endian CDR"
