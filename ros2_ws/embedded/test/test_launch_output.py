"""What launched processes print, and where they run."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from launch import LaunchDescription, LaunchService
from launch.actions import ExecuteProcess, SetEnvironmentVariable, SetLaunchConfiguration
from launch.substitutions import LaunchConfiguration


@pytest.fixture(autouse=True)
def log_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.delenv("OVERRIDE_LAUNCH_PROCESS_OUTPUT", raising=False)
    return tmp_path / "log"


def python(code: str, *arguments: str, **settings: Any) -> ExecuteProcess:
    return ExecuteProcess(cmd=[sys.executable, "-c", code, *arguments], **settings)


def launch(*entities: Any) -> LaunchService:
    service = LaunchService()
    service.include_launch_description(LaunchDescription(entities))
    service.test_status = service.run()  # type: ignore[attr-defined]
    return service


def statuses(service: LaunchService) -> list[int]:
    return [result.returncode for result in service.process_results]


def test_output_goes_where_it_should(log_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('to out'); print('to err', file=sys.stderr); print('no end', end='')"
    service = launch(*[python(code, name=name, output=name) for name in ("screen", "log", "both")])
    assert statuses(service) == [0, 0, 0]
    output = capsys.readouterr().out
    (log,) = log_dir.glob("*/launch.log")
    logged = log.read_text()
    for name, number, on_screen, in_log in (
        ("screen", 1, True, False), ("log", 2, False, True), ("both", 3, True, True),
    ):  # fmt: skip
        assert (f"[{name}-{number}] to out\n" in output) is on_screen
        assert (f"[{name}-{number}] to out\n" in logged) is in_log
        assert f"[{name}-{number}] to err\n" in output
        assert (f"[{name}-{number}] no end\n" in output) is on_screen
    assert "[INFO] [screen-1]: process has finished cleanly [pid " in output


def test_a_failing_log_folder_does_not_end_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "file"))
    service = launch(python("print('hello')", output="full", name="speaker"))
    assert statuses(service) == [0]
    output = capsys.readouterr().out
    assert output.count("no log files from here on: ") == 1
    assert "[speaker-1] hello" in output


def test_a_screen_that_cannot_show_a_character_shows_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    code = "import os; os.write(1, b'gr\\xc3\\xbcn\\n'); os.write(1, b'\\xff done\\n')"
    service = launch(python(code, output="screen", name="speaker"))
    output = screen.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert service.test_status == 0  # type: ignore[attr-defined]
    assert "[speaker-1] gr?n\n" in output
    assert "[speaker-1] ? done\n" in output


def test_output_settings_are_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch(python("", output="scren")).test_status == 1  # type: ignore[attr-defined]
    assert "output is 'scren', allowed: screen, log, both" in capsys.readouterr().out


def test_folder_environment_shell_and_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ.get('A'), os.environ.get('B'), sys.argv)"
    launch(
        SetEnvironmentVariable("A", "1"),
        SetLaunchConfiguration("x", "val"),
        python(
            code, "two words", ["a", LaunchConfiguration("x")], "",  # type: ignore[arg-type]
            cwd=str(tmp_path), additional_env={"B": "2"}, output="screen",
        ),
        python(code, env={"B": "3"}, output="screen"),
        ExecuteProcess(cmd=["echo", "$A", "|", "tr", "1", "9"], shell=True, output="screen"),
    )  # fmt: skip
    output = capsys.readouterr().out
    assert f"{tmp_path} 1 2 ['-c', 'two words', 'aval', '']" in output
    assert "None 3 ['-c']" in output
    assert "] 9\n" in output


def test_a_pseudo_terminal_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print(sys.stdout.isatty(), sys.stderr.isatty())"
    launch(
        python(code, output="screen", emulate_tty=True, name="tty"),
        python(code, output="screen", name="pipe"),
    )
    output = capsys.readouterr().out
    assert "[tty-1] True True\n" in output
    assert "[pipe-2] False False\n" in output
