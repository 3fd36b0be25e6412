"""ROS parameters declared from a library's frozen dataclass: one source for every number."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from sawyer_core import ConfigError, SawyerError, SettingInfo, describe, from_mapping

T = TypeVar("T")

_TYPES = {
    "bool": Parameter.Type.BOOL,
    "int": Parameter.Type.INTEGER,
    "float": Parameter.Type.DOUBLE,
    "str": Parameter.Type.STRING,
    "bool[]": Parameter.Type.BOOL_ARRAY,
    "int[]": Parameter.Type.INTEGER_ARRAY,
    "float[]": Parameter.Type.DOUBLE_ARRAY,
    "str[]": Parameter.Type.STRING_ARRAY,
}


def _descriptor(info: SettingInfo) -> ParameterDescriptor:
    source = f" Source: {info.source}." if info.source else ""
    unit = f" [{info.unit}]" if info.unit else ""
    descriptor = ParameterDescriptor(
        name=info.name,
        type=_TYPES[info.kind].value,
        description=f"{info.doc}{unit}.{source}",
        additional_constraints=info.allowed(),
        read_only=info.read_only,
    )
    if info.bounds is not None and info.kind == "float":
        low, high = info.bounds
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
    elif info.bounds is not None and info.kind == "int":
        low, high = info.bounds
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    return descriptor


def _plain(value: Any) -> Any:
    if isinstance(value, (str, bool, int, float)):
        return value
    return tuple(value)


class ConfigParameters(Generic[T]):
    """The parameters of one config class on one node.

    The on-set callback only validates and marks a change; :meth:`refresh`, called between two
    steps, re-reads the declared values and rebuilds the config.

    Raises:
        ConfigError: a required parameter is not set, or a value is not allowed.
    """

    def __init__(self, node: Node, cls: type[T], prefix: str = "") -> None:
        self._node = node
        self._cls = cls
        self._prefix = f"{prefix}." if prefix else ""
        self._infos = {info.name: info for info in describe(cls, self._prefix)}
        for info in self._infos.values():
            self._declare(info)
        self._changed = False
        self.config: T = self._build({})
        node.add_on_set_parameters_callback(self._on_set)

    def _declare(self, info: SettingInfo) -> None:
        default: Any = info.default
        if info.required:
            default = _TYPES[info.kind]
        elif info.kind.endswith("[]"):
            default = list(default)
        try:
            self._node.declare_parameter(info.name, default, _descriptor(info))
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ConfigError(info.name, str(error), info.allowed()) from error

    def _build(self, changes: dict[str, Any]) -> T:
        values: dict[str, Any] = {}
        for name, info in self._infos.items():
            if name in changes:
                values[name] = changes[name]
                continue
            try:
                value = self._node.get_parameter(name).value
            except ParameterUninitializedException:
                value = None
            if value is None:
                raise ConfigError(name, None, f"{info.allowed()} (required)")
            values[name] = _plain(value)
        trimmed = {name[len(self._prefix) :]: value for name, value in values.items()}
        return from_mapping(self._cls, trimmed)

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        changes = {
            parameter.name: _plain(parameter.value)
            for parameter in parameters
            if parameter.name in self._infos and parameter.value is not None
        }
        if changes:
            try:
                self._build(changes)
            except SawyerError as error:
                return SetParametersResult(successful=False, reason=str(error))
            self._changed = True
        return SetParametersResult(successful=True)

    def refresh(self) -> bool:
        """Adopt pending changes; True if there were any."""
        if not self._changed:
            return False
        self._changed = False
        self.config = self._build({})
        return True
