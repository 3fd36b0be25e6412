"""Checks of a parameter against its descriptor."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from rclpy.parameter import Parameter

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor

_RELATIVE_TOLERANCE = 1e-9  # ours: steps of a range are met up to rounding
_STEP_TOLERANCE = 1e-6  # ours: in multiples of the step


def own_descriptor(name: str, descriptor: ParameterDescriptor | None) -> ParameterDescriptor:
    """Copy a descriptor (or make an empty one) and give it the parameter's name."""
    from rcl_interfaces.msg import ParameterDescriptor

    own = ParameterDescriptor() if descriptor is None else copy.copy(descriptor)
    own.name = name
    return own


def typed_parameter(name: str, value: Any, descriptor: ParameterDescriptor) -> Parameter:
    """Make a parameter; an empty sequence takes the descriptor's array type."""
    array_types = range(Parameter.Type.BYTE_ARRAY.value, Parameter.Type.STRING_ARRAY.value + 1)
    if isinstance(value, (list, tuple)) and not value and descriptor.type in array_types:
        return Parameter(name, Parameter.Type(descriptor.type), value)
    return Parameter(name, value=value)


def type_problem(parameter: Parameter, descriptor: ParameterDescriptor) -> str | None:
    """Say why the type is refused, or None."""
    if descriptor.dynamic_typing or descriptor.type == parameter.type_.value:
        return None
    expected = Parameter.Type(descriptor.type)
    return (
        f"Wrong parameter type, parameter {{{parameter.name}}} is of type {expected}, "
        f"setting it to {parameter.type_} is not allowed"
    )


def range_problem(parameter: Parameter, descriptor: ParameterDescriptor) -> str | None:
    """Say why a value lies outside the descriptor's range, or None."""
    if parameter.type_ is Parameter.Type.INTEGER and len(descriptor.integer_range):
        limits = descriptor.integer_range[0]
        if _integer_in_range(parameter.value, limits):
            return None
        kind = "integer"
    elif parameter.type_ is Parameter.Type.DOUBLE and len(descriptor.floating_point_range):
        limits = descriptor.floating_point_range[0]
        if _double_in_range(parameter.value, limits):
            return None
        kind = "floating point"
    else:
        return None
    step = f" in steps of {limits.step}" if limits.step else ""
    return (
        f"Parameter {parameter.name} doesn't comply with {kind} range: {parameter.value} is "
        f"not within {limits.from_value} to {limits.to_value}{step}."
    )


def _integer_in_range(value: int, limits: Any) -> bool:
    if value == limits.to_value or value == limits.from_value:
        return True
    if not limits.from_value < value < limits.to_value:
        return False
    return limits.step == 0 or (value - limits.from_value) % limits.step == 0


def _double_in_range(value: float, limits: Any) -> bool:
    low, high, step = limits.from_value, limits.to_value, limits.step
    for bound in (low, high):
        if math.isclose(value, bound, rel_tol=_RELATIVE_TOLERANCE):
            return True
    if not low < value < high:  # NaN ends here
        return False
    if step == 0.0:
        return True
    steps = (value - low) / step
    return abs(steps - round(steps)) <= _STEP_TOLERANCE
