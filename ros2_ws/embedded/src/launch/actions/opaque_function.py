"""Actions: call a Python function or coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.utilities import normalize_entities

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class OpaqueFunction(Action):
    """Calls ``function(context, *args, **kwargs)`` and visits the entities that it returns."""

    def __init__(
        self,
        *,
        function: Callable[..., Any],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **left_over_kwargs: Any,
    ) -> None:
        """Keep the function and its arguments."""
        super().__init__(**left_over_kwargs)
        if not callable(function):
            raise TypeError(f"OpaqueFunction: function is {function!r}, expected a callable")
        self._function = function
        self._args = list(args or [])
        self._kwargs = dict(kwargs or {})

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Call the function."""
        name = getattr(self._function, "__name__", "function")
        return normalize_entities(
            self._function(context, *self._args, **self._kwargs), f"the result of {name}()"
        )


class OpaqueCoroutine(Action):
    """Runs ``coroutine(context, *args, **kwargs)`` beside the launch."""

    def __init__(
        self,
        *,
        coroutine: Callable[..., Awaitable[None]],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        ignore_context: bool = False,
        **left_over_kwargs: Any,
    ) -> None:
        """Keep the coroutine function; ``ignore_context`` leaves the context argument out."""
        super().__init__(**left_over_kwargs)
        self._coroutine = coroutine
        self._args = list(args or [])
        self._kwargs = dict(kwargs or {})
        self._ignore_context = ignore_context
        self._task: asyncio.Future[None] | None = None

    def execute(self, context: LaunchContext) -> None:
        """Start the coroutine; shutting down cancels it."""
        from launch.event_handlers.on_shutdown import OnShutdown

        arguments = self._args if self._ignore_context else [context, *self._args]
        task = asyncio.ensure_future(self._coroutine(*arguments, **self._kwargs))
        self._task = task
        context.add_completion_future(task)

        def cancel(event: Any, context: Any) -> None:
            task.cancel()

        context.register_event_handler(OnShutdown(on_shutdown=cancel))

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return the task."""
        return self._task
