"""A wake-up that is never lost and may come from a signal handler."""

from __future__ import annotations

import threading
import weakref
from typing import Any


class Waker:
    """Lets one thread wait until another (or a signal handler) wakes it.

    A wake-up that comes before the wait ends that wait at once; several count as one.
    """

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def wake(self) -> None:
        """End the present or the next wait."""
        try:
            self._lock.release()
        except RuntimeError:
            return  # it has been woken already

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for a wake-up; returns False when the time is up first."""
        if timeout_s is None:
            return self._lock.acquire()
        return self._lock.acquire(timeout=min(max(timeout_s, 0.0), threading.TIMEOUT_MAX))


class _ShutdownFanOut:
    """One shutdown callback per context, however many threads sleep on it."""

    def __init__(self) -> None:
        self.wakers: set[Waker] = set()
        self.registered = False

    def wake_all(self) -> None:
        self.registered = False  # a context that is initialised again forgets its callbacks
        for waker in tuple(self.wakers):
            waker.wake()


_fan_outs: weakref.WeakKeyDictionary[Any, _ShutdownFanOut] = weakref.WeakKeyDictionary()
_fan_outs_lock = threading.RLock()


class wake_on_shutdown:
    """Context manager: the shutdown of a context wakes ``waker`` while it is inside."""

    def __init__(self, context: Any, waker: Waker) -> None:
        self._waker = waker
        self._context = context
        with _fan_outs_lock:
            fan_out = _fan_outs.get(context)
            if fan_out is None:
                fan_out = _fan_outs[context] = _ShutdownFanOut()
            if not fan_out.registered:
                fan_out.registered = True
                context.on_shutdown(fan_out.wake_all)
        self._fan_out = fan_out

    def __enter__(self) -> Waker:
        self._fan_out.wakers.add(self._waker)
        if not self._context.ok():
            self._waker.wake()  # the shutdown came before
        return self._waker

    def __exit__(self, *exc_info: object) -> None:
        self._fan_out.wakers.discard(self._waker)
