"""Callback groups: which callbacks of a node may run at the same time."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any


class CallbackGroup:
    """Base of the callback groups."""

    def __init__(self) -> None:
        self.entities: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._on_free: list[Callable[[], None]] = []

    def add_entity(self, entity: Any) -> None:
        """Add an entity to the group."""
        self.entities.add(entity)

    def has_entity(self, entity: Any) -> bool:
        """Say whether an entity is in the group."""
        return entity in self.entities

    def can_execute(self, entity: Any) -> bool:
        """Say whether a callback of the entity may begin now."""
        raise NotImplementedError

    def beginning_execution(self, entity: Any) -> bool:
        """Note that a callback begins; False where it may not."""
        raise NotImplementedError

    def ending_execution(self, entity: Any) -> None:
        """Note that a callback has ended."""
        raise NotImplementedError

    def _when_free(self, callback: Callable[[], None]) -> bool:
        """Call back once when the group becomes free; False where it is free now."""
        raise NotImplementedError


class ReentrantCallbackGroup(CallbackGroup):
    """All callbacks may run at the same time."""

    def can_execute(self, entity: Any) -> bool:
        """Always."""
        return True

    def beginning_execution(self, entity: Any) -> bool:
        """Always."""
        return True

    def ending_execution(self, entity: Any) -> None:
        """Nothing to note."""

    def _when_free(self, callback: Callable[[], None]) -> bool:
        return False


class MutuallyExclusiveCallbackGroup(CallbackGroup):
    """One callback at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._active: Any = None

    def can_execute(self, entity: Any) -> bool:
        """Say whether no callback of the group is running."""
        return self._active is None

    def beginning_execution(self, entity: Any) -> bool:
        """Take the group; False where a callback is running.

        Only the thread that waits for work calls this, so that it needs no lock.
        """
        if self._active is not None:
            return False
        self._active = entity
        return True

    def ending_execution(self, entity: Any) -> None:
        """Free the group and wake what waits for it."""
        self._active = None
        if self._on_free:
            with self._lock:
                waiting, self._on_free = self._on_free, []
            for callback in waiting:
                callback()

    def _when_free(self, callback: Callable[[], None]) -> bool:
        with self._lock:
            self._on_free.append(callback)
            # asked after the entry is made: the end of a callback looks the other way round
            if self._active is not None or callback not in self._on_free:
                return True
            self._on_free.remove(callback)
            return False
