"""Running a launch to its end: status, order of the signals, nothing left behind."""

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sawyer_cli import launching
from sawyer_cli.checks import run_streaming
from sawyer_cli.launching import launch_command, log_tail, run_launch, stop_in_order


@pytest.fixture
def fake_ros2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the ros2 program; tests write its body."""
    path = tmp_path / "ros2"
    monkeypatch.setattr(launching, "ros2_executable", lambda: str(path))
    return path


def write(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_command_is_the_documented_one() -> None:
    arguments = {"connector": "usb", "policy": "p_controller", "episodes": 5, "record": True}
    assert launch_command(arguments) == [
        "ros2", "launch", "sawyer_bringup", "sim.launch.py",
        "connector:=usb", "policy:=p_controller", "episodes:=5", "record:=true",
    ]  # fmt: skip


def test_good_launch_is_clean_and_logged(fake_ros2: Path, tmp_path: Path) -> None:
    write(fake_ros2, 'echo "$1 $2 $ROS_DOMAIN_ID"')
    log = tmp_path / "log"
    outcome = run_launch(
        ["ros2", "launch", "x"], log, timeout_s=20.0, environment={"ROS_DOMAIN_ID": "42"}
    )
    assert outcome.clean
    assert log_tail(log) == "$ ros2 launch x\nlaunch x 42"


def test_failed_launch_is_not_clean(fake_ros2: Path, tmp_path: Path) -> None:
    write(fake_ros2, "exit 3")
    outcome = run_launch(["ros2"], tmp_path / "log", timeout_s=20.0)
    assert outcome.status == 3
    assert not outcome.clean


def test_process_left_behind_is_named_and_ended(fake_ros2: Path, tmp_path: Path) -> None:
    write(fake_ros2, "sleep 321 >/dev/null 2>&1 &\nexit 0")
    outcome = run_launch(["ros2"], tmp_path / "log", timeout_s=20.0)
    assert outcome.status == 0
    assert not outcome.clean
    assert "sleep 321" in outcome.left_behind[0]
    with pytest.raises(ProcessLookupError):
        _wait_gone(int(outcome.left_behind[0].split()[0]))


def _wait_gone(pid: int) -> None:
    done = threading.Event()
    for _ in range(100):
        os.kill(pid, 0)
        done.wait(0.05)


def test_time_limit_ends_a_launch_in_order(fake_ros2: Path, tmp_path: Path) -> None:
    write(fake_ros2, "trap 'echo interrupted; exit 0' INT\nwhile :; do sleep 0.05; done")
    log = tmp_path / "log"
    outcome = run_launch(["ros2"], log, timeout_s=0.5)
    assert outcome.interrupted
    assert not outcome.clean
    assert log_tail(log).endswith("interrupted")


def test_termination_request_shuts_the_launch_down_in_order(
    fake_ros2: Path, tmp_path: Path
) -> None:
    write(fake_ros2, "trap 'echo interrupted; exit 0' INT\nwhile :; do sleep 0.05; done")
    log = tmp_path / "log"
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)
    timer.start()
    outcome = run_launch(["ros2"], log, timeout_s=20.0)
    timer.join()
    assert outcome.interrupted
    assert log_tail(log).endswith("interrupted")
    assert signal.getsignal(signal.SIGTERM) is before


def test_launch_hears_the_interrupt_even_from_a_background_job(
    fake_ros2: Path, tmp_path: Path
) -> None:
    write(fake_ros2, "trap 'echo interrupted; exit 0' INT\nwhile :; do sleep 0.05; done")
    log = tmp_path / "log"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run_launch(["ros2"], log, timeout_s=0.5)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert log_tail(log).endswith("interrupted")


def test_deaf_launch_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "INTERRUPT_GRACE_S", 0.3)
    monkeypatch.setattr(launching, "TERMINATE_GRACE_S", 0.3)
    code = (
        "import signal, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"deaf\n"
        stop_in_order(process)
        assert process.returncode == -signal.SIGKILL


def test_tick_is_called_while_the_launch_runs(fake_ros2: Path, tmp_path: Path) -> None:
    write(fake_ros2, "sleep 0.5")
    ticks: list[int] = []
    run_launch(["ros2"], tmp_path / "log", timeout_s=20.0, on_tick=lambda: ticks.append(1))
    assert ticks


def test_tests_can_interrupt_what_they_start_even_in_a_background_job(tmp_path: Path) -> None:
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status, last = run_streaming([sys.executable, "-c", code], tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (status, last) == (0, "False")
