"""Common part of everything that an executor serves."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import InvalidHandle

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup


class DestroyableHandle:
    """Stands for the handle of an entity: a context manager that checks it still lives."""

    def __init__(self, entity: Any) -> None:
        self._entity = entity

    def __enter__(self) -> DestroyableHandle:
        if self._entity._is_destroyed:
            raise InvalidHandle("cannot use Destroyable because destruction was requested")
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None


class _Nothing:
    """What ``Entity._handle`` returns when there was no work after all."""


NOTHING = _Nothing()


class Entity:
    """Something with a callback that waits in an executor.

    ``_condition`` is the DDS condition that says there is work, 0 for timers.
    ``_take`` fetches one piece of work as ``(callback, arguments)``, or None.
    """

    _condition = 0
    _is_destroyed = False

    def __init__(self, callback_group: CallbackGroup | None) -> None:
        self.callback_group = callback_group
        self._node_ref: weakref.ref[Any] | None = None
        if callback_group is not None:
            callback_group.add_entity(self)

    @property
    def handle(self) -> DestroyableHandle:
        """A context manager that raises InvalidHandle for a destroyed entity."""
        return DestroyableHandle(self)

    def _check_alive(self) -> None:
        if self._is_destroyed:
            raise InvalidHandle(f"this {type(self).__name__} has been destroyed")

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        raise NotImplementedError

    def _handle(self) -> Any:
        """Take one piece of work and do it: the callback's result, or NOTHING."""
        work = self._take()
        return NOTHING if work is None else work[0](*work[1])


def interface_name(interface: Any, what: str) -> str:
    """Return ``package/kind/Name`` of an interface class.

    Raises:
        TypeError: It is not one.
    """
    name = getattr(interface, "_TYPE_NAME", None)
    if not isinstance(name, str) or not isinstance(interface, type):
        raise TypeError(f"{interface!r} is not {what}")
    return name
