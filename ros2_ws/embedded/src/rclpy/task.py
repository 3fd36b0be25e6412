"""Futures, and tasks that an executor runs."""

from __future__ import annotations

import sys
import threading
import warnings
import weakref
from collections.abc import Callable, Generator
from types import CoroutineType
from typing import Any

_PENDING, _CANCELLED, _FINISHED = range(3)


class Future:
    """The result of something that ends later."""

    def __init__(self, *, executor: Any = None) -> None:
        self._state = _PENDING
        self._result: Any = None
        self._exception: BaseException | None = None
        self._exception_fetched = False
        self._callbacks: list[Callable[[Any], None]] = []
        self._lock = threading.Lock()
        self._executor: Any = None
        if executor is not None:
            self._set_executor(executor)

    def __del__(self) -> None:
        if getattr(self, "_exception", None) is not None and not self._exception_fetched:
            print(f"The following exception was never retrieved: {self._exception}",
                  file=sys.stderr)  # fmt: skip

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait, in a coroutine that an executor runs."""
        while self._state == _PENDING:
            yield self
        return self.result()

    def cancel(self) -> None:
        """Cancel unless done already."""
        with self._lock:
            if self._state == _PENDING:
                self._state = _CANCELLED
        self._run_callbacks()

    def cancelled(self) -> bool:
        """Say whether it was cancelled."""
        return self._state == _CANCELLED

    def done(self) -> bool:
        """Say whether there is a result, an exception or a cancellation."""
        return self._state != _PENDING

    def result(self) -> Any:
        """Return the result (None while pending), or raise the exception."""
        if self._exception is not None:
            raise self.exception()  # type: ignore[misc]
        return self._result

    def exception(self) -> BaseException | None:
        """Return the exception, None where there is none."""
        self._exception_fetched = True
        return self._exception

    def set_result(self, result: Any) -> None:
        """End with a result."""
        with self._lock:
            self._result = result
            self._state = _FINISHED
        self._run_callbacks()

    def set_exception(self, exception: BaseException) -> None:
        """End with an exception."""
        with self._lock:
            self._exception = exception
            self._exception_fetched = False
            self._state = _FINISHED
        self._run_callbacks()

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """Call back with the future when it is done (at once where it is)."""
        with self._lock:
            if self._state == _PENDING:
                self._callbacks.append(callback)
                return
        self._invoke(callback)

    def remove_done_callback(self, callback: Callable[[Any], None]) -> bool:
        """Forget a callback; say whether there was one."""
        with self._lock:
            count = len(self._callbacks)
            self._callbacks = [entry for entry in self._callbacks if entry != callback]
            return len(self._callbacks) != count

    def _set_executor(self, executor: Any) -> None:
        """Let an executor run the callbacks."""
        self._executor = None if executor is None else weakref.ref(executor)

    def _run_callbacks(self) -> None:
        with self._lock:
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self._invoke(callback)

    def _invoke(self, callback: Callable[[Any], None]) -> None:
        executor = self._executor() if self._executor is not None else None
        if executor is not None and not getattr(callback, "_immediate", False):
            executor.create_task(callback, self)
            return
        try:
            callback(self)
        except Exception as err:
            warnings.warn(f"Unhandled exception in done callback: {err}", stacklevel=2)


class Task(Future):
    """A function or coroutine that an executor runs to its end."""

    def __init__(
        self,
        handler: Callable[..., Any] | Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
        executor: Any = None,
    ) -> None:
        super().__init__(executor=executor)
        self._handler: Any = handler
        self._args = args or ()
        self._kwargs = kwargs or {}
        self._executing = False
        self._task_lock = threading.Lock()
        self._waits_for: Future | None = None

    def __call__(self) -> None:
        """Run the function, or the coroutine up to its next wait."""
        if self.done() or not self._task_lock.acquire(blocking=False):
            return
        try:
            self._executing = True
            if isinstance(self._handler, CoroutineType):
                self._step()
            else:
                self._run()
        finally:
            self._executing = False
            self._task_lock.release()

    def _run(self) -> None:
        try:
            result = self._handler(*self._args, **self._kwargs)
        except Exception as err:
            self.set_exception(err)
        else:
            if isinstance(result, CoroutineType):
                self._handler = result
                self._step()
                return
            self.set_result(result)
        self._handler = self._args = self._kwargs = None  # type: ignore[assignment]

    def _step(self) -> None:
        self._waits_for = None
        try:
            awaited = self._handler.send(None)
        except StopIteration as end:
            self.set_result(end.value)
            self._handler = None
        except Exception as err:
            self.set_exception(err)
            self._handler = None
        else:
            self._waits_for = awaited if isinstance(awaited, Future) else None

    def executing(self) -> bool:
        """Say whether it is running right now."""
        return self._executing

    def cancel(self) -> None:
        """Cancel, and close the coroutine."""
        if isinstance(self._handler, CoroutineType) and not self._executing:
            self._handler.close()
        super().cancel()
