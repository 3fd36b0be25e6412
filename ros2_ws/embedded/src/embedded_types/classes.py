"""Make the Python classes of messages, services and actions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar

from .checks import default_factory, make_check
from .definitions import PLACEHOLDER, Definition, Field
from .registry import InterfaceNotFoundError, get_definition, list_names

_classes: dict[str, type] = {}
_interfaces: dict[str, Any] = {}
_lock = threading.RLock()


class Message:
    """Base of all generated message classes."""

    __slots__ = ()
    SLOT_TYPES: ClassVar[tuple[Any, ...]] = ()
    _TYPE_NAME: ClassVar[str] = ""
    """``package/kind/Name``."""
    _PLAN: ClassVar[tuple[tuple[str, Callable[[Any, Any], None], Any, Any], ...]] = ()
    _FIELDS_AND_TYPES: ClassVar[dict[str, str]] = {}

    def __init__(self, **kwargs: Any) -> None:
        for name, slot_set, value, factory in self._PLAN:
            if name not in kwargs:
                slot_set(self, value if factory is None else factory())
        if kwargs:
            self._assign(kwargs)

    def _assign(self, kwargs: dict[str, Any]) -> None:
        unknown = [name for name in kwargs if name not in self._FIELDS_AND_TYPES]
        if unknown:
            raise AssertionError(
                f"Invalid arguments passed to constructor of {type(self).__name__}: "
                f"{', '.join(unknown)}; its fields are {', '.join(self._FIELDS_AND_TYPES)}"
            )
        for name, value in kwargs.items():
            setattr(self, name, value)

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        """Return field names and type texts, in order."""
        return dict(cls._FIELDS_AND_TYPES)

    def __repr__(self) -> str:
        package, kind, name = self._TYPE_NAME.split("/")
        values = ", ".join(f"{n}={_text(getattr(self, n))}" for n in self._FIELDS_AND_TYPES)
        return f"{package}.{kind}.{name}({values})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return False
        return all(_same(getattr(self, n), getattr(other, n)) for n in self._FIELDS_AND_TYPES)

    __hash__ = None  # type: ignore[assignment]


def _text(value: Any) -> str:
    return repr(value.tolist()) if type(value).__name__ == "ndarray" else repr(value)


def _same(left: Any, right: Any) -> bool:
    result = left == right
    if isinstance(result, bool):
        return result
    return len(left) == len(right) and bool(result.all())


def get_class(full_name: str) -> type:
    """Return the class of ``package/kind/Name`` (one per process)."""
    found = _classes.get(full_name)
    if found is None:
        definition = get_definition(full_name)
        with _lock:
            found = _classes.get(definition.name)
            if found is None:
                found = _make_class(definition)
                _classes[definition.name] = found
            _classes[full_name] = found
    return found


def _make_class(definition: Definition) -> type:
    package, kind, name = definition.name.split("/")
    fields = [field for field in definition.fields if field.name != PLACEHOLDER]
    slots = tuple(f"_{field.name}" for field in fields)
    body: dict[str, Any] = {
        "__slots__": slots,
        "__module__": f"{package}.{kind}",
        "__doc__": f"Message {definition.name}.",
        "_TYPE_NAME": definition.name,
        "_FIELDS_AND_TYPES": {field.name: field.type.text() for field in fields},
        "SLOT_TYPES": tuple(field.type.text() for field in fields),
    }
    for constant in definition.constants:
        body[constant.name] = constant.value
    cls = type(name, (Message,), body)
    plan = []
    for field in fields:
        element = None if field.type.is_primitive else get_class(field.type.base)
        slot_set = getattr(cls, f"_{field.name}").__set__
        value, factory = default_factory(field, element)
        plan.append((field.name, slot_set, value, factory))
        setattr(cls, field.name, _make_property(name, field, element, slot_set))
        if field.default is not None:
            setattr(cls, f"{field.name.upper()}__DEFAULT", field.default)
    cls._PLAN = tuple(plan)  # type: ignore[attr-defined]
    return cls


def _make_property(
    owner: str, field: Field, element: type | None, slot_set: Callable[[Any, Any], None]
) -> property:
    check = make_check(owner, field, element)

    def assign(self: Any, value: Any) -> None:
        slot_set(self, check(value))

    return property(attrgetter(f"_{field.name}"), assign, doc=f"{field.type.text()}")


def get_interface(package: str, kind: str, name: str) -> Any:
    """Return what ``from <package>.<kind> import <name>`` gives."""
    key = f"{package}/{kind}/{name}"
    found = _interfaces.get(key)
    if found is None:
        if kind == "msg" or "_" in name:
            found = get_class(key)
        elif name not in list_names(package, kind):
            get_definition(f"{key}_Request" if kind == "srv" else f"{key}_Goal")
            raise InterfaceNotFoundError(key)
        else:
            found = _make_service(key) if kind == "srv" else _make_action(key)
        _interfaces[key] = found
    return found


class _LazyParts(type):
    """Metaclass whose classes make their parts on first use."""

    _parts: Mapping[str, Callable[[], Any]]

    def __getattr__(cls, name: str) -> Any:
        parts = type.__getattribute__(cls, "_parts")
        if name not in parts:
            raise AttributeError(f"{cls.__name__} has no attribute {name!r}")
        value = parts[name]()
        setattr(cls, name, value)
        return value


def _lazy(key: str, title: str, parts: Mapping[str, Callable[[], Any]]) -> type:
    package, kind, _ = key.split("/")
    body = {"_parts": parts, "_TYPE_NAME": key, "__module__": f"{package}.{kind}"}
    return _LazyParts(title, (), body)


def _make_service(key: str) -> type:
    """Make a service class with ``Request`` and ``Response``."""
    parts = {part: partial(get_class, f"{key}_{part}") for part in ("Request", "Response")}
    return _lazy(key, key.rpartition("/")[2], parts)


def _make_action(key: str) -> type:
    """Make an action class with ``Goal``, ``Result``, ``Feedback`` and ``Impl``."""
    name = key.rpartition("/")[2]
    impl = _lazy(
        key,
        f"{name}_Impl",
        {
            "SendGoalService": lambda: _make_service(f"{key}_SendGoal"),
            "GetResultService": lambda: _make_service(f"{key}_GetResult"),
            "FeedbackMessage": lambda: get_class(f"{key}_FeedbackMessage"),
            "CancelGoalService": lambda: get_interface("action_msgs", "srv", "CancelGoal"),
            "GoalStatusMessage": lambda: get_class("action_msgs/msg/GoalStatusArray"),
        },
    )
    parts: dict[str, Callable[[], Any]] = {
        part: partial(get_class, f"{key}_{part}") for part in ("Goal", "Result", "Feedback")
    }
    parts["Impl"] = lambda: impl
    return _lazy(key, name, parts)
