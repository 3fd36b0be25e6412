"""Launch with real processes: start, output, respawn, event handlers, ordered shutdown."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from launch import LaunchDescription, LaunchService
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    GroupAction,
    LogInfo,
    OpaqueCoroutine,
    OpaqueFunction,
    RegisterEventHandler,
    Shutdown,
    TimerAction,
    UnregisterEventHandler,
)
from launch.event_handlers import (
    OnExecutionComplete,
    OnProcessExit,
    OnProcessIO,
    OnProcessStart,
    OnShutdown,
)
from launch.events import matches_action
from launch.events.process import ShutdownProcess, SignalProcess
from launch.substitutions import LaunchConfiguration, LocalSubstitution

# Says when it is ready and which signals it gets; ignores those named in its arguments.
CHILD = """
import os, signal, sys, time
ignored = sys.argv[1:]
def handle(number, frame):
    name = signal.Signals(number).name
    os.write(1, f"got {name}\\n".encode())
    if name not in ignored:
        sys.exit(0)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, handle)
os.write(1, b"ready\\n")
while True:
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def log_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.delenv("OVERRIDE_LAUNCH_PROCESS_OUTPUT", raising=False)
    return tmp_path / "log"


def python(code: str, *arguments: str, **settings: Any) -> ExecuteProcess:
    return ExecuteProcess(cmd=[sys.executable, "-c", code, *arguments], **settings)


def child(*ignored: str, **settings: Any) -> ExecuteProcess:
    return python(CHILD, *ignored, name="child", output="screen", **settings)


def when_ready(process: ExecuteProcess, *entities: Any) -> RegisterEventHandler:
    """Bring entities when the process says that it is ready."""

    def react(event: Any) -> list[Any] | None:
        return list(entities) if b"ready" in event.text else None

    return RegisterEventHandler(OnProcessIO(target_action=process, on_stdout=react))


def launch(*entities: Any) -> LaunchService:
    service = LaunchService()
    service.include_launch_description(LaunchDescription(entities))
    service.test_status = service.run()  # type: ignore[attr-defined]
    return service


def statuses(service: LaunchService) -> list[int]:
    return [result.returncode for result in service.process_results]


def test_an_error_between_the_events_ends_the_launch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from launch.logging import ProcessOutput

    def fail(self: Any) -> None:
        raise ValueError("cannot flush")

    monkeypatch.setattr(ProcessOutput, "flush", fail)
    service = launch(python("print('x')"), child())
    assert service.test_status == 1  # type: ignore[attr-defined]
    assert "ValueError: cannot flush" in capsys.readouterr().out


def test_a_failing_process_does_not_fail_the_launch(capsys: pytest.CaptureFixture[str]) -> None:
    service = launch(python("import sys; sys.exit(3)", name="bad"))
    assert service.test_status == 0  # type: ignore[attr-defined]
    assert statuses(service) == [3]
    assert "[ERROR] [bad-1]: process has died [pid " in capsys.readouterr().out


def test_an_executable_that_does_not_exist_fails_the_launch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    process = child()
    service = launch(process, ExecuteProcess(cmd=["/no/such/program"]))
    assert service.test_status == 1  # type: ignore[attr-defined]
    assert "cannot start 'program-2' ('/no/such/program')" in capsys.readouterr().out
    assert process.return_code is not None, "the others have to be ended"


def test_respawn_with_a_limit_and_a_delay(tmp_path: Path) -> None:
    path = tmp_path / "times"
    code = f"import time; open({str(path)!r}, 'a').write(f'{{time.monotonic()}}\\n')"
    service = launch(python(code, respawn=True, respawn_delay=0.2, respawn_max_retries=2))
    times_s = [float(line) for line in path.read_text().split()]
    assert statuses(service) == [0, 0, 0]
    assert all(b - a >= 0.2 for a, b in itertools.pairwise(times_s))


def test_respawn_ends_with_the_launch() -> None:
    crash = python("import sys; sys.exit(1)", respawn=True, respawn_delay=60.0)
    started_s = time.monotonic()
    service = launch(
        crash, RegisterEventHandler(OnProcessExit(target_action=crash, on_exit=Shutdown()))
    )
    assert statuses(service) == [1]
    assert time.monotonic() - started_s < 30.0


def test_respawn_can_be_a_substitution() -> None:
    service = launch(
        DeclareLaunchArgument("respawn", default_value="false"),
        python("", respawn=LaunchConfiguration("respawn")),
    )
    assert statuses(service) == [0]


def test_event_handlers_see_start_output_and_end(capsys: pytest.CaptureFixture[str]) -> None:
    first = python(
        "import os; os.write(1, b'hello\\n')", name="first", on_exit=[LogInfo(msg="own handler")]
    )
    second = python("", name="second")
    seen: list[tuple[str, Any]] = []

    def on_exit(event: Any, context: Any) -> Any:
        seen.append(("exit", event.returncode, event.process_name))  # type: ignore[arg-type]
        return second

    launch(
        RegisterEventHandler(
            OnProcessStart(
                target_action=first,
                on_start=[LogInfo(msg=["started ", LocalSubstitution("event.process_name")])],
            )
        ),
        RegisterEventHandler(
            OnProcessIO(
                target_action=first, on_stdout=lambda event: seen.append(("out", event.text))
            )
        ),
        RegisterEventHandler(OnProcessExit(target_action=first, on_exit=on_exit)),
        first,
    )
    assert seen == [("out", b"hello\n"), ("exit", 0, "first-1")]
    output = capsys.readouterr().out
    assert "started first-1" in output
    assert "own handler" in output
    assert "[second-2]: process started" in output


def test_handlers_can_be_removed_and_can_be_meant_for_one_event() -> None:
    seen: list[str] = []

    def note(name: str) -> OpaqueFunction:
        def function(context: Any) -> None:
            seen.append(name)

        return OpaqueFunction(function=function)

    removed = OnProcessStart(on_start=[note("removed")])
    launch(
        RegisterEventHandler(removed),
        RegisterEventHandler(OnProcessStart(on_start=[note("once")], handle_once=True)),
        RegisterEventHandler(OnProcessStart(on_start=[note("always")])),
        GroupAction(
            [RegisterEventHandler(OnProcessStart(on_start=[note("in group")], handle_once=True))]
        ),
        UnregisterEventHandler(removed),
        python(""),
        python(""),
    )
    assert sorted(seen) == ["always", "always", "in group", "once"]


def test_completion_and_shutdown_handlers(capsys: pytest.CaptureFixture[str]) -> None:
    timer = TimerAction(period=0.01, actions=[])
    reasons: list[str] = []

    async def coroutine(context: Any) -> None:
        await asyncio.sleep(60)

    service = launch(
        RegisterEventHandler(
            OnShutdown(on_shutdown=lambda event, context: reasons.append(event.reason))
        ),
        RegisterEventHandler(
            OnExecutionComplete(target_action=timer, on_completion=[Shutdown(reason="enough")])
        ),
        OpaqueCoroutine(coroutine=coroutine),
        timer,
        TimerAction(period=60.0, actions=[LogInfo(msg="never")]),
    )
    assert service.test_status == 0  # type: ignore[attr-defined]
    assert reasons == ["enough"]
    assert "never" not in capsys.readouterr().out


def test_an_exception_in_a_handler_ends_the_launch_with_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    process = child()

    def fail(event: Any) -> None:
        raise ValueError("oh no")

    service = launch(
        RegisterEventHandler(OnProcessIO(target_action=process, on_stdout=fail)), process
    )
    assert service.test_status == 1  # type: ignore[attr-defined]
    assert "ValueError: oh no" in capsys.readouterr().out
    assert process.return_code is not None


def test_signals_reach_the_chosen_process(capsys: pytest.CaptureFixture[str]) -> None:
    process, other = child("SIGUSR1"), child("SIGUSR1")
    usr1 = EmitEvent(
        event=SignalProcess(signal_number="SIGUSR1", process_matcher=matches_action(process))
    )
    launch(
        when_ready(process, usr1, TimerAction(period=0.2, actions=[Shutdown()])),
        process,
        other,
    )
    output = capsys.readouterr().out
    assert "[child-1] got SIGUSR1" in output
    assert "[child-2] got SIGUSR1" not in output
    with pytest.raises(ValueError, match="'SIGNOPE', allowed: "):
        SignalProcess(signal_number="SIGNOPE", process_matcher=lambda action: True)


def test_one_process_can_be_ended_alone() -> None:
    process, other = child(), python("import time; time.sleep(0.5)")
    end = EmitEvent(event=ShutdownProcess(process_matcher=matches_action(process)))
    service = launch(when_ready(process, end), process, other)
    assert [result.during_shutdown for result in service.process_results] == [False, False]
    assert statuses(service) == [0, 0]


def test_shutdown_is_sigint_first(capsys: pytest.CaptureFixture[str]) -> None:
    process = child()
    service = launch(when_ready(process, Shutdown()), process)
    output = capsys.readouterr().out
    assert statuses(service) == [0]
    assert "sending signal 'SIGINT' to process[child-1]" in output
    assert "[child-1] got SIGINT" in output
    assert "SIGTERM" not in output


def test_who_ignores_sigint_gets_sigterm(capsys: pytest.CaptureFixture[str]) -> None:
    process = child("SIGINT", sigterm_timeout="0.3")
    started_s = time.monotonic()
    service = launch(when_ready(process, Shutdown()), process)
    output = capsys.readouterr().out
    assert statuses(service) == [0]
    assert time.monotonic() - started_s >= 0.3
    assert output.index("got SIGINT") < output.index("'SIGINT', escalating to 'SIGTERM'")
    assert output.index("escalating to 'SIGTERM'") < output.index("got SIGTERM")
    assert "SIGKILL" not in output


def test_who_ignores_both_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    process = child("SIGINT", "SIGTERM", sigterm_timeout="0.2", sigkill_timeout=0.2)
    polite = child()
    service = launch(when_ready(process, TimerAction(period=0.3, actions=[Shutdown()])), process,
                     polite)  # fmt: skip
    output = capsys.readouterr().out
    assert sorted(statuses(service)) == [-signal.SIGKILL, 0]
    assert "failed to terminate '0.2' seconds after receiving 'SIGTERM'" in output
    assert output.index("[child-1] got SIGTERM") < output.index("'SIGKILL' to process[child-1]")
    assert "'SIGTERM' to process[child-2]" not in output


def test_children_of_a_dead_process_do_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    code = (
        "import subprocess, sys\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(path)!r}, 'w').write(str(p.pid))\n"
    )
    launch(python(code))
    try:
        status = Path(f"/proc/{path.read_text()}/stat").read_text()
    except FileNotFoundError:
        return
    assert status.rpartition(")")[2].split()[0] == "Z", "dead, but nobody has collected it"


def test_an_action_cannot_be_executed_twice(capsys: pytest.CaptureFixture[str]) -> None:
    process = python("")
    assert launch(process, process).test_status == 1  # type: ignore[attr-defined]
    assert "was executed more than once" in capsys.readouterr().out


def test_a_launch_can_be_ended_from_another_thread() -> None:
    service = LaunchService()
    process = child()
    service.include_launch_description(LaunchDescription([process]))
    threading.Timer(0.5, service.shutdown).start()
    assert service.run() == 0
    assert process.return_code is not None


def test_a_launch_runs_in_a_thread_and_in_a_given_loop() -> None:
    results: list[int] = []

    def run() -> None:
        service = LaunchService()
        service.include_launch_description(LaunchDescription([python("")]))
        results.append(service.run())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)

    async def main() -> int:
        service = LaunchService()
        service.include_launch_description(LaunchDescription([child()]))
        task = asyncio.ensure_future(service.run_async())
        await asyncio.sleep(0.5)
        await service.shutdown()  # type: ignore[misc]
        return await task

    assert results == [0]
    assert asyncio.run(main()) == 0


def test_a_cancelled_launch_ends_its_processes_first() -> None:
    process = child("SIGINT", sigterm_timeout="0.2")

    async def main() -> None:
        service = LaunchService()
        service.include_launch_description(LaunchDescription([process]))
        task = asyncio.ensure_future(service.run_async())
        await asyncio.sleep(0.5)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(main())
    assert process.return_code is not None


def test_without_shutdown_when_idle_a_launch_waits_for_more() -> None:
    service = LaunchService()
    process = python("")
    timer = threading.Timer(
        0.2, service.include_launch_description, [LaunchDescription([process])]
    )
    timer.start()
    threading.Timer(1.0, service.shutdown).start()
    assert service.run(shutdown_when_idle=False) == 0
    assert process.return_code == 0
