"""Entities that follow the state of a lifecycle node."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

from rclpy.lifecycle._state_machine import LifecycleState, TransitionCallbackReturn

_F = TypeVar("_F", bound=Callable[..., Any])


class ManagedEntity:
    """Base of managed entities: every transition succeeds without effect."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the node's configure transition."""
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the node's cleanup transition."""
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the node's shutdown transition."""
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the node's activate transition."""
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the node's deactivate transition."""
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle an error of the node."""
        return TransitionCallbackReturn.SUCCESS


class SimpleManagedEntity(ManagedEntity):
    """A managed entity that is enabled while the node is active."""

    def __init__(self) -> None:
        """Make a disabled entity."""
        self._enabled = False

    @property
    def is_activated(self) -> bool:
        """Whether the entity is enabled."""
        return self._enabled

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Enable the entity."""
        self._enabled = True
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Disable the entity."""
        self._enabled = False
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Disable the entity: after an error the node is not active."""
        self._enabled = False
        return TransitionCallbackReturn.SUCCESS

    @overload
    @staticmethod
    def when_enabled(wrapped: _F) -> _F: ...

    @overload
    @staticmethod
    def when_enabled(
        wrapped: None = None, *, when_not_enabled: Callable[..., Any] | None = None
    ) -> Callable[[_F], _F]: ...

    @staticmethod
    def when_enabled(
        wrapped: Any = None, *, when_not_enabled: Callable[..., Any] | None = None
    ) -> Any:
        """Make a method that runs only while its entity is enabled.

        Args:
            wrapped: The method.
            when_not_enabled: Called with the method's arguments instead while disabled.
        """

        def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(method)
            def only_when_enabled(self: SimpleManagedEntity, *args: Any, **kwargs: Any) -> Any:
                if self._enabled:
                    return method(self, *args, **kwargs)
                if when_not_enabled is not None:
                    return when_not_enabled(self, *args, **kwargs)
                return None

            return only_when_enabled

        return decorate if wrapped is None else decorate(wrapped)
