"""Executors: they wait for work and run the callbacks."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from types import CoroutineType, TracebackType
from typing import TYPE_CHECKING, Any

from rclpy.signals import register_wakeable
from rclpy.task import Future, Task
from rclpy.timer import NEVER_NS

from embedded_dds.entities import Guard, WaitSet

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from rclpy.context import Context
    from rclpy.node import Node
    from rclpy.timer import Timer

_GUARD = 1
"""Number of the executor's own guard condition in its wait set."""

Work = tuple[Any, Any, tuple[Any, ...]]
"""Entity, callback and arguments."""


class TimeoutException(Exception):
    """Nothing to do came up in time."""


class ShutdownException(Exception):
    """The executor was shut down."""


class ExternalShutdownException(Exception):
    """The context was shut down while the executor was spinning."""


class ConditionReachedException(Exception):
    """The future is done."""


class Executor:
    """Base of the executors."""

    def __init__(self, *, context: Context | None = None) -> None:
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        self._context = context
        self._nodes: dict[Any, None] = {}
        self._entities: dict[int, Any] = {}
        self._numbers: dict[Any, int] = {}
        self._next_number = _GUARD + 1
        self._timers: list[Timer] = []
        self._ready: deque[Any] = deque()
        self._tasks: deque[tuple[Task, Any]] = deque()
        self._lock = threading.RLock()
        self._is_shutdown = False
        self._awaited_future: Future | None = None
        self._errors: deque[BaseException] = deque()
        self._participant = context.participant
        self._guard = Guard(self._participant)
        self._waitset = WaitSet(self._participant)
        self._waitset.attach(self._guard.handle, _GUARD)
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

    # nodes and their entities

    def add_node(self, node: Node) -> bool:
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

    def remove_node(self, node: Node) -> None:
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

    # tasks

    def create_task(self, callback: Callable[..., Any] | Any, *args: Any, **kwargs: Any) -> Task:
        """Run a function or coroutine soon; returns its future."""
        task = Task(callback, args, kwargs, executor=self)
        self._schedule(task, None)
        return task

    def _schedule(self, task: Task, entity: Any) -> None:
        self._tasks.append((task, entity))
        self.wake()

    def _run_task(self, task: Task, entity: Any) -> None:
        """Run a task up to its next wait, which schedules it again."""
        task()
        if not task.done():
            awaited = task._waits_for
            if awaited is None:
                self._schedule(task, entity)
                return

            def resume(_: Future) -> None:
                self._schedule(task, entity)

            resume._immediate = True  # type: ignore[attr-defined]
            awaited.add_done_callback(resume)
            return
        if entity is not None:
            entity.callback_group.ending_execution(entity)
            error = task.exception()
            if error is not None:
                raise error

    def _run_work(self, work: Work) -> None:
        """Run one callback; a coroutine goes on as a task."""
        entity, callback, arguments = work
        group = entity.callback_group
        is_open = False
        try:
            result = callback(*arguments)
            if result is not None and isinstance(result, CoroutineType):
                is_open = True
                self._run_task(Task(result), entity)
        finally:
            if not is_open and group is not None:
                group.ending_execution(entity)

    # waiting

    def _take_from(self, entity: Any) -> Work | None:
        """Take the work of a ready entity, and its callback group with it."""
        group = entity.callback_group
        if entity._is_destroyed:
            self._detach(entity)
            return None
        if group is not None and not group.beginning_execution(entity):
            if entity._condition:
                self._park(entity)
            return None
        work = None
        try:
            work = entity._take()
        finally:
            if work is None and group is not None:
                group.ending_execution(entity)
        return None if work is None else (entity, *work)

    def _due_timer(self) -> tuple[Any, int]:
        """Return a timer that is due (or None) and how long to wait otherwise."""
        nearest = NEVER_NS
        for timer in self._timers:
            due = timer._due_in_ns()
            if due <= 0:
                group = timer.callback_group
                if group is None or group.can_execute(timer):
                    return timer, 0
                if group._when_free(self.wake):
                    continue
                return timer, 0
            if due < nearest:
                nearest = due
        return None, nearest

    def _next_work(self, deadline_ns: int | None) -> Work | tuple[Task, Any]:
        """Wait for the next piece of work.

        Raises:
            TimeoutException: The time was up first.
            ConditionReachedException: The awaited future is done.
            ShutdownException: The executor was shut down.
            ExternalShutdownException: The context was shut down.
        """
        while True:
            if self._is_shutdown:
                raise ShutdownException
            if not self._context._is_valid:
                raise ExternalShutdownException
            future = self._awaited_future
            if future is not None and future.done():
                raise ConditionReachedException
            if self._errors:
                raise TimeoutException
            if self._tasks:
                return self._tasks.popleft()
            timer, wait_ns = self._due_timer() if self._timers else (None, NEVER_NS)
            if timer is not None:
                work = self._take_from(timer)
                if work is not None:
                    return work
            while self._ready:
                work = self._take_from(self._ready.popleft())
                if work is not None:
                    return work
            self._wait(wait_ns, deadline_ns)

    def _wait(self, wait_ns: int, deadline_ns: int | None) -> None:
        if deadline_ns is not None:
            left = deadline_ns - time.monotonic_ns()
            wait_ns = min(wait_ns, max(left, 0))
        for number in self._waitset.wait(wait_ns):
            if number == _GUARD:
                self._guard.take()
                continue
            entity = self._entities.get(number)
            if entity is not None:
                self._ready.append(entity)
        if (
            deadline_ns is not None
            and not self._ready
            and not self._tasks
            and time.monotonic_ns() >= deadline_ns
            and self._due_timer()[0] is None
        ):
            raise TimeoutException

    # spinning

    def spin(self) -> None:
        """Run callbacks until the executor or the context is shut down."""
        while self._context._is_valid and not self._is_shutdown:
            self.spin_once()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it."""
        raise NotImplementedError

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until the future is done or the time is up."""

        def stop(_: Future) -> None:
            self.wake()

        stop._immediate = True  # type: ignore[attr-defined]
        future.add_done_callback(stop)
        deadline = None
        if timeout_sec is not None and timeout_sec >= 0:
            deadline = time.monotonic() + timeout_sec
        while self._context._is_valid and not future.done() and not self._is_shutdown:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left < 0:
                break
            self.spin_once_until_future_complete(future, left)
        future.remove_done_callback(stop)

    def spin_once_until_future_complete(
        self, future: Future, timeout_sec: float | None = None
    ) -> None:
        """Wait for one callback (or for the future) and run it."""
        raise NotImplementedError

    def _deadline(self, timeout_sec: float | None) -> int | None:
        if timeout_sec is None or timeout_sec < 0:
            return None
        return time.monotonic_ns() + int(timeout_sec * 1e9)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """End spinning; nodes are let go of."""
        with self._lock:
            if self._is_shutdown:
                return True
            self._guard.trigger()
            self._is_shutdown = True
            for node in tuple(self._nodes):
                node._clear_executor(self)
            self._nodes.clear()
            self._entities.clear()
            self._numbers.clear()
            self._timers = []
        self._waitset.close()
        self._guard.close()
        return True

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()


class SingleThreadedExecutor(Executor):
    """Runs one callback after the other in the thread that spins."""

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it; returns without one when the time is up."""
        self._once(None, timeout_sec)

    def spin_once_until_future_complete(
        self, future: Future, timeout_sec: float | None = None
    ) -> None:
        """Wait for one callback (or for the future) and run it."""
        self._once(future, timeout_sec)

    def _once(self, future: Future | None, timeout_sec: float | None) -> None:
        self._awaited_future = future
        try:
            work = self._next_work(self._deadline(timeout_sec))
        except (TimeoutException, ShutdownException, ConditionReachedException):
            return
        finally:
            self._awaited_future = None
        if len(work) == 3:
            self._run_work(work)
        else:
            self._run_task(*work)


class MultiThreadedExecutor(Executor):
    """Runs callbacks in a pool of threads, as far as their callback groups allow."""

    def __init__(self, num_threads: int | None = None, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        if num_threads is None:
            num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (
                os.cpu_count() or 2)  # fmt: skip
        if num_threads < 1:
            raise ValueError(f"num_threads must be 1 or more, not {num_threads}")
        from concurrent.futures import ThreadPoolExecutor

        self._pool: ThreadPoolExecutor = ThreadPoolExecutor(
            max(2, num_threads), thread_name_prefix="rclpy_callback"
        )

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and hand it to the pool."""
        self._dispatch(None, timeout_sec)

    def spin_once_until_future_complete(
        self, future: Future, timeout_sec: float | None = None
    ) -> None:
        """Wait for one callback (or for the future) and hand it to the pool."""
        self._dispatch(future, timeout_sec)

    def _dispatch(self, future: Future | None, timeout_sec: float | None) -> None:
        if self._errors:
            raise self._errors.popleft()
        self._awaited_future = future
        try:
            work = self._next_work(self._deadline(timeout_sec))
        except (TimeoutException, ShutdownException, ConditionReachedException):
            work = None
        finally:
            self._awaited_future = None
        if work is not None:
            self._pool.submit(self._run_in_pool, work)
        if self._errors:
            raise self._errors.popleft()

    def _run_in_pool(self, work: Any) -> None:
        try:
            if len(work) == 3:
                self._run_work(work)
            else:
                self._run_task(*work)
        except BaseException as err:
            self._errors.append(err)
            self.wake()

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """End spinning and let the running callbacks end."""
        is_down = super().shutdown(timeout_sec)
        self._pool.shutdown(wait=timeout_sec is None or timeout_sec > 0)
        return is_down
