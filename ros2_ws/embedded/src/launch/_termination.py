"""Ending of a process: SIGINT, then SIGTERM, then SIGKILL."""

from __future__ import annotations

import asyncio
import signal

from launch._child import ChildProcess
from launch.logging import get_logger


class Termination:
    """Asks one running process to end and insists after the timeouts."""

    def __init__(
        self, name: str, child: ChildProcess, *, sigterm_timeout_s: float, sigkill_timeout_s: float
    ) -> None:
        """Nothing is sent yet."""
        self._name = name
        self._child = child
        self._sigterm_timeout_s = sigterm_timeout_s
        self._sigkill_timeout_s = sigkill_timeout_s
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Send SIGINT; the rest follows by itself."""
        self._step(signal.SIGINT)

    def insist(self, number: signal.Signals) -> None:
        """Skip the waiting: go on with SIGTERM or SIGKILL at once."""
        self.cancel()
        self._step(number)

    def cancel(self) -> None:
        """Send no further signals."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def send(self, number: int) -> None:
        """Send a signal and say so."""
        if self._child.returncode is None:
            word = signal.Signals(number).name
            get_logger(self._name).info(f"sending signal '{word}' to process[{self._name}]")
            self._child.send_signal(number)

    def _step(self, number: signal.Signals) -> None:
        self.send(number)
        if number == signal.SIGINT:
            self._follow_up(self._sigterm_timeout_s, number, signal.SIGTERM)
        elif number == signal.SIGTERM:
            self._follow_up(self._sigkill_timeout_s, number, signal.SIGKILL)

    def _follow_up(self, delay_s: float, sent: signal.Signals, then: signal.Signals) -> None:
        def escalate() -> None:
            if self._child.returncode is None:
                get_logger(self._name).error(
                    f"process[{self._name}] failed to terminate '{delay_s:g}' seconds after "
                    f"receiving '{sent.name}', escalating to '{then.name}'"
                )
                self._step(then)

        self._timer = asyncio.get_running_loop().call_later(delay_s, escalate)
