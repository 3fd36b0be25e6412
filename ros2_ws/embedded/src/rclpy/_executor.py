"""The base of the executors: waiting for work, rounds, tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import CoroutineType, TracebackType
from typing import Any

from rclpy._entity import NOTHING
from rclpy._executor_entities import GUARD, ExecutorEntities
from rclpy.task import Future, Task
from rclpy.timer import NEVER_NS

from embedded_dds.lib import DdsError

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


class Executor(ExecutorEntities):
    """Base of the executors."""

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
        if entity is not None and entity.callback_group is not None:
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
        if not self._begin(entity):
            return None
        group = entity.callback_group
        try:
            work = entity._take()
        except BaseException:
            if group is not None:
                group.ending_execution(entity)
            raise
        if work is None:
            if group is not None:
                group.ending_execution(entity)
            return None
        return entity, work[0], work[1]

    def _next_entry(self, deadline_ns: int | None) -> Any:
        """Wait for the next thing to look at: an entity, or a task with its entity.

        Work is served in rounds (timers, tasks, then what has data), so that nothing that is
        ready all the time keeps the rest from running.

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
            if self._round:
                return self._round.popleft()
            self._fill_round(deadline_ns)

    def _next_work(self, deadline_ns: int | None) -> Work | tuple[Task, Any]:
        """Wait for the next piece of work and take it; see :meth:`_next_entry`."""
        while True:
            entry = self._next_entry(deadline_ns)
            if type(entry) is tuple:
                return entry
            work = self._take_from(entry)
            if work is not None:
                return work

    def _begin(self, entity: Any) -> bool:
        """Take the callback group of a ready entity; False where it cannot run now."""
        if entity not in (self._numbers if entity._condition else self._timers):
            return False  # it has been taken away since it was found ready
        group = entity.callback_group
        if group is None or group.beginning_execution(entity):
            return True
        if entity._condition:
            self._park(entity)
        return False

    def _execute(self, entity: Any) -> bool:
        """Run one callback of a ready entity in this thread; False where there was none."""
        group = entity.callback_group
        if not self._begin(entity):
            return False
        result = None
        try:
            result = entity._handle()
        finally:
            if group is not None and type(result) is not CoroutineType:
                group.ending_execution(entity)
        if type(result) is CoroutineType:
            self._run_task(Task(result), entity)
        return result is not NOTHING

    def _wait_for_data(self, wait_ns: int) -> Sequence[int]:
        """Wait for conditions and return their numbers, the executor's own included.

        Raises:
            ShutdownException: The executor was shut down.
            ExternalShutdownException: The context was shut down.
        """
        with self._wait_lock:
            if self._is_shutdown:
                raise ShutdownException
            try:
                numbers: Sequence[int] = self._waitset.wait(wait_ns)
            except DdsError:
                if self._context._is_valid:
                    raise
                numbers = []  # the participant is gone, and the wait set with it
        if not self._context._is_valid:
            raise ExternalShutdownException
        return numbers

    def _fill_round(self, deadline_ns: int | None) -> None:
        due, wait_ns = self._due_timers() if self._timers else ((), NEVER_NS)
        if due or self._tasks:
            wait_ns = 0
        elif deadline_ns is not None:
            wait_ns = min(wait_ns, max(deadline_ns - time.monotonic_ns(), 0))
        ready = self._wait_for_data(wait_ns)
        entries = self._round
        if due or self._tasks:
            entries.extend(due)
            while self._tasks:
                entries.append(self._tasks.popleft())
        for number in ready:
            if number == GUARD:
                self._guard.take()
            else:
                entity = self._entities.get(number)
                if entity is not None:
                    entries.append(entity)
        if (
            not entries
            and deadline_ns is not None
            and time.monotonic_ns() >= deadline_ns
            and not self._tasks
            and not (self._timers and self._due_timers()[0])
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
            self._is_shutdown = True  # before the wake-up, or who spins would wait again
            self._guard.trigger()
            for node in tuple(self._nodes):
                node._clear_executor(self)
            self._nodes.clear()
            self._entities.clear()
            self._numbers.clear()
            self._timers = []
        with self._wait_lock:
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
