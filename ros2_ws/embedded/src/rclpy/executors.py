"""Executors: they wait for work and run the callbacks."""

from __future__ import annotations

import os
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from rclpy._executor import (
    ConditionReachedException,
    Executor,
    ExternalShutdownException,
    ShutdownException,
    TimeoutException,
)
from rclpy._executor_entities import GUARD
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.task import Future, Task
from rclpy.timer import NEVER_NS

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from rclpy.context import Context

__all__ = [
    "ConditionReachedException",
    "Executor",
    "ExternalShutdownException",
    "MultiThreadedExecutor",
    "ShutdownException",
    "SingleThreadedExecutor",
    "TimeoutException",
]


class SingleThreadedExecutor(Executor):
    """Runs one callback after the other in the thread that spins."""

    def spin(self) -> None:
        """Run callbacks until the executor or the context is shut down."""
        while self._context._is_valid and not self._is_shutdown:
            if self._has_more_than_data():
                self.spin_once()
            else:
                self._serve_data(None, NEVER_NS)

    def _has_more_than_data(self) -> bool:
        return bool(self._timers or self._tasks or self._round)

    def _serve_data(self, future: Future | None, wait_ns: int) -> None:
        """Wait for data and run its callbacks, as long as there is nothing else to do.

        The common case of a node that reacts to messages, with as few calls per message as
        possible. Returns when there are timers or tasks, when the future is done, and after
        a wait that has found nothing.
        """
        entities = self._entities
        while not (self._timers or self._tasks) and (future is None or not future.done()):
            try:
                numbers = self._wait_for_data(wait_ns)
            except ShutdownException:
                return
            if not numbers:
                return
            for number in numbers:
                entity = entities.get(number)
                if entity is None:
                    if number == GUARD:
                        self._guard.take()
                    continue
                group = entity.callback_group
                if type(group) is not MutuallyExclusiveCallbackGroup or group._active is not None:
                    self._execute(entity)
                    continue
                group._active = entity
                result = None
                try:
                    result = entity._handle()
                finally:
                    if type(result) is not CoroutineType:
                        group._active = None
                        if group._on_free:
                            group.ending_execution(entity)
                if type(result) is CoroutineType:
                    self._run_task(Task(result), entity)

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it; returns without one when the time is up."""
        deadline = self._deadline(timeout_sec)
        while True:
            try:
                entry = self._next_entry(deadline)
            except (TimeoutException, ShutdownException, ConditionReachedException):
                return
            if type(entry) is tuple:
                self._run_task(*entry)
                return
            if self._execute(entry):
                return

    def spin_once_until_future_complete(
        self, future: Future, timeout_sec: float | None = None
    ) -> None:
        """Wait for one callback (or for the future) and run it."""
        self._awaited_future = future
        try:
            self.spin_once(timeout_sec)
        finally:
            self._awaited_future = None

    def spin_until_future_complete(self, future: Future, timeout_sec: float | None = None) -> None:
        """Run callbacks until the future is done or the time is up."""
        if timeout_sec is None and not self._has_more_than_data():

            def stop(_: Future) -> None:
                self.wake()

            stop._immediate = True  # type: ignore[attr-defined]
            future.add_done_callback(stop)
            self._serve_data(future, NEVER_NS)
            future.remove_done_callback(stop)
        super().spin_until_future_complete(future, timeout_sec)


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
