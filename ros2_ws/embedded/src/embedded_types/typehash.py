"""Type hashes (RIHS01, REP 2011)."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from .definitions import Definition, FieldType
from .registry import get_definition

_TYPE_IDS = {
    "int8": 2, "uint8": 3, "int16": 4, "uint16": 5, "int32": 6, "uint32": 7, "int64": 8,
    "uint64": 9, "float32": 10, "float64": 11, "char": 13, "bool": 15, "byte": 16, "string": 17,
    "wstring": 18,
}  # fmt: skip
_NESTED, _BOUNDED_STRING_OFFSET = 1, 4
_ARRAY_OFFSET, _BOUNDED_OFFSET, _SEQUENCE_OFFSET = 48, 96, 144


def _field_type(kind: FieldType) -> dict[str, Any]:
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
    return {
        "type_id": type_id,
        "capacity": capacity,
        "string_capacity": kind.string_bound,
        "nested_type_name": nested,
    }


def individual_description(definition: Definition) -> dict[str, Any]:
    """Return the description of one type without default values."""
    return {
        "type_name": definition.name,
        "fields": [{"name": f.name, "type": _field_type(f.type)} for f in definition.fields],
    }


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
    definition = get_definition(full_name)
    description = {
        "type_description": individual_description(definition),
        "referenced_type_descriptions": [
            individual_description(get_definition(name)) for name in referenced_types(definition)
        ],
    }
    text = json.dumps(description, separators=(", ", ": "))
    return f"RIHS01_{hashlib.sha256(text.encode()).hexdigest()}"
