"""Messages as YAML: printing them and filling them from text."""

from __future__ import annotations

import array
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from embedded_ros2cli.errors import CliError, unknown

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def get_interface(type_name: str, kind: str) -> Any:
    """Return the class of ``package/kind/Name`` or ``package/Name``."""
    parts = type_name.split("/")
    if len(parts) == 2:
        parts.insert(1, kind)
    if len(parts) != 3 or parts[1] != kind or not all(parts):
        raise CliError(f"'{type_name}' is no type name, expected <package>/{kind}/<Name>")
    try:
        module = importlib.import_module(f"{parts[0]}.{kind}")
        return getattr(module, parts[2])
    except (ImportError, AttributeError):
        from embedded_ros2cli.interface_command import known_types

        raise unknown(f"{kind} type", "/".join(parts), known_types((kind,))) from None


def get_message_class(type_name: str) -> Any:
    """Return the class of a message; those inside services and actions have one, too."""
    parts = type_name.split("/")
    if len(parts) == 3 and parts[1] in ("srv", "action") and "_" in parts[2]:
        from embedded_types.classes import get_interface as get_inner
        from embedded_types.registry import InterfaceNotFoundError

        try:
            return get_inner(*parts)
        except InterfaceNotFoundError as error:
            raise CliError(str(error)) from None
    return get_interface(type_name, "msg")


def to_plain(
    value: Any,
    *,
    truncate_length: int | None = None,
    no_arr: bool = False,
    no_str: bool = False,
    type_name: str = "",
) -> Any:
    """Return a message, or a part of one, as dictionaries, lists and scalars."""
    limits: dict[str, Any] = {
        "truncate_length": truncate_length,
        "no_arr": no_arr,
        "no_str": no_str,
    }
    if hasattr(value, "get_fields_and_field_types"):
        return {
            name: to_plain(getattr(value, name), type_name=kind, **limits)
            for name, kind in value.get_fields_and_field_types().items()
        }
    if isinstance(value, bytes):
        if len(value) == 1 and type_name in ("byte", "octet"):
            return value[0]
        return _plain_sequence(list(value), type_name, limits)
    if isinstance(value, str):
        return _plain_text(value, type_name, limits)
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, array.array) or hasattr(value, "tolist"):
        return _plain_sequence(value, type_name, limits)
    if isinstance(value, Sequence):
        return _plain_sequence(value, type_name, limits)
    return value


def _plain_text(value: str, type_name: str, limits: Mapping[str, Any]) -> str:
    if limits["no_str"]:
        return f"<string length: <{len(value)}>>"
    length = limits["truncate_length"]
    return f"{value[:length]}..." if length is not None and len(value) > length else value


def _plain_sequence(value: Any, type_name: str, limits: Mapping[str, Any]) -> Any:
    count = len(value)
    if limits["no_arr"]:
        kind = type_name.replace("sequence<", "").replace(">", "")
        return f"<array type: {kind}, length: {count}>"
    length = limits["truncate_length"]
    shown = value[:length] if length is not None else value
    if hasattr(shown, "tolist"):
        items = shown.tolist()
    else:
        element = type_name.removeprefix("sequence<").split("[")[0].split(",")[0].rstrip(">")
        items = [to_plain(item, type_name=element, **limits) for item in shown]
    return [*items, "..."] if length is not None and count > length else items


def to_yaml(value: Any, *, flow_style: bool = False, **limits: Any) -> str:
    """Return a message as YAML, in the form of ``ros2 topic echo``."""
    plain = to_plain(value, **limits)
    if isinstance(plain, dict) or isinstance(plain, list):
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text: str = yaml.dump(
            plain,
            Dumper=dumper,
            allow_unicode=True,
            width=sys.maxsize if dumper is yaml.SafeDumper else 2**30,
            sort_keys=False,
            default_flow_style=flow_style,
        )
        return text
    return f"{plain}\n"


def to_csv(value: Any, **limits: Any) -> str:
    """Return a message as comma separated values."""

    def flat(part: Any) -> list[str]:
        if isinstance(part, dict):
            return [word for item in part.values() for word in flat(item)]
        if isinstance(part, list):
            return [word for item in part for word in flat(item)]
        return [str(part)]

    return ",".join(flat(to_plain(value, **limits)))


def get_field(message: Any, path: str) -> Any:
    """Return the part of a message that ``a.b[0].c`` names."""
    value = message
    for part in path.split("."):
        name, *indices = part.replace("]", "").split("[")
        if name:
            fields: dict[str, str] = getattr(value, "get_fields_and_field_types", dict)()
            if name not in fields:
                raise unknown(f"field of {type(value).__name__}", name, fields)
            value = getattr(value, name)
        for index in indices:
            try:
                value = value[int(index)]
            except (ValueError, IndexError, TypeError) as error:
                raise CliError(f"field '{path}': index [{index}]: {error}") from None
    return value


# -- filling ---------------------------------------------------------------------------------


def parse_values(text: str) -> dict[str, Any]:
    """Return the dictionary that a YAML text on the command line is."""
    try:
        values = yaml.load(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise CliError(f"the values are no YAML: {error}") from None
    if values is None or values == "":
        return {}
    if not isinstance(values, dict):
        raise CliError(f"the values have to be a YAML dictionary, got {values!r}")
    return values


def fill(message: Any, values: Mapping[str, Any], where: str = "", now: Any = None) -> None:
    """Set fields of a message from plain values; ``now`` stands for stamps ``now``/``auto``."""
    fields = message.get_fields_and_field_types()
    for name, value in values.items():
        full = f"{where}{name}"
        if name not in fields:
            raise unknown(f"field of {type(message).__name__}", full, fields)
        try:
            setattr(message, name, _converted(fields[name], value, full, now))
        except (AssertionError, TypeError, ValueError, OverflowError) as error:
            raise CliError(f"field '{full}' ({fields[name]}): {value!r}: {error}") from None


def _converted(kind: str, value: Any, where: str, now: Any) -> Any:
    """Return a plain value as what a field of type ``kind`` holds."""
    if kind.startswith("sequence<") or kind.endswith("]"):
        element = kind.removeprefix("sequence<").split("[")[0].split(",")[0].rstrip(">")
        if not isinstance(value, (list, tuple)):
            raise TypeError("expected a list")
        return [_converted(element, item, f"{where}[{i}]", now) for i, item in enumerate(value)]
    if "/" in kind:
        return _converted_message(kind, value, where, now)
    if kind in ("double", "float", "float64", "float32"):
        if isinstance(value, str):
            return float(value)
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if kind in ("octet", "byte") and isinstance(value, int):
        return bytes([value])
    if kind.startswith(("string", "wstring")) and isinstance(value, (int, float)):
        return str(value)
    return value


def _converted_message(kind: str, value: Any, where: str, now: Any) -> Any:
    package, *_, name = kind.split("/")
    inner = getattr(importlib.import_module(f"{package}.msg"), name)()
    if value in ("now", "auto") and now is not None:
        if kind == "builtin_interfaces/Time":
            return now
        if kind == "std_msgs/Header":
            inner.stamp = now
            return inner
    if not isinstance(value, dict):
        raise TypeError("expected a dictionary")
    fill(inner, value, f"{where}.", now)
    return inner
