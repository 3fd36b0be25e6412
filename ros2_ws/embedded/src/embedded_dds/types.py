"""Describe message types to Cyclone DDS: the real structure, built in C."""

from __future__ import annotations

import ctypes as ct

from embedded_types.definitions import Definition, Field, FieldType
from embedded_types.registry import get_definition

from . import lib

_PRIMITIVE_KINDS = {
    "bool": 1, "byte": 2, "int16": 3, "int32": 4, "int64": 5, "uint16": 6, "uint32": 7,
    "uint64": 8, "float32": 9, "float64": 10, "int8": 12, "uint8": 13, "char": 13,
}  # fmt: skip
_STRING, _ARRAY, _SEQUENCE, _STRUCT = 16, 21, 22, 24
_INDEX_END = 0xFFFFFFFF
_SCOPE_LOCAL_DOMAIN = 1
SERVICE_HEADER = (Field("guid", FieldType("uint64")), Field("seq", FieldType("int64")))


def dds_type_name(full_name: str) -> str:
    """Return the DDS name of ``package/kind/Name``."""
    package, kind, name = full_name.split("/")
    return f"{package}::{kind}::dds_::{name}_"


class TypeBuilder:
    """Builds the dynamic type of one topic.

    A nested type is made anew for each use: Cyclone DDS frees a type under construction
    when it finds the same one in its library, so that references to it must not be kept.
    """

    def __init__(self, participant: int) -> None:
        self._participant = participant

    def topic_descriptor(self, full_name: str, with_service_header: bool) -> ct.c_void_p:
        """Return a topic descriptor, to be freed with ``delete_topic_descriptor``."""
        definition = get_definition(full_name)
        fields = definition.fields
        if with_service_header:
            fields = SERVICE_HEADER + fields
        dynamic = self._struct(Definition(definition.name, fields))
        type_info, descriptor = ct.c_void_p(), ct.c_void_p()
        what = f"describing type {full_name}"
        lib.check(lib.dynamic_type_register(dynamic, type_info), what)
        try:
            lib.check(
                lib.create_topic_descriptor(
                    _SCOPE_LOCAL_DOMAIN, self._participant, type_info, 0, descriptor
                ),
                what,
            )
        finally:
            lib.free_typeinfo(type_info)
            lib.dynamic_type_unref(dynamic)
        return descriptor

    def _create(self, descriptor: lib.TypeDescriptor) -> lib.DynamicType:
        made: lib.DynamicType = lib.dynamic_type_create(self._participant, descriptor)
        lib.check(made.ret, f"creating a type of kind {descriptor.kind}")
        return made

    def _struct(self, definition: Definition) -> lib.DynamicType:
        name = dds_type_name(definition.name).encode()
        dynamic = self._create(lib.TypeDescriptor(kind=_STRUCT, name=name))
        for index, field in enumerate(definition.fields):
            member = lib.MemberDescriptor(
                name=field.name.encode(),
                id=index,
                type=self._field_type(field.type),
                index=_INDEX_END,
            )
            what = f"adding {field.name} to {definition.name}"
            lib.check(lib.dynamic_type_add_member(dynamic, member), what)
        return dynamic

    def _element(self, kind: FieldType) -> lib.TypeSpec:
        if kind.base == "wstring":
            # on the wire: u32 count and 4 bytes per character, no terminator
            element = lib.TypeSpec(2, _PRIMITIVE_KINDS["uint32"], 0, 0)
            return _definition_spec(
                self._create(
                    lib.TypeDescriptor(kind=_SEQUENCE, name=b"wstring", element_type=element)
                )
            )
        if kind.base == "string":
            descriptor = lib.TypeDescriptor(kind=_STRING)
            _set_bounds(descriptor, kind.string_bound)
            return _definition_spec(self._create(descriptor))
        primitive = _PRIMITIVE_KINDS.get(kind.base)
        if primitive is not None:
            return lib.TypeSpec(2, primitive, 0, 0)
        return _definition_spec(self._struct(get_definition(kind.base)))

    def _field_type(self, kind: FieldType) -> lib.TypeSpec:
        element = self._element(kind)
        if not kind.is_array:
            return element
        descriptor = lib.TypeDescriptor(
            kind=_ARRAY if kind.is_fixed else _SEQUENCE, name=b"sequence", element_type=element
        )
        _set_bounds(descriptor, kind.size)
        return _definition_spec(self._create(descriptor))


def _set_bounds(descriptor: lib.TypeDescriptor, bound: int) -> None:
    if bound:
        descriptor.num_bounds = 1
        descriptor.bounds = ct.pointer(ct.c_uint32(bound))


def _definition_spec(dynamic: lib.DynamicType) -> lib.TypeSpec:
    return lib.TypeSpec(1, dynamic.x0, dynamic.x1, dynamic.ret)
