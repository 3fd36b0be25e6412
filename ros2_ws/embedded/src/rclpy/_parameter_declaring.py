"""Reading the arguments of a parameter declaration."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from rclpy._parameter_checks import own_descriptor
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter
from rclpy.validate_parameter_name import validate_parameter_name

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor

_NAME_ONLY_WARNING = (
    "when declaring parameter named '{}', declaring a parameter only providing its name is "
    "deprecated. You have to either:\n"
    "\t- Pass a name and a default value different to 'PARAMETER NOT SET'"
    " (and optionally a descriptor).\n"
    "\t- Pass a name and a parameter type.\n"
    "\t- Pass a name and a descriptor with `dynamic_typing=True`\n"
)


def read_entry(
    namespace: str, entry: tuple[Any, ...]
) -> tuple[str, Any, ParameterDescriptor | None]:
    """Split one tuple of ``declare_parameters`` into its parts."""
    if not isinstance(entry, (tuple, list)) or not 1 <= len(entry) <= 3:
        raise TypeError(
            "a parameter to declare is a tuple (name), (name, value) or "
            f"(name, value, descriptor), not {entry!r}"
        )
    name = entry[0]
    if not isinstance(name, str):
        raise TypeError(f"First element {name!r} of the parameter tuple is not a str")
    if namespace:
        name = f"{namespace}{PARAMETER_SEPARATOR_STRING}{name}"
    validate_parameter_name(name)
    value = entry[1] if len(entry) > 1 else None
    descriptor = entry[2] if len(entry) > 2 else None
    if descriptor is not None and not hasattr(descriptor, "dynamic_typing"):
        raise TypeError(
            f"Third element {descriptor!r} of the parameter tuple '{name}' is not a "
            "ParameterDescriptor"
        )
    if value is None and descriptor is None:
        warnings.warn(_NAME_ONLY_WARNING.format(name), stacklevel=4)
        descriptor = own_descriptor(name, None)
        descriptor.dynamic_typing = True
    return name, value, descriptor


def read_value(
    name: str, value: Any, descriptor: ParameterDescriptor | None
) -> tuple[Any, ParameterDescriptor]:
    """Find default value and own descriptor of a declaration."""
    own = own_descriptor(name, descriptor)
    if isinstance(value, Parameter.Type):
        if value is Parameter.Type.NOT_SET:
            raise ValueError(f"Cannot declare parameter '{name}' as statically typed NOT_SET")
        if own.dynamic_typing:
            raise ValueError(
                f"When declaring parameter '{name}' with a type, its descriptor must not have "
                "dynamic_typing set"
            )
        own.type = value.value
        return None, own
    if value is None:
        if own.type == Parameter.Type.NOT_SET.value:
            own.dynamic_typing = True
        return None, own
    if not own.dynamic_typing:
        own.type = Parameter.Type.from_parameter_value(value).value
    return value, own
