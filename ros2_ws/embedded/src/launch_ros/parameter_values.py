"""From parameters as written in launch files to typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import yaml
from launch.substitution import Substitution
from launch.utilities import perform_text

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

_SCALARS = (bool, int, float, str)
_STRING_HINT = (
    "if the parameter is meant to be a string, wrap it in "
    "launch_ros.parameter_descriptions.ParameterValue(value, value_type=str)"
)


def yaml_load(text: str) -> Any:
    """Parse YAML with the fast loader where there is one."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def yaml_dump(value: Any) -> str:
    """Write YAML with the fast dumper where there is one."""
    text: str = yaml.dump(
        value,
        Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
        default_flow_style=False,
        allow_unicode=True,
        sort_keys=False,
    )
    return text


def parse_text(name: str, text: str, value_type: Any = None) -> Any:
    """Return the value of a text: as YAML, or as the type that is asked for."""
    if value_type is str:
        return text
    try:
        value = yaml_load(text)
    except yaml.YAMLError as error:
        raise ValueError(
            f"unable to parse the value of parameter '{name}' as yaml: {text!r}; {_STRING_HINT}"
        ) from error
    if value is None and text.strip() in ("", '""', "''"):
        value = ""
    if isinstance(value, (list, tuple)):
        value = _unified(name, list(value))
    elif not isinstance(value, _SCALARS):
        raise ValueError(
            f"parameter '{name}' is {text!r}, which is a {type(value).__name__}; allowed: bool, "
            f"int, float, str and lists of one of them; {_STRING_HINT}"
        )
    return value if value_type is None else coerce(name, value, value_type)


def coerce(name: str, value: Any, value_type: Any) -> Any:
    """Return the value as the wanted type, refusing what it is not."""
    arguments = getattr(value_type, "__args__", ())
    if arguments:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"parameter '{name}' is {value!r}, expected {value_type}")
        return [coerce(f"{name}[{i}]", item, arguments[0]) for i, item in enumerate(value)]
    if value_type is str:
        return value if isinstance(value, str) else str(value)
    if value_type is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not value_type:
        raise ValueError(
            f"parameter '{name}' is {value!r} ({type(value).__name__}), "
            f"expected {getattr(value_type, '__name__', value_type)}"
        )
    return value


def _unified(name: str, values: list[Any]) -> list[Any]:
    """Return a list with items of one type; int and float together become float."""
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        return [float(value) for value in values]
    if len(kinds) > 1 or not kinds <= set(_SCALARS):
        raise ValueError(
            f"parameter '{name}' is {values!r}; items of a list have to be of one type, "
            "one of bool, int, float and str"
        )
    return values


def evaluate(context: LaunchContext, name: str, value: Any) -> Any:
    """Return the typed value of a parameter."""
    if isinstance(value, ParameterValue):
        return value.evaluate(context, name)
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, bytes):
        return list(value)
    if isinstance(value, (str, Substitution)):
        return parse_text(name, perform_text(context, value))
    if hasattr(value, "tolist"):
        return evaluate(context, name, value.tolist())
    if isinstance(value, Sequence):
        if any(isinstance(item, Substitution) for item in value) and all(
            isinstance(item, (str, Substitution)) for item in value
        ):
            return parse_text(name, perform_text(context, value))
        return _unified(
            name,
            [
                item if isinstance(item, str) else evaluate(context, f"{name}[{i}]", item)
                for i, item in enumerate(value)
            ],
        )
    raise ValueError(
        f"parameter '{name}' is {value!r} ({type(value).__name__}); allowed: bool, int, float, "
        "str, lists of one of them, dictionaries and substitutions"
    )


def evaluate_dict(
    context: LaunchContext, parameters: Mapping[Any, Any], prefix: str = ""
) -> dict[str, Any]:
    """Return flat names (nested dictionaries joined with dots) and typed values."""
    result: dict[str, Any] = {}
    for key, value in parameters.items():
        name = prefix + perform_text(context, key)
        if isinstance(value, Mapping):
            result.update(evaluate_dict(context, value, f"{name}."))
        else:
            result[name] = evaluate(context, name, value)
    return result


class ParameterValue:
    """A parameter's value together with its type."""

    def __init__(self, value: Any, *, value_type: Any = None) -> None:
        """Keep the value; ``value_type`` is bool, int, float, str, ``List[...]`` or None."""
        self.__value = value
        self.__value_type = value_type

    @property
    def value(self) -> Any:
        """Return the value as it was given."""
        return self.__value

    @property
    def value_type(self) -> Any:
        """Return the type."""
        return self.__value_type

    def evaluate(self, context: LaunchContext, name: str = "?") -> Any:
        """Return the typed value."""
        value, kind = self.__value, self.__value_type
        is_text = isinstance(value, (str, Substitution)) or (
            isinstance(value, Sequence) and any(isinstance(i, Substitution) for i in value)
        )
        if is_text:
            return parse_text(name, perform_text(context, value), kind)
        value = evaluate(context, name, value)
        return value if kind is None else coerce(name, value, kind)
