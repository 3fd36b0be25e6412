"""Parameters: typed values with a name."""

from __future__ import annotations

import array
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rcl_interfaces.msg import Parameter as ParameterMsg
    from rcl_interfaces.msg import ParameterValue

PARAMETER_SEPARATOR_STRING = "."

_VALUE_FIELDS = (
    "",
    "bool_value",
    "integer_value",
    "double_value",
    "string_value",
    "byte_array_value",
    "bool_array_value",
    "integer_array_value",
    "double_array_value",
    "string_array_value",
)
_SEQUENCES = (list, tuple, array.array)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class Parameter:
    """A parameter: name, type and value."""

    class Type(Enum):
        """Type of a parameter; the numbers are those of ``rcl_interfaces``."""

        NOT_SET = 0
        BOOL = 1
        INTEGER = 2
        DOUBLE = 3
        STRING = 4
        BYTE_ARRAY = 5
        BOOL_ARRAY = 6
        INTEGER_ARRAY = 7
        DOUBLE_ARRAY = 8
        STRING_ARRAY = 9

        @classmethod
        def from_parameter_value(cls, parameter_value: Any) -> Parameter.Type:
            """Infer the type of a Python value.

            An empty sequence counts as a byte array, as in the original library.

            Raises:
                TypeError: The value is of no parameter type.
            """
            if parameter_value is None:
                return cls.NOT_SET
            if isinstance(parameter_value, bool):
                return cls.BOOL
            if isinstance(parameter_value, int):
                return cls.INTEGER
            if isinstance(parameter_value, float):
                return cls.DOUBLE
            if isinstance(parameter_value, str):
                return cls.STRING
            if isinstance(parameter_value, _SEQUENCES):
                for type_, accepts in _ELEMENT_CHECKS.items():
                    if all(accepts(element) for element in parameter_value):
                        return cls(type_)
                raise TypeError(
                    "The given value is not a list of one of the allowed types "
                    f"(bytes, bool, int, float, str): '{parameter_value}'."
                )
            raise TypeError(
                f"The given value is not one of the allowed types: '{parameter_value}' "
                f"({type(parameter_value).__name__})."
            )

        def check(self, parameter_value: Any) -> bool:
            """Say whether a Python value is of this type."""
            if self is Parameter.Type.NOT_SET:
                return parameter_value is None
            accepts = _ELEMENT_CHECKS.get(self.value)
            if accepts is not None:
                return isinstance(parameter_value, _SEQUENCES) and all(
                    accepts(element) for element in parameter_value
                )
            if self is Parameter.Type.INTEGER:
                return _is_int(parameter_value)
            return isinstance(parameter_value, _SCALAR_TYPES[self.value])

    def __init__(self, name: str, type_: Parameter.Type | None = None, value: Any = None) -> None:
        """Make a parameter.

        Args:
            name: Name of the parameter.
            type_: Its type; None means inferred from the value.
            value: Its value.

        Raises:
            TypeError: ``type_`` is not a Parameter.Type, or the value is of no parameter type.
            ValueError: The value is not of that type.
        """
        if type_ is None:
            type_ = Parameter.Type.from_parameter_value(value)
        if not isinstance(type_, Parameter.Type):
            raise TypeError(f"type must be an instance of '{Parameter.Type!r}'")
        if not type_.check(value):
            raise ValueError(f"Type '{type_}' and value '{value}' do not agree")
        self._name = name
        self._type_ = type_
        self._value = value

    @property
    def name(self) -> str:
        """Name of the parameter."""
        return self._name

    @property
    def type_(self) -> Parameter.Type:
        """Type of the parameter."""
        return self._type_

    @property
    def value(self) -> Any:
        """Value of the parameter; None when it is not set."""
        return self._value

    def __repr__(self) -> str:
        return f"Parameter(name={self._name!r}, type_={self._type_}, value={self._value!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameter):
            return NotImplemented
        return (self._name, self._type_, self._value) == (
            other._name,
            other._type_,
            other._value,
        )

    __hash__ = object.__hash__

    def get_parameter_value(self) -> ParameterValue:
        """Make the ``rcl_interfaces.msg.ParameterValue``."""
        from rcl_interfaces.msg import ParameterValue

        message = ParameterValue(type=self._type_.value)
        field = _VALUE_FIELDS[self._type_.value]
        if field:
            is_array = self._type_.value >= Parameter.Type.BYTE_ARRAY.value
            setattr(message, field, list(self._value) if is_array else self._value)
        return message

    def to_parameter_msg(self) -> ParameterMsg:
        """Make the ``rcl_interfaces.msg.Parameter``."""
        from rcl_interfaces.msg import Parameter as ParameterMsg

        return ParameterMsg(name=self._name, value=self.get_parameter_value())

    @classmethod
    def from_parameter_msg(cls, param_msg: ParameterMsg) -> Parameter:
        """Make a parameter from a ``rcl_interfaces.msg.Parameter``.

        Raises:
            ValueError: The message has an unknown type number.
        """
        value = parameter_value_to_python(param_msg.value)
        return cls(param_msg.name, Parameter.Type(param_msg.value.type), value)


_SCALAR_TYPES = {1: bool, 3: float, 4: str}
_ELEMENT_CHECKS: dict[int, Any] = {
    5: lambda element: isinstance(element, bytes),
    6: lambda element: isinstance(element, bool),
    7: _is_int,
    8: lambda element: isinstance(element, float),
    9: lambda element: isinstance(element, str),
}


def parameter_value_to_python(parameter_value: ParameterValue) -> Any:
    """Turn a ``rcl_interfaces.msg.ParameterValue`` into a Python value.

    Raises:
        RuntimeError: The message has an unknown type number.
    """
    kind = int(parameter_value.type)
    if kind == 0:
        return None
    if not 0 < kind < len(_VALUE_FIELDS):
        raise RuntimeError(
            f"unexpected parameter type {kind} (allowed: 0 to {len(_VALUE_FIELDS) - 1})"
        )
    value = getattr(parameter_value, _VALUE_FIELDS[kind])
    if kind < Parameter.Type.BYTE_ARRAY.value:
        return value
    if kind == Parameter.Type.BYTE_ARRAY.value:
        return [e if isinstance(e, bytes) else bytes([int(e)]) for e in value]
    return value.tolist() if hasattr(value, "tolist") else list(value)


def get_parameter_value(string_value: str) -> ParameterValue:
    """Guess the type of a value given as text (YAML) and make the message of it."""
    from rclpy._params_yaml import parse_parameter_value
    from rclpy.exceptions import RCLInvalidROSArgsError

    try:
        value = parse_parameter_value(string_value, "value")
    except RCLInvalidROSArgsError:
        value = string_value
    return Parameter("", value=value).get_parameter_value()


def parameter_dict_from_yaml_file(
    parameter_file: str,
    use_wildcard: bool = False,
    target_nodes: list[str] | None = None,
    namespace: str = "",
) -> dict[str, ParameterMsg]:
    """Read a parameter file.

    Args:
        parameter_file: Path of the YAML file.
        use_wildcard: Whether the ``/**`` section counts.
        target_nodes: Fully qualified node names whose sections count; None means all.
        namespace: Prefix for the parameter names.

    Returns:
        Parameter messages by name.

    Raises:
        RuntimeError: A target node is not in the file.
        RCLInvalidROSArgsError: The file is malformed.
    """
    from rclpy._params_yaml import load_parameter_file

    sections = load_parameter_file(parameter_file)
    names = [name for name, _ in sections]
    if target_nodes is None:
        wanted = [name for name in names if name != "/**"]
    else:
        missing = [name for name in target_nodes if name not in names]
        if missing:
            raise RuntimeError(
                f"Param file does not contain parameters for {missing}, only for: {names}"
            )
        wanted = list(target_nodes)
    if use_wildcard and "/**" in names:
        wanted.insert(0, "/**")
    if not wanted:
        raise RuntimeError(
            f"Param file does not contain selected parameters, only sections for: {names}"
        )
    merged: dict[str, Any] = {}
    for node in wanted:
        for name, parameters in sections:
            if name == node:
                merged.update(parameters)
    prefix = namespace + PARAMETER_SEPARATOR_STRING if namespace else ""
    return {
        prefix + name: Parameter(prefix + name, value=value).to_parameter_msg()
        for name, value in merged.items()
    }
