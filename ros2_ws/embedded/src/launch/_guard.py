"""Ends the processes of a launch that was killed before it could do so itself.

Runs as a process of its own, without site packages. It reads lines ``+PID`` and ``-PID`` from
standard input; each names a process group. When the input ends, which happens however the launch
dies, the groups that are left get SIGINT, then SIGTERM, then SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
import time

GRACE_S = 5.0  # as the defaults of sigterm_timeout and sigkill_timeout
_STEP_S = 0.05


def _send(groups: set[int], number: int) -> None:
    for group in list(groups):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            groups.discard(group)
        except PermissionError:
            groups.discard(group)


def _wait(groups: set[int]) -> None:
    deadline = time.monotonic() + GRACE_S
    while groups and time.monotonic() < deadline:
        time.sleep(_STEP_S)
        _send(groups, 0)


def main() -> None:
    """Follow the launch until it ends, then clean up."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line[0] == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        _send(groups, number)
        _wait(groups)


if __name__ == "__main__":
    main()
