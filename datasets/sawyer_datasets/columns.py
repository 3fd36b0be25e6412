"""Turning the messages of one topic into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype
from rosbags.serde import SerdeError
from rosbags.typesys.base import normalize_fieldname
from rosbags.typesys.store import Typestore

from sawyer_core.errors import RecordingError
from sawyer_datasets.definitions import full_name, typestore_for

Array = NDArray[Any]

_DTYPES: Final = {
    "bool": np.bool_,
    "byte": np.uint8,
    "char": np.uint8,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "float32": np.float32,
    "float64": np.float64,
}
_TIMES: Final = ("builtin_interfaces/msg/Time", "builtin_interfaces/msg/Duration")


def decode(
    topic: str, msgtype: str, definition: str, payloads: Sequence[memoryview]
) -> dict[str, Array]:
    """Return the fields of all messages as arrays whose first axis is the message.

    Nested fields have dotted names (`wrench.force.x`), entries of nested message lists an index
    (`points.0.positions`); times and durations become `int64` nanoseconds. A field whose length
    varies between messages is an object array of arrays.

    Raises:
        RecordingError: A payload does not fit the definition.
    """
    name = full_name(msgtype)
    store = typestore_for(name, definition)
    messages: list[object] = []
    for index, payload in enumerate(payloads):
        try:
            messages.append(store.deserialize_cdr(payload, name))
        except SerdeError as error:
            raise RecordingError(f"{topic}, message {index}: {error}") from error
    columns: dict[str, Array] = {}
    _gather(messages, name, "", store, columns)
    for array in columns.values():
        array.flags.writeable = False
    return columns


def _gather(
    messages: Sequence[object], typename: str, prefix: str, store: Typestore, out: dict[str, Array]
) -> None:
    if typename in _TIMES:
        stamps = [m.sec * 1_000_000_000 + m.nanosec for m in messages]  # type: ignore[attr-defined]
        out[prefix.rstrip(".")] = np.array(stamps, dtype=np.int64)
        return
    for field_name, description in store.fielddefs[typename][1]:
        attribute = normalize_fieldname(field_name)
        values = [getattr(message, attribute) for message in messages]
        kind, detail = description
        key = prefix + field_name
        if kind == Nodetype.NAME:
            _gather(values, str(detail), f"{key}.", store, out)
        elif kind == Nodetype.BASE:
            out[key] = _scalars(values, str(detail[0]))
        else:
            element_kind, element = cast("tuple[Any, Any]", detail[0])
            if element_kind == Nodetype.NAME:
                _gather_lists(values, str(element), key, store, out)
            else:
                out[key] = _arrays(values, str(element[0]))


def _gather_lists(
    values: Sequence[Sequence[object]], typename: str, key: str, store: Typestore, out: Any
) -> None:
    """Spread lists of messages over indexed columns if all have the same length."""
    lengths = {len(value) for value in values}
    if len(lengths) > 1:
        out[key] = _objects(values)
        return
    for index in range(lengths.pop() if lengths else 0):
        _gather([value[index] for value in values], typename, f"{key}.{index}.", store, out)


def _scalars(values: Sequence[Any], base: str) -> Array:
    if base in _DTYPES:
        return np.array(values, dtype=_DTYPES[base])
    return np.array(values, dtype=np.str_)


def _arrays(values: Sequence[Any], base: str) -> Array:
    if len({len(value) for value in values}) > 1:
        return _objects([np.asarray(value) for value in values])
    if base in _DTYPES:
        if not values:
            return np.empty((0, 0), dtype=_DTYPES[base])
        return np.stack([np.asarray(value, dtype=_DTYPES[base]) for value in values])
    return np.array([list(value) for value in values], dtype=np.str_)


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array
