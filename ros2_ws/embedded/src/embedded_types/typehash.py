"""Type hashes (RIHS01, REP 2011)."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from .definitions import Definition, Field
from .registry import get_definition

_TYPE_IDS = {
    "int8": 2, "uint8": 3, "int16": 4, "uint16": 5, "int32": 6, "uint32": 7, "int64": 8,
    "uint64": 9, "float32": 10, "float64": 11, "char": 13, "bool": 15, "byte": 16, "string": 17,
    "wstring": 18,
}  # fmt: skip
_NESTED, _BOUNDED_STRING_OFFSET = 1, 4
_ARRAY_OFFSET, _BOUNDED_OFFSET, _SEQUENCE_OFFSET = 48, 96, 144


def _field_text(field: Field) -> str:
    kind = field.type
    nested = "" if kind.is_primitive else kind.base
    type_id = _NESTED if nested else _TYPE_IDS[kind.base]
    if kind.string_bound:
        type_id += _BOUNDED_STRING_OFFSET
    capacity = 0
    if kind.is_array:
        capacity = kind.size
        if kind.is_fixed:
            type_id += _ARRAY_OFFSET
        else:
            type_id += _BOUNDED_OFFSET if kind.size else _SEQUENCE_OFFSET
    return (
        f'{{"name": "{field.name}", "type": {{"type_id": {type_id}, "capacity": {capacity}, '
        f'"string_capacity": {kind.string_bound}, "nested_type_name": "{nested}"}}}}'
    )


@lru_cache(maxsize=512)
def _description(full_name: str) -> str:
    """Return the JSON description of one type without default values.

    All names are plain ASCII, so that the text is put together without the json module,
    which would be imported at the start of every node for this alone.
    """
    fields = ", ".join(_field_text(field) for field in get_definition(full_name).fields)
    return f'{{"type_name": "{full_name}", "fields": [{fields}]}}'


def referenced_types(definition: Definition) -> list[str]:
    """Return the names of all types below one, sorted."""
    found: set[str] = set()
    pending = [definition]
    while pending:
        for field in pending.pop().fields:
            if not field.type.is_primitive and field.type.base not in found:
                found.add(field.type.base)
                pending.append(get_definition(field.type.base))
    return sorted(found)


@lru_cache(maxsize=512)
def type_hash(full_name: str) -> str:
    """Return ``RIHS01_<hex>`` of a message type."""
    referenced = referenced_types(get_definition(full_name))
    others = ", ".join(_description(name) for name in referenced)
    text = (
        f'{{"type_description": {_description(full_name)}, '
        f'"referenced_type_descriptions": [{others}]}}'
    )
    return f"RIHS01_{hashlib.sha256(text.encode()).hexdigest()}"
