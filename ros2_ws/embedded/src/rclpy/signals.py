"""SIGINT and SIGTERM: shut the contexts down and wake whoever waits in the middleware."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import weakref
from enum import Enum
from types import FrameType
from typing import Any


class SignalHandlerOptions(Enum):
    """Which signals shut the contexts down."""

    NO = 0
    SIGINT = 1
    SIGTERM = 2
    ALL = 3


_SIGNALS = {
    SignalHandlerOptions.NO: (),
    SignalHandlerOptions.SIGINT: (signal.SIGINT,),
    SignalHandlerOptions.SIGTERM: (signal.SIGTERM,),
    SignalHandlerOptions.ALL: (signal.SIGINT, signal.SIGTERM),
}
_contexts: weakref.WeakSet[Any] = weakref.WeakSet()
_wakeables: weakref.WeakSet[Any] = weakref.WeakSet()
_previous: dict[int, Any] = {}
_current = SignalHandlerOptions.NO
_pipe: tuple[int, int] | None = None
_thread_pid = 0


def register_context(context: Any) -> None:
    """Shut this context down on a signal."""
    _contexts.add(context)


def register_wakeable(wakeable: Any) -> None:
    """Call ``wake()`` of this object when any signal arrives."""
    _wakeables.add(wakeable)


def install_signal_handlers(
    options: SignalHandlerOptions = SignalHandlerOptions.ALL,
) -> None:
    """Install the handlers; in other threads than the main one nothing happens."""
    global _current
    if threading.current_thread() is not threading.main_thread():
        return
    uninstall_signal_handlers()
    for number in _SIGNALS[options]:
        _previous[number] = signal.signal(number, _on_signal)
    _current = options
    if options is not SignalHandlerOptions.NO:
        _start_waker()


def uninstall_signal_handlers() -> None:
    """Put the previous handlers back."""
    global _current
    if threading.current_thread() is not threading.main_thread():
        return
    for number, handler in _previous.items():
        if signal.getsignal(number) is _on_signal:
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
    _previous.clear()
    _current = SignalHandlerOptions.NO


def get_current_signal_handlers_options() -> SignalHandlerOptions:
    """Return what is installed now."""
    return _current


def _on_signal(number: int, frame: FrameType | None) -> None:
    for context in tuple(_contexts):
        context._shutdown_by_signal()
    wake_all()
    previous = _previous.get(number)
    if callable(previous):
        previous(number, frame)


def wake_all() -> None:
    """Wake every executor."""
    for wakeable in tuple(_wakeables):
        wakeable.wake()


def _start_waker() -> None:
    """Start the thread that turns the arrival of a signal into wake-ups.

    The main thread may wait inside the C library, where Python's handlers do not run. The
    interpreter writes a byte into a pipe from the real signal handler; the thread reads it
    and triggers the guard conditions, so that the wait ends and the handlers run.
    """
    global _pipe, _thread_pid
    if _thread_pid == os.getpid():
        return
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    previous = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    _pipe = (read_end, write_end)
    _thread_pid = os.getpid()
    threading.Thread(
        target=_forward, args=(read_end, previous), name="rclpy_signals", daemon=True
    ).start()


def _forward(read_end: int, previous_fd: int) -> None:
    while True:
        data = os.read(read_end, 64)
        if not data:
            return
        if previous_fd >= 0:
            with contextlib.suppress(OSError):
                os.write(previous_fd, data)
        wake_all()
