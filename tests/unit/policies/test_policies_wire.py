"""Messages survive the wire, and nothing that is no message gets through."""

import subprocess
import sys
from typing import Any

import hypothesis.extra.numpy as hnp
import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sawyer_policy_client import ProtocolError, pack, unpack
from sawyer_policy_client.wire import ARRAY_CODE, DTYPES

ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda name: hnp.arrays(
        np.dtype(name), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)
    )
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(array=ARRAYS, name=st.text(min_size=1))
def test_an_array_comes_back_bit_by_bit(array: np.ndarray, name: str) -> None:
    back = unpack(pack({"arrays": {name: array}}))["arrays"][name]
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tobytes() == array.tobytes()  # also NaN with its bits, and -0.0
    assert not back.flags.writeable


@settings(deadline=None)
@given(message=st.dictionaries(st.text(), PLAIN, max_size=5))
def test_plain_values_come_back(message: dict[str, Any]) -> None:
    back = unpack(pack(message))
    np.testing.assert_equal(back, message)


@pytest.mark.parametrize(
    "array",
    [
        np.array(np.nan),
        np.array(3, np.int64),
        np.array([np.nan, -np.inf, -0.0]),
        np.zeros((0, 3), np.float32),
        np.zeros((3, 0)),
        np.arange(12).reshape(3, 4).T,
        np.arange(12.0)[::-2],
        np.arange(3, dtype=">f8"),
        np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3)),
    ],
)
def test_unusual_arrays_come_back(array: np.ndarray) -> None:
    back = unpack(pack({"a": array}))["a"]
    np.testing.assert_array_equal(back, array)
    assert back.shape == array.shape
    assert back.dtype == array.dtype.newbyteorder("=")


def test_numpy_scalars_are_arrays_without_axes() -> None:
    assert unpack(pack({"a": np.float32(1.5)}))["a"].shape == ()


@pytest.mark.parametrize(
    "value",
    [
        np.array(["text"]),
        np.array([object()]),
        np.array([1 + 2j]),
        np.array(["2026-01-01"], "datetime64[D]"),
        np.zeros(2, [("x", "f4")]),
        object(),
        {1, 2},
        2**64,
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_refused(value: Any) -> None:
    with pytest.raises(ProtocolError, match="cannot be sent"):
        pack({"a": value})


def extension(*header: Any, body: bytes = b"") -> bytes:
    data: bytes = msgpack.packb(
        {"a": msgpack.ExtType(ARRAY_CODE, msgpack.packb(list(header)) + body)}
    )
    return data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not a message"),
        (b"\x01", "a message is a map"),
        (pack({"a": 1})[:-1], "not a message"),
        (pack({"a": 1}) + b"\x01", "not a message"),
        (pack({"a": np.arange(4.0)})[:-1], "not a message"),
        ("text", "text message"),
        (extension("float64", [2], body=b"\0" * 15), "15 bytes for an array of float64"),
        (extension("float64", [-1]), "shape"),
        (extension("float64", [2.0]), "shape"),
        (extension("float64", True), "shape"),
        (extension("object", [1], body=b"\0" * 8), "type 'object'"),
        (extension("O", [1], body=b"\0" * 8), "type 'O'"),
        (extension("float64"), "without its type and shape"),
        (extension("float64", [2**40, 2**40]), "0 bytes"),
        (msgpack.packb({"a": msgpack.ExtType(5, b"")}), "extension 5"),
        (msgpack.packb({"a": msgpack.ExtType(ARRAY_CODE, b"")}), "without its type"),
        (msgpack.packb({1: 2}), "not a message"),
    ],
)
def test_bytes_that_are_no_message_are_refused(data: Any, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        unpack(data)


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_a_map_or_refused(data: bytes) -> None:
    try:
        assert isinstance(unpack(data), dict)
    except ProtocolError:
        pass


def test_the_client_loads_nothing_of_the_stack() -> None:
    code = (
        "import sys, sawyer_policy_client\n"
        "ours = {m.split('.')[0] for m in sys.modules if m.startswith('sawyer_')}\n"
        "heavy = {'torch', 'rclpy', 'scipy', 'pybullet'} & set(sys.modules)\n"
        "print(ours - {'sawyer_policy_client'} | heavy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"
