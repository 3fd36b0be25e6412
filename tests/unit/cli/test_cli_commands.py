"""Commands end to end where no graph is needed: refusals, folders, display, hand-through."""

import io
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from sawyer_cli import checks, main, paths
from sawyer_cli.app import run
from sawyer_cli.choices import connectors
from sawyer_cli.demo import DemoRequest, session_problems
from sawyer_cli.display import SessionDisplay
from sawyer_cli.domains import own_domain
from sawyer_cli.listener import GraphListener, GraphView
from sawyer_cli.results import EpisodeRow
from sawyer_core.errors import RecordingError


def test_unknown_connector_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--connector", "usb_c"]) == 2
    error = capsys.readouterr().err
    assert "dsub, model_e, usb" in error
    assert "Did you mean 'usb'" in error


def test_unknown_policy_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "insertion", "--policy", "spiral"]) == 2
    assert "p_controller" in capsys.readouterr().err


def test_unknown_command_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["tset"]) == 2
    assert "test" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["eval"], ["bag"], ["bench"]])
def test_commands_without_arguments_show_help(
    words: "list[str]", capsys: pytest.CaptureFixture[str]
) -> None:
    run(words)
    captured = capsys.readouterr()
    assert "Usage" in captured.out + captured.err


def test_demo_refuses_a_folder_that_holds_something(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").touch()
    assert run(["demo", "--policy", "p_controller", "--out", str(tmp_path)]) == 2
    assert "not an empty folder" in capsys.readouterr().err


def test_demo_runs_the_documented_launch(tmp_path: Path) -> None:
    command = " ".join(DemoRequest().command(tmp_path))
    assert command == (
        "ros2 launch sawyer_bringup sim.launch.py connector:=usb policy:=p_controller "
        f"episodes:=5 record:=true overview:=true output_dir:={tmp_path}"
    )
    changed = DemoRequest(noise_mm=1.0, seed=3, clock="realtime").command(tmp_path)
    assert {"noise_mm:=1.0", "seed:=3", "clock:=realtime"} <= set(changed)


def episode(*, valid: bool = True, success: bool = True) -> EpisodeRow:
    return EpisodeRow(0, 1, success, valid, "why", 10, 1.0, 5.0, 0.2, 0.1)


def test_missed_socket_is_a_result_but_a_lost_episode_is_a_problem() -> None:
    request = DemoRequest(episodes=1)
    assert session_problems(request, [episode(success=False)]) == []
    assert "not valid" in session_problems(request, [episode(valid=False)])[0]
    assert "0 of 1" in session_problems(request, [])[0]


def test_tasks_of_another_kind_are_no_connectors() -> None:
    assert connectors() == ("dsub", "model_e", "usb")


def test_missing_torch_is_said_by_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**given: object) -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr("sawyer_cli.app.app", fail)
    assert run(["train"]) == 1
    assert "SAWYER_TORCH=auto ./sawyer setup" in capsys.readouterr().err


def test_bag_verify_of_nothing_is_a_clear_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bag", "verify", str(tmp_path / "nowhere")]) == 2
    assert "there is nothing at" in capsys.readouterr().err
    assert run(["bag", "verify", str(tmp_path)]) == 2
    assert "there is no bag in" in capsys.readouterr().err


def test_bag_verify_of_rubbish_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "episode_0000.mcap").write_bytes(b"no such format" * 10)
    assert run(["bag", "verify", str(tmp_path)]) == 1


def test_run_folders_never_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "repository_root", lambda: tmp_path)
    folders = {paths.new_run_folder("demo", None) for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.parent == tmp_path / "runs" for folder in folders)


def test_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "result.json"
    paths.write_atomically(target, "old")
    with pytest.raises(UnicodeEncodeError):
        paths.write_atomically(target, "new \udcff")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(target.parent.iterdir()) == [target]


def test_selecting_tests_runs_only_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []

    def note(command: "tuple[str, ...]", folder: Path) -> "tuple[int, str]":
        seen.append(command)
        return 0, "1 passed in 0.01s"

    monkeypatch.setattr(checks, "run_streaming", note)
    assert checks.run_checks(paths=["tests/unit/cli"], keyword="x", fast=True) == 0
    assert seen[0][-3:] == ("-k", "x", "tests/unit/cli")
    assert "not hardware and not slow" in seen[0]


def test_pytest_closing_line_comes_last_and_failures_count(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closing = "3 failed, 1 passed in 0.1s"
    monkeypatch.setattr(checks, "run_streaming", lambda command, folder: (1, closing))
    assert checks.run_checks(only="pytest") == 1
    assert capsys.readouterr().out.splitlines()[-1] == closing


def test_unknown_check_lists_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["test", "--only", "lnt"]) == 2
    assert "lint, format, types, imports, pytest" in capsys.readouterr().err


def test_streaming_keeps_status_and_last_line(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo one; echo two; echo; exit 4"]
    assert checks.run_streaming(command, tmp_path) == (4, "two")


def test_ros2_is_handed_through_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(main.os, "execvp", lambda program, words: called.append(words[1:]))
    monkeypatch.setattr(main, "ros2_executable", lambda: "ros2")
    monkeypatch.setattr("sawyer_cli.app.run", lambda words: 0)
    main.main(["ros2", "topic", "list", "--help"])
    assert called == [["topic", "list", "--help"]]


def result(**changes: object) -> SimpleNamespace:
    values = {"index": 0, "success": True, "reason": "", "time_s": 2.0}
    return SimpleNamespace(**{**values, "peak_force_n": 9.0, "final_distance_mm": 0.5, **changes})


def progress(completed: int) -> SimpleNamespace:
    return SimpleNamespace(
        phase="running", message="", index=completed, episodes=2, completed=completed,
        successes=completed, failures=0, last=result(index=completed - 1),
    )  # fmt: skip


def test_listener_keeps_each_result_once_and_the_peak_of_the_episode() -> None:
    listener = GraphListener(None)
    vector = SimpleNamespace(x=3.0, y=0.0, z=4.0)
    zero = SimpleNamespace(x=0.0, y=0.0, z=0.0)
    listener.on_step(SimpleNamespace(step=0, distance_mm=9.0, force=zero, force_peak=vector))
    listener.on_step(SimpleNamespace(step=1, distance_mm=8.0, force=zero, force_peak=zero))
    assert listener.view.peak_force_n == 5.0
    listener.on_progress(progress(1))
    listener.on_progress(progress(1))
    listener.on_progress(progress(2))
    assert [r.index for r in listener.view.ended] == [0, 1]
    listener.on_step(SimpleNamespace(step=0, distance_mm=9.0, force=zero, force_peak=zero))
    assert listener.view.peak_force_n == 0.0


def test_two_commands_get_two_domains_and_a_given_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    with own_domain(tmp_path) as first, own_domain(tmp_path) as second:
        assert first != second
        assert {int(first), int(second)} <= set(range(215, 232))
    with own_domain(tmp_path) as again:
        assert again == first
    monkeypatch.setenv("ROS_DOMAIN_ID", "0")
    with own_domain(tmp_path) as given:
        assert given == "0"


def test_result_file_is_tried_before_the_long_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    for target in (file / "result.json", tmp_path):
        assert run(["eval", "insertion", "--episodes", "100000", "--json", str(target)]) == 2
        assert f"cannot write {target}" in capsys.readouterr().err


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RecordingError("bad")])
def test_expected_errors_become_one_line(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(request: object, folder: object) -> None:
        raise error

    monkeypatch.setattr("sawyer_cli.evaluate.evaluate", fail)
    assert run(["eval", "insertion"]) == 1
    assert capsys.readouterr().err == f"sawyer: {error}\n"


@pytest.mark.parametrize(("valid", "status"), [(True, 0), (False, 1)])
def test_evaluation_with_a_lost_episode_says_so_and_fails(
    valid: bool,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [episode(), episode(valid=valid)]
    monkeypatch.setattr("sawyer_cli.evaluate.run_gym", lambda request: rows)
    file = tmp_path / "result.json"
    assert run(["eval", "insertion", "--episodes", "2", "--json", str(file)]) == status
    written = json.loads(file.read_text(encoding="utf-8"))
    assert (written["episodes"], written["invalid"]) == ((2, 0) if valid else (1, 1))
    assert ("1 of 2" in capsys.readouterr().out) is not valid


def test_listener_that_fails_says_so_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: GraphListener) -> None:
        raise RuntimeError("no network")

    monkeypatch.setattr(GraphListener, "_spin", broken)
    with GraphListener(None) as listener:
        pass
    assert listener.failure == "RuntimeError: no network"
    assert not listener.view.heard


@pytest.mark.parametrize("terminal", [True, False])
def test_display_shows_every_result(terminal: bool) -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100)
    missed = result(index=1, success=False, reason="horizon")
    view = GraphView(heard=True, episodes=2, completed=2, ended=(result(), missed))
    with SessionDisplay(console, 2) as display:
        display.update(GraphView())
        display.update(view)
        display.update(view)
    text = output.getvalue()
    assert ("2/2 episodes" in text) if terminal else (text.count("horizon") == 1)
    assert math.isnan(GraphView().force_n)


def test_import_of_a_talkative_extension_is_silent(tmp_path: Path) -> None:
    code = (
        "from sawyer_cli.quiet import import_quietly\n"
        "print('before'); import_quietly('pybullet'); print('after')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "before\nafter\n"


def test_doctor_json_free_report_names_python(capsys: pytest.CaptureFixture[str]) -> None:
    run(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert any("python" in line for line in lines)
    assert json.dumps(lines)
