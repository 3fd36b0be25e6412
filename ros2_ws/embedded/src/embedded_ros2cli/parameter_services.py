"""Calls of a node's parameter services."""

from __future__ import annotations

import importlib
from typing import Any

from embedded_ros2cli.errors import CliError
from embedded_ros2cli.node_context import spin_future

TIMEOUT_S = 10.0  # ours: longest wait for a parameter service, and again for its answer

_TITLES = {
    1: "Boolean value is: ",
    2: "Integer value is: ",
    3: "Double value is: ",
    4: "String value is: ",
    5: "Byte values are: ",
    6: "Boolean values are: ",
    7: "Integer values are: ",
    8: "Double values are: ",
    9: "String values are: ",
}
_TYPE_NAMES = (
    "not set", "boolean", "integer", "double", "string",
    "byte array", "boolean array", "integer array", "double array", "string array",
)  # fmt: skip
_FIELDS = (
    "", "bool_value", "integer_value", "double_value", "string_value",
    "byte_array_value", "bool_array_value", "integer_array_value", "double_array_value",
    "string_array_value",
)  # fmt: skip


class RemoteParameters:
    """The parameters of another node."""

    def __init__(self, node: Any, remote_name: str) -> None:
        """Talk to ``remote_name`` through ``node``."""
        self._node = node
        self.remote_name = remote_name

    def _call(self, service: str, **fields: Any) -> Any:
        kind = "".join(part.capitalize() for part in service.split("_"))
        service_class = getattr(importlib.import_module("rcl_interfaces.srv"), kind)
        name = f"{self.remote_name}/{service}"
        client = self._node.create_client(service_class, name)
        try:
            if not client.wait_for_service(timeout_sec=TIMEOUT_S):
                raise CliError(f"service '{name}' is not available within {TIMEOUT_S:g} s")
            request = service_class.Request()
            for field, value in fields.items():
                setattr(request, field, value)
            future = client.call_async(request)
            return spin_future(self._node, future, TIMEOUT_S, f"service '{name}'")
        finally:
            self._node.destroy_client(client)

    def names(self, prefixes: list[str] | None = None) -> list[str]:
        """Return the names of all parameters."""
        return sorted(self._call("list_parameters", prefixes=prefixes or []).result.names)

    def get(self, names: list[str]) -> list[Any]:
        """Return ParameterValue messages."""
        return list(self._call("get_parameters", names=names).values)

    def describe(self, names: list[str]) -> list[Any]:
        """Return ParameterDescriptor messages."""
        return list(self._call("describe_parameters", names=names).descriptors)

    def set(self, values: dict[str, Any]) -> list[Any]:
        """Set parameters from ParameterValue messages; returns SetParametersResult messages."""
        from rcl_interfaces.msg import Parameter

        parameters = [Parameter(name=name, value=value) for name, value in values.items()]
        return list(self._call("set_parameters", parameters=parameters).results)


def plain_value(value: Any) -> Any:
    """Return the Python value of a ParameterValue message; None where it is not set."""
    if value.type == 0:
        return None
    found = getattr(value, _FIELDS[value.type])
    if value.type == 5:
        return [byte[0] if isinstance(byte, bytes) else byte for byte in found]
    return found if value.type < 5 else list(found)


def value_text(value: Any, hide_type: bool = False) -> str:
    """Return a value as ``ros2 param get`` prints it."""
    if value.type == 0:
        return "Parameter not set."
    plain = plain_value(value)
    text = str(plain) if value.type < 5 else f"{plain}"
    return text if hide_type else _TITLES[value.type] + text


def type_name(number: int) -> str:
    """Return the name of a parameter type."""
    return _TYPE_NAMES[number] if 0 <= number < len(_TYPE_NAMES) else f"unknown ({number})"


def make_value(plain: Any) -> Any:
    """Return the ParameterValue message of a Python value."""
    from rcl_interfaces.msg import ParameterValue

    kinds: list[tuple[type, int]] = [(bool, 1), (int, 2), (float, 3), (str, 4)]
    for kind, number in kinds:
        if type(plain) is kind:
            return ParameterValue(type=number, **{_FIELDS[number]: plain})
    if isinstance(plain, list):
        found = {type(item) for item in plain}
        if found == {int, float}:
            plain, found = [float(item) for item in plain], {float}
        for kind, number in kinds:
            if found <= {kind} and (found or kind is str):
                return ParameterValue(type=number + 5, **{_FIELDS[number + 5]: plain})
    raise CliError(
        f"{plain!r} is no parameter value; allowed: bool, int, float, str and lists of one of them"
    )


def parse_value(text: str) -> Any:
    """Return the ParameterValue message of a word on the command line, read as YAML."""
    import yaml

    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError:
        plain = text
    if plain is None or not isinstance(plain, (bool, int, float, str, list)):
        plain = text
    return make_value(plain)
