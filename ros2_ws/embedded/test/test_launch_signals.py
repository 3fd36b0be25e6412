"""Launch as a process: Ctrl-C, SIGTERM, SIGQUIT, and what is left after SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHILD = """
import os, signal, sys, time
ignored = sys.argv[2:]
def handle(number, frame):
    name = signal.Signals(number).name
    with open(sys.argv[1], "a") as stream:
        stream.write(name + "\\n")
    if name not in ignored:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, handle)
print("ready", os.getpid(), flush=True)
while True:
    time.sleep(60)
"""
PARENT = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess
service = LaunchService()
command = [sys.executable, "-c", sys.argv[1], *sys.argv[2:]]
service.include_launch_description(
    LaunchDescription([ExecuteProcess(cmd=command, name="child", output="screen")])
)
sys.exit(service.run())
"""


class Launch:
    """A launch with one child, in a process of its own."""

    def __init__(self, tmp_path: Path, ignored: tuple[str, ...]) -> None:
        self.record = tmp_path / "signals"
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", PARENT, CHILD, str(self.record), *ignored],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "ROS_LOG_DIR": str(tmp_path / "log")},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        self.child_pid = int(self.expect("ready").split()[-1])

    def expect(self, text: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if text in line:
                return line
        pytest.fail(f"no line with {text!r} in {self.lines}")

    def finish(self) -> int:
        assert self.process.stdout is not None
        self.lines += self.process.stdout.readlines()
        return self.process.wait(30)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def signals(self) -> list[str]:
        return self.record.read_text().split() if self.record.exists() else []


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Launch]]:
    started: list[Launch] = []

    def begin(*ignored: str) -> Launch:
        started.append(Launch(tmp_path, ignored))
        return started[-1]

    yield begin
    for launch in started:
        for pid in (launch.process.pid, launch.child_pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        launch.process.wait(10)
        assert launch.process.stdout is not None
        launch.process.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_shuts_down_in_order(start: Callable[..., Launch], number: int) -> None:
    launch = start()
    launch.process.send_signal(number)
    assert launch.finish() == 0
    assert launch.signals == ["SIGINT"], "exactly one signal, from the launch"
    assert "process has finished cleanly" in launch.output


def test_ctrl_c_in_a_terminal_reaches_the_child_once(start: Callable[..., Launch]) -> None:
    launch = start()
    os.killpg(launch.process.pid, signal.SIGINT)  # as a terminal does: the whole group
    assert launch.finish() == 0
    assert launch.signals == ["SIGINT"]


def test_a_second_ctrl_c_is_ignored_and_a_sigterm_insists(start: Callable[..., Launch]) -> None:
    launch = start("SIGINT")
    launch.process.send_signal(signal.SIGINT)
    launch.expect("sending signal 'SIGINT'")
    launch.process.send_signal(signal.SIGINT)
    launch.expect("(SIGINT) again, ignoring...")
    started_s = time.monotonic()
    launch.process.send_signal(signal.SIGTERM)
    assert launch.finish() == 0
    assert time.monotonic() - started_s < 4.0, "not after the five seconds of sigterm_timeout"
    assert launch.signals == ["SIGINT", "SIGTERM"]


def test_sigquit_kills_at_once(start: Callable[..., Launch]) -> None:
    launch = start("SIGINT", "SIGTERM")
    launch.process.send_signal(signal.SIGQUIT)
    started_s = time.monotonic()
    assert launch.finish() == 0
    assert time.monotonic() - started_s < 4.0
    assert "exit code -9" in launch.output


@pytest.mark.parametrize("whole_group", [False, True])
def test_no_orphans_when_the_launch_is_killed(
    start: Callable[..., Launch], whole_group: bool
) -> None:
    launch = start()
    if whole_group:
        os.killpg(launch.process.pid, signal.SIGKILL)
    else:
        launch.process.kill()
    deadline_s = time.monotonic() + 10.0
    while is_alive(launch.child_pid):
        assert time.monotonic() < deadline_s, "the child has outlived its launch"
        time.sleep(0.02)
    assert launch.signals == ["SIGINT"], "the child could still end in order"


def test_a_closed_standard_output_ends_the_launch(start: Callable[..., Launch]) -> None:
    launch = start()
    assert launch.process.stdout is not None
    launch.process.stdout.close()
    os.kill(launch.child_pid, signal.SIGTERM)  # the launch has something to say now
    assert launch.process.wait(30) == 0
