"""The stages of the set-up, with the commands replaced by a recorder."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sawyer_cli.dev import bootstrap, setup_tools


class Recorder:
    """Stands for the commands: notes them, makes the venv, fails where it is told to."""

    def __init__(self, venv: Path) -> None:
        self.venv = venv
        self.commands: list[list[str]] = []
        self.fail_at = ""
        self.answer: dict[str, str] = {}

    def __call__(self, command: Sequence[str], *, doing: str, check: bool = True) -> str:
        self.commands.append(list(command))
        if self.fail_at and self.fail_at in doing:
            raise KeyboardInterrupt
        if "venv" in command:
            (self.venv / "bin").mkdir(parents=True, exist_ok=True)
            (self.venv / "bin" / "python").symlink_to(sys.executable)
        for word, output in self.answer.items():
            if word in doing:
                return output
        return ""

    def count(self, word: str) -> int:
        return sum(word in " ".join(command) for command in self.commands)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lock = tmp_path / f"requirements-{bootstrap.PYTHON}.lock"
    lock.write_text("# head\nnumpy==2.4.6\npip==26.3\nwheel==0.48.0\n", encoding="utf-8")
    (tmp_path / "controllers").mkdir()
    (tmp_path / "controllers" / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    return tmp_path


def make(root: Path, torch: "str | None" = None) -> "tuple[object, Recorder]":
    venv = root / ".venv"
    recorder = Recorder(venv)
    return bootstrap.Setup(root, venv, torch=torch, run=recorder), recorder


def test_everything_is_done_once(root: Path) -> None:
    setup, first = make(root)
    setup.all()
    assert first.count(" -r ") == 1
    assert first.count("torch==2.13.0+cpu") == 1
    again, second = make(root)
    again.all()
    assert second.count("-m pip") == 0
    assert second.count("embedded_ws install") == 1  # links are refreshed, which is cheap


@pytest.mark.parametrize(
    ("fail_at", "again"),
    [("making", "-m venv"), ("packages", "-r "), ("torch", "torch=="), ("libraries", "-e ")],
)
def test_interrupted_set_up_goes_on_at_the_open_stage(
    root: Path, fail_at: str, again: str
) -> None:
    setup, recorder = make(root)
    recorder.fail_at = fail_at
    with pytest.raises(KeyboardInterrupt):
        setup.all()
    resumed, second = make(root)
    resumed.all()
    assert second.count(again) == 1
    stages = ["-m venv", "-r ", "torch==", "-e "]
    for earlier in stages[: stages.index(again)]:
        assert second.count(earlier) == 0


def test_stamp_is_gone_while_the_environment_changes(root: Path) -> None:
    setup, _ = make(root)
    setup.all()
    stamp = root / ".venv" / ".sawyer" / "complete"
    stamp.write_text("whole", encoding="utf-8")
    (root / f"requirements-{bootstrap.PYTHON}.lock").write_text("pip==1\n", encoding="utf-8")
    changed, recorder = make(root)
    recorder.fail_at = "packages"
    with pytest.raises(KeyboardInterrupt):
        changed.all()
    assert not stamp.exists()


def test_half_installed_package_is_installed_again(root: Path) -> None:
    setup, _ = make(root)
    setup.all()
    packages = root / ".venv" / "lib" / f"python{bootstrap.PYTHON}" / "site-packages"
    info = packages / "numpy-2.4.6.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: numpy\n", encoding="utf-8")
    (info / "RECORD").write_text("numpy/__init__.py,,\n", encoding="utf-8")  # file not there
    again, recorder = make(root)
    again.all()
    assert not info.exists()
    assert recorder.count(" -r ") == 1


def test_moved_environment_is_made_anew(root: Path) -> None:
    setup, _ = make(root)
    setup.all()
    keepsake = root / ".venv" / "keepsake"
    keepsake.touch()
    (root / ".venv" / ".sawyer" / "identity").write_text("elsewhere\n", encoding="utf-8")
    again, recorder = make(root)
    again.all()
    assert not keepsake.exists()
    assert recorder.count("-m venv") == 1


def test_foreign_environment_is_never_touched(root: Path) -> None:
    (root / ".venv").mkdir()
    (root / ".venv" / "mine").touch()
    setup, recorder = make(root)
    with pytest.raises(setup_tools.SetupError, match="SAWYER_VENV"):
        setup.all()
    assert (root / ".venv" / "mine").exists()
    assert recorder.commands == []


def test_torch_choice_is_kept(root: Path) -> None:
    setup, recorder = make(root, "none")
    setup.all()
    assert recorder.count("torch==2.13.0") == 0
    later, second = make(root)
    later.all()
    assert second.count("torch==") == 0


def test_torch_choice_outlives_an_interruption(root: Path) -> None:
    setup, recorder = make(root, "cuda")
    recorder.fail_at = "torch"
    with pytest.raises(KeyboardInterrupt):
        setup.all()
    later, second = make(root)
    later.all()
    assert second.count("!=2.13.0+cpu") == 1


@pytest.mark.parametrize(("choice", "tried"), [("auto", True), ("cuda", True), ("none", False)])
def test_imports_of_torch_are_tried_where_it_is_wanted(
    root: Path, choice: str, tried: bool
) -> None:
    setup, recorder = make(root, choice)
    setup.all()
    trials = [command for command in recorder.commands if "pinocchio" in command]
    assert [("torch" in command) for command in trials] == [tried]


def test_unknown_torch_choice_lists_the_choices(root: Path) -> None:
    setup, _ = make(root, "gpu")
    with pytest.raises(setup_tools.SetupError, match="auto, cpu, cuda, none"):
        setup.all()


def test_missing_system_library_names_its_package(root: Path) -> None:
    setup, recorder = make(root)
    recorder.answer["imports"] = (
        "FAILED\nImportError: libGL.so.1: cannot open shared object file: No such file"
    )
    with pytest.raises(setup_tools.SetupError, match="sudo apt install libgl1"):
        setup.all()


def test_missing_compiler_names_its_packages(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "PYTHON", "3.12")
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    (root / "requirements-3.12.lock").write_text("pip==26.3\n", encoding="utf-8")
    setup, _ = make(root)
    with pytest.raises(setup_tools.SetupError, match=r"apt install gcc g\+\+"):
        setup.all()


def test_full_disk_is_refused_before_anything_is_made(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 2**62)
    setup, _ = make(root)
    with pytest.raises(setup_tools.SetupError, match="GB are needed"):
        setup.all()
    assert not (root / ".venv").exists()


def test_broken_state_file_means_start_over(root: Path) -> None:
    setup, _ = make(root)
    setup.all()
    (root / ".venv" / ".sawyer" / "state.json").write_text("{", encoding="utf-8")
    again, recorder = make(root)
    again.all()
    assert recorder.count(" -r ") == 1
    state = json.loads((root / ".venv" / ".sawyer" / "state.json").read_text(encoding="utf-8"))
    assert {"locked", "torch", "own", "trial"} <= set(state)


def test_lock_keeps_a_second_set_up_out_until_the_holder_dies(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = (
        "import fcntl, sys, time\n"
        f"f = open({str(path)!r}, 'a+'); fcntl.flock(f, fcntl.LOCK_EX)\n"
        "print('held', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(setup_tools.SetupError, match="still holds"),
            setup_tools.exclusive(path, wait_s=0.3),
        ):
            pass
        holder.kill()
        holder.wait()
        with setup_tools.exclusive(path, wait_s=5.0):
            pass


def test_runner_reports_the_tail_of_a_failed_command(tmp_path: Path) -> None:
    runner = setup_tools.Runner(tmp_path / "log")
    command = [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"]
    with pytest.raises(setup_tools.SetupError, match=r"(?s)exit 3.*the reason"):
        runner(command, doing="trying")


def test_runner_hides_what_misleads_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_TARGET", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    runner = setup_tools.Runner(tmp_path / "log")
    code = "import os; print('PIP_TARGET' in os.environ, 'PYTHONPATH' in os.environ)"
    assert runner([sys.executable, "-c", code], doing="asking") == "False False\n"
