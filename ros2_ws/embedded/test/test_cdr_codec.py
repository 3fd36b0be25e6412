"""The serialisers, held against those of rosbags."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from embedded_types.classes import get_class
from embedded_types.codec import CodecError, deserialize_message, get_codec
from embedded_types.definitions import INTEGER_RANGES, PLACEHOLDER, FieldType
from embedded_types.registry import get_definition, list_names
from embedded_types.typehash import type_hash

STORE = get_typestore(Stores.ROS2_JAZZY)
PACKAGES = (
    "action_msgs", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs",
    "rcl_interfaces", "rosgraph_msgs", "sensor_msgs", "std_msgs", "tf2_msgs", "trajectory_msgs",
    "unique_identifier_msgs",
)  # fmt: skip
NAMES = [f"{package}/msg/{name}" for package in PACKAGES for name in list_names(package, "msg")]


def random_primitive(rng: random.Random, base: str) -> Any:
    if base in INTEGER_RANGES:
        return rng.randint(*INTEGER_RANGES[base])
    if base == "bool":
        return rng.random() < 0.5
    if base == "byte":
        return bytes([rng.randrange(256)])
    if base == "float32":
        return float(np.float32(rng.random()))
    if base == "float64":
        return rng.random()
    return "".join(rng.choice("abcäß€x") for _ in range(rng.randrange(9)))


def random_message(rng: random.Random, name: str) -> Any:
    message = get_class(name)()
    for field in get_definition(name).fields:
        if field.name == PLACEHOLDER:
            continue
        kind = field.type
        count = 1
        if kind.is_array:
            count = kind.size if kind.is_fixed else rng.randrange(0, min(4, kind.size or 4))
        if kind.is_primitive:
            values = [random_primitive(rng, kind.base) for _ in range(count)]
        else:
            values = [random_message(rng, kind.base) for _ in range(count)]
        setattr(message, field.name, values if kind.is_array else values[0])
    return message


def to_rosbags(message: Any) -> Any:
    name = message._TYPE_NAME
    values: dict[str, Any] = {}
    for field in get_definition(name).fields:
        if field.name == PLACEHOLDER:
            values[field.name] = 0
        else:
            values[field.name] = _convert(getattr(message, field.name), field.type)
    return STORE.types[name](**values)


def _convert(value: Any, kind: FieldType) -> Any:
    if not kind.is_primitive:
        return [to_rosbags(entry) for entry in value] if kind.is_array else to_rosbags(value)
    if kind.base == "byte":
        if kind.is_array:
            return np.array([entry[0] for entry in value], np.uint8)
        return int.from_bytes(value, "little", signed=True)
    if kind.is_array and kind.base != "string":
        return np.array(value, dtype={"char": "uint8"}.get(kind.base, kind.base))
    return value


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_as_rosbags(name: str) -> None:
    rng = random.Random(name)
    codec = get_codec(name)
    for _ in range(10):
        message = random_message(rng, name)
        sample = bytes(codec.encode(message))
        expected = bytes(STORE.serialize_cdr(to_rosbags(message), name))
        assert sample == expected + bytes(-len(expected) % 4)
        assert codec.decode(sample) == message
        assert codec.decode(memoryview(sample)) == message
        if codec.encode_parts is not None:
            head, tail = codec.encode_parts(message)
            joined = bytes(head) + tail.tobytes()
            assert sample.startswith(joined) or not len(tail)


@pytest.mark.parametrize("name", NAMES)
def test_same_type_hash_as_rosbags(name: str) -> None:
    assert type_hash(name) == STORE.hash_rihs01(name)


def test_large_data_is_not_converted_per_element() -> None:
    codec = get_codec("sensor_msgs/msg/Image")
    data = bytes(range(256)) * 4000
    message = get_class("sensor_msgs/msg/Image")(data=data, encoding="rgb8")
    assert codec.encode_parts is not None
    head, tail = codec.encode_parts(message)
    assert tail is message.data
    assert len(head) < 64
    assert codec.decode(bytes(codec.encode(message))).data.tobytes() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\1",
        b"\0\0\0\0\0\0\0\1",  # big endian
        b"\0\1\0\0\5\0\0\0ab\0",  # cut short
        b"\0\1\0\0\xff\xff\xff\x7fab\0\0",
        b"\0\1\0\0\3\0\0\0\xff\xfe\0\0",  # not UTF-8
    ],
)
def test_malformed_sample_is_refused(data: bytes) -> None:
    with pytest.raises(CodecError, match="std_msgs/msg/String"):
        deserialize_message(data, get_class("std_msgs/msg/String"))


def test_hostile_count_allocates_nothing() -> None:
    data = b"\0\1\0\0\xff\xff\xff\x7f" + bytes(8)
    for name in ("tf2_msgs/msg/TFMessage", "std_msgs/msg/ByteMultiArray"):
        with pytest.raises(CodecError):
            deserialize_message(data, get_class(name))
