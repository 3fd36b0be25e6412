"""State of a running launch that actions and substitutions see."""

from __future__ import annotations

import asyncio
import collections
import copy
import itertools
import os
import threading
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from launch.event import Event
from launch.substitution import Substitution

if TYPE_CHECKING:
    from launch.event_handler import BaseEventHandler


class Locals:
    """Attribute access to the context's local variables."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Look into ``values``."""
        self.__dict__["_values"] = values

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(
                f"context.locals has no {name!r}, available: {sorted(self._values)}"
            ) from None


class LaunchContext:
    """Launch configurations, environment, event handlers and events of one launch."""

    def __init__(self, *, argv: Iterable[str] | None = None, noninteractive: bool = False) -> None:
        """Start empty; ``argv`` is what a launch file may look at."""
        self.__argv = list(argv or [])
        self.__noninteractive = noninteractive
        self.launch_configurations: dict[str, Any] = {}
        self._configuration_stack: list[dict[str, Any]] = []
        self._environment_stack: list[dict[str, str]] = []
        self.__environment_reset = dict(os.environ)
        self._locals: dict[str, Any] = {}
        self._event_handlers: collections.deque[BaseEventHandler] = collections.deque()
        self._events: collections.deque[Event] = collections.deque()
        self._futures: list[asyncio.Future[Any]] = []
        self._wake: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread: int | None = None
        self._is_shutdown = False
        self._running_processes: list[Any] = []
        self._process_numbers = itertools.count(1)
        self._cleanups: list[Callable[[], None]] = []
        self.globals: dict[Any, Any] = {}

    @property
    def argv(self) -> list[str]:
        """Return the command line arguments of the launch."""
        return self.__argv

    @property
    def noninteractive(self) -> bool:
        """Say whether no user sits at the terminal."""
        return self.__noninteractive

    @property
    def is_shutdown(self) -> bool:
        """Say whether shutting down has begun."""
        return self._is_shutdown

    @property
    def asyncio_loop(self) -> asyncio.AbstractEventLoop | None:
        """Return the event loop while the launch runs."""
        return self._loop

    @property
    def environment(self) -> MutableMapping[str, str]:
        """Return the environment that new processes get."""
        return os.environ

    @property
    def locals(self) -> Locals:
        """Return the local variables: ``event``, ``launch_file_path`` and such."""
        return Locals(self._locals)

    def extend_locals(self, values: dict[str, Any]) -> None:
        """Set local variables."""
        self._locals.update(values)

    def get_locals_as_dict(self) -> dict[str, Any]:
        """Return a copy of the local variables."""
        return dict(self._locals)

    @property
    def launch_file_path(self) -> str | None:
        """Return the launch file whose entities are being visited."""
        return self._locals.get("current_launch_file_path")

    def next_process_number(self) -> int:
        """Return the number that makes the next process name unique."""
        return next(self._process_numbers)

    # -- scopes -------------------------------------------------------------------------------

    def _push_launch_configurations(self) -> None:
        self._configuration_stack.append(copy.copy(self.launch_configurations))

    def _pop_launch_configurations(self) -> None:
        if not self._configuration_stack:
            raise RuntimeError("PopLaunchConfigurations without PushLaunchConfigurations")
        self.launch_configurations = self._configuration_stack.pop()

    def _push_environment(self) -> None:
        self._environment_stack.append(dict(os.environ))

    def _pop_environment(self) -> None:
        if not self._environment_stack:
            raise RuntimeError("PopEnvironment without PushEnvironment")
        self._replace_environment(self._environment_stack.pop())

    def _reset_environment(self) -> None:
        self._replace_environment(self.__environment_reset)

    @staticmethod
    def _replace_environment(wanted: dict[str, str]) -> None:
        for name in set(os.environ) - set(wanted):
            del os.environ[name]
        for name, value in wanted.items():
            if os.environ.get(name) != value:
                os.environ[name] = value

    @property
    def _is_scoped(self) -> bool:
        return bool(self._configuration_stack)

    # -- substitutions ------------------------------------------------------------------------

    def perform_substitution(self, substitution: Substitution | str) -> str:
        """Return the text of a substitution."""
        if isinstance(substitution, str):
            return substitution
        return substitution.perform(self)

    # -- events -------------------------------------------------------------------------------

    def register_event_handler(self, handler: BaseEventHandler, append: bool = False) -> None:
        """Add a handler: in front of the others, or behind them with ``append``."""
        if append:
            self._event_handlers.append(handler)
        else:
            self._event_handlers.appendleft(handler)

    def unregister_event_handler(self, handler: BaseEventHandler) -> None:
        """Remove a handler."""
        try:
            self._event_handlers.remove(handler)
        except ValueError:
            raise ValueError(f"{handler.describe()[0]} is not registered") from None

    def would_handle_event(self, event: Event) -> bool:
        """Say whether some handler matches the event."""
        return any(handler.matches(event) for handler in self._event_handlers)

    def emit_event_sync(self, event: Event) -> None:
        """Queue an event; may be called from any thread."""
        self._events.append(event)
        self._wake_up()

    async def emit_event(self, event: Event) -> None:
        """Queue an event from a coroutine."""
        self.emit_event_sync(event)

    def _wake_up(self) -> None:
        loop = self._loop
        if loop is None:
            return
        if threading.get_ident() == self._loop_thread:
            self._wake()
        elif not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def _add_cleanup(self, function: Callable[[], None]) -> None:
        """Have a function called when all processes have ended."""
        self._cleanups.append(function)

    def _clean_up(self) -> None:
        while self._cleanups:
            self._cleanups.pop()()

    # -- completion ---------------------------------------------------------------------------

    def add_completion_future(self, future: asyncio.Future[Any]) -> None:
        """Make the launch wait for a future before it counts as idle."""
        self._futures.append(future)
        future.add_done_callback(lambda _: self._wake())

    def _pending_futures(self) -> Sequence[asyncio.Future[Any]]:
        """Drop finished futures, raising what went wrong in them; returns the others."""
        finished = [future for future in self._futures if future.done()]
        self._futures = [future for future in self._futures if not future.done()]
        for future in finished:
            if not future.cancelled():
                error = future.exception()
                if error is not None:
                    raise error
        return self._futures
