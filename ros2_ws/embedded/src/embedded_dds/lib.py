"""The Cyclone DDS C library that comes with the ``cyclonedds`` wheel, through ctypes.

Its Python package is not imported: that costs more than the rest of a node's start-up.
Calls that may block or copy much release the GIL; the short ones of the read path keep it,
which is quicker.
"""

from __future__ import annotations

import ctypes as ct
import os
import sys
from typing import Any

RETCODE_TIMEOUT = -10
RETCODE_PRECONDITION = -4
INFINITE = 2**63 - 1
ANY_STATE = 0x7F
MIN_PSEUDO_HANDLE = 0x7FFF0000
BUILTIN_PARTICIPANT = MIN_PSEUDO_HANDLE + 1
BUILTIN_PUBLICATION = MIN_PSEUDO_HANDLE + 3
BUILTIN_SUBSCRIPTION = MIN_PSEUDO_HANDLE + 4
SERDATA_KIND_DATA = 2


class DdsError(RuntimeError):
    """A call into Cyclone DDS failed."""


class Guid(ct.Structure):
    """16 bytes that name an entity on the network."""

    _fields_ = (("v", ct.c_uint8 * 16),)


class IoVec(ct.Structure):
    """Address and length of a piece of memory."""

    _fields_ = (("base", ct.c_void_p), ("len", ct.c_size_t))


class SampleInfo(ct.Structure):
    """What Cyclone DDS knows about a sample."""

    _fields_ = (
        ("sample_state", ct.c_uint),
        ("view_state", ct.c_uint),
        ("instance_state", ct.c_uint),
        ("valid_data", ct.c_bool),
        ("source_timestamp", ct.c_int64),
        ("instance_handle", ct.c_uint64),
        ("publication_handle", ct.c_uint64),
        ("disposed_generation_count", ct.c_uint32),
        ("no_writers_generation_count", ct.c_uint32),
        ("sample_rank", ct.c_uint32),
        ("generation_rank", ct.c_uint32),
        ("absolute_generation_rank", ct.c_uint32),
    )


class DynamicType(ct.Structure):
    """Reference to a type under construction (x0: complete, x1: minimal)."""

    _fields_ = (("x0", ct.c_uint64), ("x1", ct.c_uint64), ("ret", ct.c_int32))


class TypeSpec(ct.Structure):
    """A primitive kind (kind 2, in x0) or a dynamic type (kind 1)."""

    _fields_ = (
        ("kind", ct.c_int),
        ("x0", ct.c_uint64),
        ("x1", ct.c_uint64),
        ("ret", ct.c_int32),
    )


class TypeDescriptor(ct.Structure):
    """Properties of a new dynamic type."""

    _fields_ = (
        ("kind", ct.c_int),
        ("name", ct.c_char_p),
        ("base_type", TypeSpec),
        ("discriminator_type", TypeSpec),
        ("num_bounds", ct.c_uint32),
        ("bounds", ct.POINTER(ct.c_uint32)),
        ("element_type", TypeSpec),
        ("key_element_type", TypeSpec),
    )


class MemberDescriptor(ct.Structure):
    """Properties of a new struct member."""

    _fields_ = (
        ("name", ct.c_char_p),
        ("id", ct.c_uint32),
        ("type", TypeSpec),
        ("default_value", ct.c_char_p),
        ("index", ct.c_uint32),
        ("num_labels", ct.c_uint32),
        ("labels", ct.c_void_p),
        ("default_label", ct.c_bool),
    )


def _find() -> str:
    home = os.environ.get("CYCLONEDDS_HOME")
    if home:
        return os.path.join(home, "lib", "libddsc.so")
    # found by hand: importing importlib.util for this costs more than the search
    for root in sys.path:
        for folder in ("cyclonedds.libs", os.path.join("cyclonedds", ".dylibs")):
            path = os.path.join(root, folder)
            if os.path.isdir(path):
                for name in sorted(os.listdir(path)):
                    if name.startswith("libddsc"):
                        return os.path.join(path, name)
    raise ImportError(
        "no libddsc of a cyclonedds wheel on the Python path: pip install 'cyclonedds>=11,<12', "
        "or set CYCLONEDDS_HOME"
    )


_path = _find()
_lib = ct.CDLL(_path)
_quick = ct.PyDLL(_path)
_i32, _u32, _i64, _u64, _ptr, _size = (
    ct.c_int32,
    ct.c_uint32,
    ct.c_int64,
    ct.c_uint64,
    ct.c_void_p,
    ct.c_size_t,
)


def _function(name: str, result: Any, *arguments: Any, library: ct.CDLL = _lib) -> Any:
    function = getattr(library, name)
    function.restype = result
    function.argtypes = arguments
    return function


create_domain = _function("dds_create_domain", _i32, _u32, ct.c_char_p)
create_participant = _function("dds_create_participant", _i32, _u32, _ptr, _ptr)
create_topic = _function("dds_create_topic", _i32, _i32, _ptr, ct.c_char_p, _ptr, _ptr)
create_reader = _function("dds_create_reader", _i32, _i32, _i32, _ptr, _ptr)
create_writer = _function("dds_create_writer", _i32, _i32, _i32, _ptr, _ptr)
create_readcondition = _function("dds_create_readcondition", _i32, _i32, _u32)
create_guardcondition = _function("dds_create_guardcondition", _i32, _i32)
set_guardcondition = _function("dds_set_guardcondition", _i32, _i32, ct.c_bool)
take_guardcondition = _function(
    "dds_take_guardcondition", _i32, _i32, ct.POINTER(ct.c_bool), library=_quick
)
create_waitset = _function("dds_create_waitset", _i32, _i32)
waitset_attach = _function("dds_waitset_attach", _i32, _i32, _i32, _ptr)
waitset_detach = _function("dds_waitset_detach", _i32, _i32, _i32)
waitset_wait = _function("dds_waitset_wait", _i32, _i32, _ptr, _size, _i64)
set_status_mask = _function("dds_set_status_mask", _i32, _i32, _u32)
get_status_changes = _function("dds_get_status_changes", _i32, _i32, ct.POINTER(_u32))
delete = _function("dds_delete", _i32, _i32)
strretcode = _function("dds_strretcode", ct.c_char_p, _i32)
get_guid = _function("dds_get_guid", _i32, _i32, ct.POINTER(Guid))
get_instance_handle = _function("dds_get_instance_handle", _i32, _i32, ct.POINTER(_u64))
assert_liveliness = _function("dds_assert_liveliness", _i32, _i32)
wait_for_acks = _function("dds_wait_for_acks", _i32, _i32, _i64)
get_matched_subscriptions = _function("dds_get_matched_subscriptions", _i32, _i32, _ptr, _size)
get_matched_publications = _function("dds_get_matched_publications", _i32, _i32, _ptr, _size)
get_matched_subscription_data = _function("dds_get_matched_subscription_data", _ptr, _i32, _u64)
get_matched_publication_data = _function("dds_get_matched_publication_data", _ptr, _i32, _u64)
free_endpoint = _function("dds_builtintopic_free_endpoint", None, _ptr)
get_entity_sertype = _function("dds_get_entity_sertype", _i32, _i32, ct.POINTER(_ptr))
takecdr = _function("dds_takecdr", _i32, _i32, _ptr, _u32, _ptr, _u32, library=_quick)
writecdr = _function("dds_writecdr", _i32, _i32, _ptr)
read = _function("dds_read", _i32, _i32, _ptr, _ptr, _size, _u32)
return_loan = _function("dds_return_loan", _i32, _i32, _ptr, _i32)
serdata_size = _function("ddsi_serdata_size", _u32, _ptr, library=_quick)
serdata_unref = _function("ddsi_serdata_unref", None, _ptr, library=_quick)
serdata_to_ser_ref = _function(
    "ddsi_serdata_to_ser_ref", _ptr, _ptr, _size, _size, _ptr, library=_quick
)
serdata_to_ser_unref = _function("ddsi_serdata_to_ser_unref", None, _ptr, _ptr, library=_quick)
serdata_from_ser_iov = _function(
    "ddsi_serdata_from_ser_iov", _ptr, _ptr, ct.c_int, _size, _ptr, _size
)
small_serdata_from_ser_iov = _function(
    "ddsi_serdata_from_ser_iov", _ptr, _ptr, ct.c_int, _size, _ptr, _size, library=_quick
)
dynamic_type_create = _function("dds_dynamic_type_create", DynamicType, _i32, TypeDescriptor)
dynamic_type_add_member = _function(
    "dds_dynamic_type_add_member", _i32, ct.POINTER(DynamicType), MemberDescriptor
)
dynamic_type_register = _function(
    "dds_dynamic_type_register", _i32, ct.POINTER(DynamicType), ct.POINTER(_ptr)
)
dynamic_type_ref = _function("dds_dynamic_type_ref", DynamicType, ct.POINTER(DynamicType))
dynamic_type_unref = _function("dds_dynamic_type_unref", None, ct.POINTER(DynamicType))
create_topic_descriptor = _function(
    "dds_create_topic_descriptor", _i32, ct.c_int, _i32, _ptr, _i64, ct.POINTER(_ptr)
)
delete_topic_descriptor = _function("dds_delete_topic_descriptor", None, _ptr)
free_typeinfo = _function("dds_free_typeinfo", _i32, _ptr)
create_qos = _function("dds_create_qos", _ptr)
delete_qos = _function("dds_delete_qos", None, _ptr)
qset_reliability = _function("dds_qset_reliability", None, _ptr, ct.c_int, _i64)
qset_durability = _function("dds_qset_durability", None, _ptr, ct.c_int)
qset_durability_service = _function(
    "dds_qset_durability_service", None, _ptr, _i64, ct.c_int, _i32, _i32, _i32, _i32
)
qset_history = _function("dds_qset_history", None, _ptr, ct.c_int, _i32)
qset_deadline = _function("dds_qset_deadline", None, _ptr, _i64)
qset_lifespan = _function("dds_qset_lifespan", None, _ptr, _i64)
qset_liveliness = _function("dds_qset_liveliness", None, _ptr, ct.c_int, _i64)
qset_writer_data_lifecycle = _function("dds_qset_writer_data_lifecycle", None, _ptr, ct.c_bool)
qset_data_representation = _function(
    "dds_qset_data_representation", None, _ptr, _u32, ct.POINTER(ct.c_int16)
)
qset_userdata = _function("dds_qset_userdata", None, _ptr, ct.c_char_p, _size)
qget_userdata = _function(
    "dds_qget_userdata", ct.c_bool, _ptr, ct.POINTER(_ptr), ct.POINTER(_size)
)
qget_reliability = _function(
    "dds_qget_reliability", ct.c_bool, _ptr, ct.POINTER(ct.c_int), ct.POINTER(_i64)
)
qget_durability = _function("dds_qget_durability", ct.c_bool, _ptr, ct.POINTER(ct.c_int))
qget_history = _function(
    "dds_qget_history", ct.c_bool, _ptr, ct.POINTER(ct.c_int), ct.POINTER(_i32)
)
qget_deadline = _function("dds_qget_deadline", ct.c_bool, _ptr, ct.POINTER(_i64))
qget_lifespan = _function("dds_qget_lifespan", ct.c_bool, _ptr, ct.POINTER(_i64))
qget_liveliness = _function(
    "dds_qget_liveliness", ct.c_bool, _ptr, ct.POINTER(ct.c_int), ct.POINTER(_i64)
)
free = _function("dds_free", None, _ptr)


def status_reader(name: str) -> Any:
    """Return ``dds_get_<name>_status``: fills a structure and resets the change counts."""
    return _function(f"dds_get_{name}_status", _i32, _i32, _ptr)


def check(code: int, what: str) -> int:
    """Return ``code``, or raise DdsError for a negative one."""
    if code < 0:
        raise DdsError(f"{what}: {strretcode(code).decode()} ({code})")
    return code
