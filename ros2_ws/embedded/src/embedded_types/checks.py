"""Defaults and cheap assignment checks of message fields.

As in genuine rclpy a wrong assignment raises AssertionError that names field and type.
Sequences of numbers become ``array.array``, fixed arrays of numbers ``numpy.ndarray``.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence, Set
from math import isinf
from typing import Any

from .definitions import INTEGER_RANGES, Field

TYPECODES = {
    "float32": "f", "float64": "d", "int8": "b", "uint8": "B", "char": "B", "int16": "h",
    "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q",
}  # fmt: skip
NUMPY_TYPES = {
    "float32": "float32", "float64": "float64", "int8": "int8", "uint8": "uint8",
    "char": "uint8", "int16": "int16", "uint16": "uint16", "int32": "int32",
    "uint32": "uint32", "int64": "int64", "uint64": "uint64",
}  # fmt: skip
_ZERO: dict[str, Any] = {"bool": False, "byte": b"\0", "string": "", "wstring": ""}
_FLOAT32_MAX = 3.402823466e38

Check = Callable[[Any], Any]
"""Takes the value to assign, returns the value to keep, raises AssertionError."""


def zero_value(base: str) -> Any:
    """Return the zero of a primitive type."""
    if base in ("float32", "float64"):
        return 0.0
    return _ZERO.get(base, 0)


def default_factory(
    field: Field, element_class: type | None
) -> tuple[Any, Callable[[], Any] | None]:
    """Return ``(immutable default, None)`` or ``(None, factory)``."""
    kind = field.type
    if not kind.is_array:
        if element_class is not None:
            return None, element_class
        value = zero_value(kind.base) if field.default is None else field.default
        return value, None
    if element_class is not None:
        if kind.is_fixed:
            size = kind.size
            return None, lambda: [element_class() for _ in range(size)]
        return None, list
    code = TYPECODES.get(kind.base)
    if field.default is not None:
        values = field.default
    elif kind.is_fixed:
        values = (zero_value(kind.base),) * kind.size
    else:
        values = ()
    if code is None:
        return None, lambda: list(values)
    if kind.is_fixed:
        return None, _numpy_factory(NUMPY_TYPES[kind.base], values)
    return None, lambda: array(code, values)


def _numpy_factory(dtype: str, values: Sequence[Any]) -> Callable[[], Any]:
    def make() -> Any:
        import numpy as np

        return np.array(values, dtype=dtype)

    return make


def make_check(owner: str, field: Field, element_class: type | None) -> Check:
    """Return the assignment check of one field."""
    kind = field.type
    label = f"The {field.name!r} field of {owner}"
    if kind.is_array:
        return _array_check(label, field, element_class)
    if element_class is not None:
        return _instance_check(label, element_class)
    return _scalar_check(label, kind.base, kind.string_bound)


def _instance_check(label: str, wanted: type) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, wanted):
            raise AssertionError(
                f"{label} must be a {wanted.__name__}, not {type(value).__name__} ({value!r})"
            )
        return value

    return check


def _scalar_check(label: str, base: str, string_bound: int) -> Check:
    if base in INTEGER_RANGES:
        return _integer_check(label, base)
    if base in ("string", "wstring"):
        return _string_check(label, string_bound)
    if base == "byte":
        return _byte_check(label)
    if base == "bool":
        return _instance_check(label, bool)
    is_single = base == "float32"

    def check_float(value: Any) -> Any:
        if not isinstance(value, float):
            raise AssertionError(
                f"{label} must be a float, not {type(value).__name__} ({value!r})"
            )
        if is_single and abs(value) > _FLOAT32_MAX and not isinf(value):
            raise AssertionError(f"{label} must fit a float32, {value!r} does not")
        return value

    return check_float


def _integer_check(label: str, base: str) -> Check:
    low, high = INTEGER_RANGES[base]

    def check(value: Any) -> Any:
        if not isinstance(value, int):
            raise AssertionError(f"{label} must be an int, not {type(value).__name__} ({value!r})")
        if not low <= value <= high:
            raise AssertionError(f"{label} must be within {low}..{high}, not {value}")
        return value

    return check


def _string_check(label: str, bound: int) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            raise AssertionError(f"{label} must be a str, not {type(value).__name__} ({value!r})")
        if bound and len(value) > bound:
            raise AssertionError(f"{label} holds at most {bound} characters, not {len(value)}")
        return value

    return check


def _byte_check(label: str) -> Check:
    def check(value: Any) -> Any:
        if not isinstance(value, (bytes, bytearray)) or len(value) != 1:
            raise AssertionError(f"{label} must be bytes of length 1, not {value!r}")
        return bytes(value)

    return check


def _array_check(label: str, field: Field, element_class: type | None) -> Check:
    kind = field.type
    code = TYPECODES.get(kind.base)
    if code is not None:
        if kind.is_fixed:
            return _numpy_check(label, NUMPY_TYPES[kind.base], kind.size)
        return _number_sequence_check(label, code, kind.size)
    if element_class is not None:
        element = _instance_check(f"each element of {label[4:]}", element_class)
    else:
        element = _scalar_check(f"each element of {label[4:]}", kind.base, kind.string_bound)

    def check(value: Any) -> Any:
        _check_collection(label, value)
        values = [element(entry) for entry in value]
        _check_size(label, len(values), kind.size, kind.is_fixed)
        return value if isinstance(value, list) else values

    return check


def _check_collection(label: str, value: Any) -> None:
    if isinstance(value, str) or not (
        isinstance(value, (Sequence, Set)) or hasattr(value, "__array__")
    ):
        raise AssertionError(
            f"{label} must be a sequence or set, not {type(value).__name__} ({value!r})"
        )


def _check_size(label: str, count: int, size: int, is_fixed: bool) -> None:
    if is_fixed and count != size:
        raise AssertionError(f"{label} must have {size} elements, not {count}")
    if size and count > size:
        raise AssertionError(f"{label} holds at most {size} elements, not {count}")


def _numpy_check(label: str, dtype: str, size: int) -> Check:
    def check(value: Any) -> Any:
        import numpy as np

        if isinstance(value, np.ndarray):
            if value.dtype != np.dtype(dtype):
                raise AssertionError(f"{label} must have dtype {dtype}, not {value.dtype}")
            result = value
        else:
            _check_collection(label, value)
            _reject_floats(label, dtype[0] == "f", value)
            result = np.array(list(value), dtype=dtype)
        _check_size(label, result.size, size, True)
        return result

    return check


def _number_sequence_check(label: str, code: str, bound: int) -> Check:
    is_bytes = code == "B"

    def check(value: Any) -> Any:
        if isinstance(value, array) and value.typecode == code:
            result = value
        elif is_bytes and isinstance(value, (bytes, bytearray, memoryview)):
            result = array(code)
            result.frombytes(value)
        else:
            result = _convert_sequence(label, code, value)
        if bound:
            _check_size(label, len(result), bound, False)
        return result

    return check


def _convert_sequence(label: str, code: str, value: Any) -> array[Any]:
    _check_collection(label, value)
    if hasattr(value, "dtype") and value.dtype.char == code and value.ndim == 1:
        result: array[Any] = array(code)
        result.frombytes(value.tobytes())
        return result
    values = value.tolist() if hasattr(value, "tolist") else list(value)
    if isinstance(value, array) and value.typecode != code:
        raise AssertionError(f"{label} must be an array of {code!r}, not {value.typecode!r}")
    _reject_floats(label, code in "fd", values)
    try:
        return array(code, values)
    except (TypeError, OverflowError, ValueError) as err:
        raise AssertionError(f"{label} does not take {value!r}: {err}") from err


def _reject_floats(label: str, wants_float: bool, values: Iterable[Any]) -> None:
    if wants_float:
        if not all(isinstance(entry, float) for entry in values):
            raise AssertionError(f"{label} takes floats only, not {values!r}")
    elif not all(isinstance(entry, int) for entry in values):
        raise AssertionError(f"{label} takes ints only, not {values!r}")
