"""What an executor serves: nodes, their entities in the wait set, their timers."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from rclpy.signals import register_wakeable
from rclpy.timer import NEVER_NS

from embedded_dds.participant import Guard, WaitSet

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.node import Node
    from rclpy.task import Future, Task
    from rclpy.timer import Timer

GUARD = 1
"""Number of the executor's own guard condition in its wait set."""


class ExecutorEntities:
    """Base of the executors: what they wait for."""

    def __init__(self, *, context: Context | None = None) -> None:
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        self._context = context
        self._nodes: dict[Any, None] = {}
        self._entities: dict[int, Any] = {}
        self._numbers: dict[Any, int] = {}
        self._next_number = GUARD + 1
        self._timers: list[Timer] = []
        self._parked_timers: set[Timer] = set()
        self._round: deque[Any] = deque()
        self._tasks: deque[tuple[Task, Any]] = deque()
        self._lock = threading.RLock()
        self._wait_lock = threading.RLock()  # held while the wait set is in use
        self._is_shutdown = False
        self._awaited_future: Future | None = None
        self._errors: deque[BaseException] = deque()
        self._participant = context.participant
        self._guard = Guard(self._participant)
        self._waitset = WaitSet(self._participant)
        self._waitset.attach(self._guard.handle, GUARD)
        register_wakeable(self)
        context.on_shutdown(self.wake)

    @property
    def context(self) -> Context:
        """The context of the executor."""
        return self._context

    def wake(self) -> None:
        """End the present wait."""
        if not self._is_shutdown:
            self._guard.trigger()

    def add_node(self, node: Any) -> bool:
        """Serve a node; False where it is served already."""
        with self._lock:
            if node in self._nodes:
                return False
            self._nodes[node] = None
            node._set_executor(self)
            for entity in node._all_entities():
                self._attach(entity)
        self.wake()
        return True

    def remove_node(self, node: Any) -> None:
        """Serve a node no longer."""
        with self._lock:
            if node not in self._nodes:
                return
            del self._nodes[node]
            for entity in node._all_entities():
                self._detach(entity)
            node._clear_executor(self)
        self.wake()

    def get_nodes(self) -> list[Node]:
        """Return the nodes."""
        return list(self._nodes)

    def _attach(self, entity: Any) -> None:
        with self._lock:
            if self._is_shutdown:
                return
            if not entity._condition:
                self._timers.append(entity)
                entity._wake = self.wake
                self.wake()
                return
            number = self._next_number
            self._next_number += 1
            self._entities[number] = entity
            self._numbers[entity] = number
            self._waitset.attach(entity._condition, number)

    def _detach(self, entity: Any) -> None:
        with self._lock:
            if not entity._condition:
                self._parked_timers.discard(entity)
                self._timers = [timer for timer in self._timers if timer is not entity]
                return
            number = self._numbers.pop(entity, 0)
            if self._entities.pop(number, None) is not None:
                self._waitset.detach(entity._condition)

    def _park(self, entity: Any) -> None:
        """Take an entity out of the wait set until its callback group is free."""
        with self._lock:
            number = self._numbers.get(entity, 0)
            if not number:
                return
            self._waitset.detach(entity._condition)

        def unpark() -> None:
            with self._lock:
                if self._numbers.get(entity) == number and not entity._is_destroyed:
                    self._waitset.attach(entity._condition, number)

        if not entity.callback_group._when_free(unpark):
            unpark()

    def _due_timers(self) -> tuple[list[Any], int]:
        """Return the timers that are due, and how long to wait where there is none."""
        due: list[Any] = []
        nearest = NEVER_NS
        for timer in self._timers:
            if timer in self._parked_timers:
                continue
            left = timer._due_in_ns()
            if left > 0:
                nearest = min(nearest, left)
            elif timer.callback_group is None or timer.callback_group.can_execute(timer):
                due.append(timer)
            elif not self._park_timer(timer):
                due.append(timer)
        return due, nearest

    def _park_timer(self, timer: Any) -> bool:
        """Leave a timer out until its callback group is free; False where it is free now."""

        def unpark() -> None:
            self._parked_timers.discard(timer)
            self.wake()

        self._parked_timers.add(timer)
        if timer.callback_group._when_free(unpark):
            return True
        self._parked_timers.discard(timer)
        return False
