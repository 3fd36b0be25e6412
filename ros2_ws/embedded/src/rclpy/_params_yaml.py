"""Parameter files: YAML text to per-node parameter values.

Types are inferred from plain scalars as the ROS 2 parameter parser does, which is not
what YAML 1.1 does: ``1e3`` is a double, ``12:30`` and ``2020-01-01`` are strings. Every
error names the file, the line and the field.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import RCLInvalidROSArgsError

if TYPE_CHECKING:
    from yaml.nodes import Node as YamlNode

PARAMETERS_KEY = "ros__parameters"

_TRUE = frozenset(("Y", "y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
_FALSE = frozenset(("N", "n", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0([0-7]+)|(0|[1-9][0-9]*))\Z")
_DOUBLE = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_KEY_TOKEN = re.compile(r"\*\*|\*|[A-Za-z_][A-Za-z0-9_]*")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.+/-]+\Z")
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1

NodeParameterSet = tuple[str, dict[str, Any]]
"""A node pattern (such as ``/**`` or ``/ns/node``) and the parameters given for it."""


def infer_scalar(text: str) -> bool | int | float | str:
    """Give a plain (unquoted) scalar its ROS parameter type.

    >>> [infer_scalar(t) for t in ("on", "7", "0x10", "1e3", ".inf", "12:30")]
    [True, 7, 16, 1000.0, inf, '12:30']
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    match = _INTEGER.match(text)
    if match:
        sign, hexadecimal, octal, decimal = match.groups()
        value = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else int(decimal)
        value = -value if sign == "-" else value
        if not _INT64_MIN <= value <= _INT64_MAX:
            raise ValueError(f"integer {text} is outside the 64-bit range")
        return value
    if _DOUBLE.match(text):
        return float(text)
    if _SPECIAL.match(text):
        return float(text.replace(".", ""))
    return text


class _Source:
    """Where a YAML text came from, for error messages."""

    def __init__(self, name: str) -> None:
        self.name = name

    def error(self, reason: str, node: YamlNode | None = None, field: str = "") -> Exception:
        line = f", line {node.start_mark.line + 1}" if node is not None else ""
        where = f", field '{field}'" if field else ""
        return RCLInvalidROSArgsError(f"{self.name}{line}{where}: {reason}")


def _compose(text: str, source: _Source) -> YamlNode | None:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        detail = " ".join(str(error).split())
        raise source.error(f"malformed YAML: {detail}") from None


def _scalar(node: Any, source: _Source, field: str) -> bool | int | float | str:
    tag = node.tag.rpartition(":")[2]
    text: str = node.value
    if node.style:  # quoted or block: always a string
        return text
    try:
        if tag == "null":
            raise ValueError("a parameter needs a value, this one is empty or null")
        value = infer_scalar(text)
        if tag == "str" and (type(value) is int or (len(text) > 1 and type(value) is bool)):
            return text  # YAML itself reads these as numbers, so the tag !!str was written
        return float(value) if tag == "float" and type(value) is int else value
    except ValueError as error:
        raise source.error(str(error), node, field) from None


def _sequence(node: Any, source: _Source, field: str) -> list[Any]:
    from yaml.nodes import ScalarNode

    values: list[Any] = []
    for index, item in enumerate(node.value):
        if not isinstance(item, ScalarNode):
            raise source.error(
                "an array holds bool, integer, double or string values only, "
                "not arrays or mappings",
                item,
                f"{field}[{index}]",
            )
        value = _scalar(item, source, f"{field}[{index}]")
        if values and type(value) is not type(values[0]):
            raise source.error(
                f"arrays hold one type: element {index} is {_type_name(value)} "
                f"({value!r}), the ones before it are {_type_name(values[0])}",
                item,
                field,
            )
        values.append(value)
    return values


def _type_name(value: Any) -> str:
    return {bool: "bool", int: "integer", float: "double", str: "string"}[type(value)]


def _key(node: Any, source: _Source, field: str) -> str:
    from yaml.nodes import ScalarNode

    if not isinstance(node, ScalarNode) or not node.value:
        raise source.error("a key must be a non-empty string", node, field)
    return str(node.value)


def _parameters(node: Any, source: _Source, prefix: str, out: dict[str, Any]) -> None:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    for key_node, value_node in node.value:
        name = prefix + _key(key_node, source, prefix)
        if isinstance(value_node, MappingNode):
            _parameters(value_node, source, name + ".", out)
        elif isinstance(value_node, SequenceNode):
            out[name] = _sequence(value_node, source, name)
        elif isinstance(value_node, ScalarNode):
            out[name] = _scalar(value_node, source, name)


def _check_node_key(key: str, source: _Source, node: Any, path: str) -> None:
    tokens = key.strip("/").split("/")
    if key == "/" or not all(_KEY_TOKEN.fullmatch(token) for token in tokens):
        raise source.error(
            f"'{key}' is not a node name or namespace (tokens of alphanumerics and '_', "
            "or the wildcards '*' and '**', separated by '/')",
            node,
            path,
        )


def _nodes(node: Any, source: _Source, path: str, out: list[NodeParameterSet]) -> None:
    from yaml.nodes import MappingNode

    for key_node, value_node in node.value:
        key = _key(key_node, source, path)
        if key == PARAMETERS_KEY:
            if not path:
                raise source.error(
                    f"'{PARAMETERS_KEY}' must be below a node name (or '/**')", key_node, key
                )
            if not isinstance(value_node, MappingNode):
                raise source.error(
                    "must be a mapping of parameter names to values", value_node, f"{path}.{key}"
                )
            parameters: dict[str, Any] = {}
            _parameters(value_node, source, "", parameters)
            out.append((path, parameters))
            continue
        _check_node_key(key, source, key_node, path)
        full = f"{path}/{key.strip('/')}"
        if not isinstance(value_node, MappingNode):
            raise source.error(
                f"expected a mapping with '{PARAMETERS_KEY}' below the node name "
                f"(there are no values before '{PARAMETERS_KEY}')",
                value_node,
                full,
            )
        _nodes(value_node, source, full, out)


def parse_parameter_text(text: str, source_name: str) -> list[NodeParameterSet]:
    """Parse the text of a parameter file.

    Args:
        text: YAML text.
        source_name: What errors call it, for example the file's name.

    Returns:
        Pairs of absolute node pattern and flat (dotted) parameters, in file order.

    Raises:
        RCLInvalidROSArgsError: The text is malformed.
    """
    from yaml.nodes import MappingNode

    source = _Source(source_name)
    root = _compose(text, source)
    out: list[NodeParameterSet] = []
    if root is None:
        return out
    if not isinstance(root, MappingNode):
        raise source.error("expected a mapping of node names at the top", root)
    _nodes(root, source, "", out)
    return out


def load_parameter_file(path: str) -> list[NodeParameterSet]:
    """Read a parameter file; see :func:`parse_parameter_text`."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RCLInvalidROSArgsError(f"cannot read parameter file '{path}': {reason}") from None
    return parse_parameter_text(text, f"parameter file '{path}'")


def parse_parameter_value(text: str, field: str) -> Any:
    """Parse one value, as in ``-p name:=value`` (YAML: a scalar or a flow sequence)."""
    if _PLAIN_VALUE.match(text) and text not in ("null", "Null", "NULL"):
        try:
            return infer_scalar(text)  # the common case needs no YAML library
        except ValueError as error:
            raise RCLInvalidROSArgsError(f"parameter '{field}': {error}") from None
    from yaml.nodes import MappingNode, SequenceNode

    source = _Source(f"parameter '{field}' = '{text}'")
    node = _compose(text, source)
    if node is None:
        raise source.error("a parameter needs a value")
    if isinstance(node, MappingNode):
        raise source.error("a mapping is not a parameter value")
    if isinstance(node, SequenceNode):
        return _sequence(node, source, field)
    return _scalar(node, source, field)


def pattern_matches(pattern: str, fully_qualified_name: str) -> bool:
    """Say whether a node pattern (``*`` one token, ``**`` any number) matches a node.

    >>> pattern_matches("/**", "/a/b"), pattern_matches("/*", "/a/b")
    (True, False)
    """
    if pattern == fully_qualified_name or pattern == "/**":
        return True
    if "*" not in pattern:
        return False
    parts = []
    for token in pattern.strip("/").split("/"):
        if token == "**":
            parts.append("(?:/[^/]+)*")
        else:
            parts.append("/[^/]+" if token == "*" else "/" + re.escape(token))
    return re.fullmatch("".join(parts), fully_qualified_name) is not None


def specificity(pattern: str) -> tuple[int, int, int]:
    """Order of precedence of patterns in one file: the least specific sorts first."""
    tokens = pattern.strip("/").split("/")
    literal = sum(1 for token in tokens if "*" not in token)
    return int("*" not in pattern), literal, -tokens.count("**")
