"""Read .msg, .srv and .action text into plain definitions."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

PRIMITIVES = frozenset(
    "bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 "
    "string wstring".split()
)
PLACEHOLDER = "structure_needs_at_least_one_member"
INTEGER_RANGES = {
    f"{sign}int{bits}": ((0, 2**bits - 1) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    for sign in ("", "u")
    for bits in (8, 16, 32, 64)
} | {"char": (0, 255)}

_LINE = re.compile(
    r"^(?P<base>[A-Za-z][\w/]*)(?:<=(?P<str_bound>\d+))?"
    r"(?P<array>\[(?P<upper><=)?(?P<size>\d+)?\])?"
    r"\s+(?P<name>[A-Za-z]\w*)\s*(?P<rest>.*)$"
)


class DefinitionError(ValueError):
    """An interface definition that cannot be read; the message names type and line."""


class FieldType(NamedTuple):
    """Type of one field: ``base`` is a primitive or ``package/kind/Name``."""

    base: str
    string_bound: int = 0
    is_array: bool = False
    size: int = 0
    """Elements of a fixed array, bound of a bounded sequence, 0 for an unbounded one."""
    is_fixed: bool = False

    @property
    def is_primitive(self) -> bool:
        """Say whether the element type is a primitive."""
        return self.base in PRIMITIVES

    def text(self) -> str:
        """Return the IDL-like spelling that ``get_fields_and_field_types`` shows."""
        names = {"byte": "octet", "char": "uint8", "bool": "boolean", "float32": "float",
                 "float64": "double"}  # fmt: skip
        base = names.get(self.base, self.base)
        if "/" in base:
            package, _, name = base.split("/")
            base = f"{package}/{name}"
        if self.string_bound:
            base = f"{base}<{self.string_bound}>"
        if not self.is_array:
            return base
        if self.is_fixed:
            return f"{base}[{self.size}]"
        return f"sequence<{base}, {self.size}>" if self.size else f"sequence<{base}>"


class Field(NamedTuple):
    """One field of a message; ``default`` is None where the definition gives none."""

    name: str
    type: FieldType
    default: Any = None


class Constant(NamedTuple):
    """One constant of a message."""

    name: str
    type: str
    value: Any


class Definition(NamedTuple):
    """One message: ``name`` is ``package/kind/Name``."""

    name: str
    fields: tuple[Field, ...]
    constants: tuple[Constant, ...] = ()


def parse_message(package: str, name: str, text: str) -> Definition:
    """Parse the text of one message (or of one part of a service or action)."""
    fields: list[Field] = []
    constants: list[Constant] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = _strip_comment(raw)
        if not line:
            continue
        match = _LINE.match(line)
        if match is None:
            raise DefinitionError(f"{name}, line {number}: cannot read {raw.strip()!r}")
        try:
            _add_line(package, match, fields, constants)
        except (ValueError, SyntaxError) as err:
            raise DefinitionError(f"{name}, line {number}: {raw.strip()!r}: {err}") from err
    names = [field.name for field in fields] + [constant.name for constant in constants]
    twice = {entry for entry in names if names.count(entry) > 1}
    if twice:
        raise DefinitionError(f"{name}: defined more than once: {', '.join(sorted(twice))}")
    if not fields:
        fields.append(Field(PLACEHOLDER, FieldType("uint8")))
    return Definition(name, tuple(fields), tuple(constants))


def _add_line(
    package: str, match: re.Match[str], fields: list[Field], constants: list[Constant]
) -> None:
    base, rest, name = match["base"], match["rest"].strip(), match["name"]
    bound = int(match["str_bound"] or 0)
    if rest.startswith("=") and not match["array"]:
        if base not in PRIMITIVES:
            raise ValueError(f"a constant cannot be of type {base}")
        constants.append(Constant(name, base, parse_value(base, rest[1:].strip())))
        return
    if bound and base not in ("string", "wstring"):
        raise ValueError("only strings take a <= bound before the brackets")
    size = int(match["size"] or 0)
    is_fixed = bool(match["array"]) and not match["upper"] and size > 0
    kind = FieldType(_resolve(package, base), bound, bool(match["array"]), size, is_fixed)
    default = None
    if rest:
        default = _parse_default(kind, rest)
    fields.append(Field(name, kind, default))


def _resolve(package: str, base: str) -> str:
    if base in PRIMITIVES:
        return base
    if base in ("time", "duration"):
        return f"builtin_interfaces/msg/{base.capitalize()}"
    parts = base.split("/")
    if len(parts) == 1:
        return "std_msgs/msg/Header" if base == "Header" else f"{package}/msg/{base}"
    if len(parts) == 2:
        return f"{parts[0]}/msg/{parts[1]}"
    return base


def _strip_comment(line: str) -> str:
    quote = ""
    for index, char in enumerate(line):
        if quote:
            if char == quote and line[index - 1] != "\\":
                quote = ""
        elif char in "\"'":
            quote = char
        elif char == "#":
            return line[:index].strip()
    return line.strip()


def _parse_default(kind: FieldType, text: str) -> Any:
    if not kind.is_primitive:
        raise ValueError("only fields of primitive type take a default")
    if not kind.is_array:
        return parse_value(kind.base, text)
    if kind.base in ("string", "wstring"):
        import ast

        values = ast.literal_eval(text)
    else:
        inner = text.strip()
        if not (inner.startswith("[") and inner.endswith("]")):
            raise ValueError("the default of an array is written in brackets")
        parts = [part.strip() for part in inner[1:-1].split(",") if part.strip()]
        values = [parse_value(kind.base, part) for part in parts]
    if kind.is_fixed and len(values) != kind.size:
        raise ValueError(f"{len(values)} default values for {kind.size} elements")
    return tuple(values)


def parse_value(base: str, text: str) -> Any:
    """Parse the text of a constant or default of primitive type ``base``."""
    if base in ("string", "wstring"):
        if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
            return text[1:-1].replace("\\" + text[0], text[0])
        return text
    if base == "bool":
        if text.lower() not in ("true", "false", "0", "1"):
            raise ValueError(f"{text!r} is not a bool (true, false, 0, 1)")
        return text.lower() in ("true", "1")
    if base in ("float32", "float64"):
        return float(text)
    value = int(text, 0)
    low, high = INTEGER_RANGES.get(base, (0, 255))
    if not low <= value <= high:
        raise ValueError(f"{value} is outside {low}..{high} of {base}")
    return bytes([value]) if base == "byte" else value


def split_sections(name: str, text: str, count: int) -> list[str]:
    """Split a service (2) or action (3) text at its ``---`` lines."""
    sections: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip() == "---":
            sections.append([])
        else:
            sections[-1].append(line)
    if len(sections) != count:
        raise DefinitionError(f"{name}: {len(sections)} sections, {count} expected")
    return ["\n".join(section) for section in sections]
