"""The shell launcher, run in a copy of the tree with stub interpreters."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("sh", "cat", "cksum", "dirname", "find", "grep", "mv", "readlink", "sort", "chmod")

# A stand-in for an interpreter: says that it fits, "makes" an environment, notes each call.
STUB = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case "$*" in
    *version_info*) exit {fits} ;;
    *"import ensurepip"*) exit {venv} ;;
    *dev.bootstrap*)
        [ "{bootstrap}" = 0 ] || exit {bootstrap}
        mkdir -p "$VENV/.sawyer" "$VENV/bin"
        cp "$0" "$VENV/bin/python"
        exit 0 ;;
    "-m sawyer_cli"*) shift 2; echo "handed over: $*"; exit 7 ;;
esac
exit 99
"""


def write_program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


class Box:
    """A checkout with the launcher and a PATH that holds little more than stubs."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout with space"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.root.mkdir()
        self.bin.mkdir()
        self.calls.touch()
        shutil.copy(ROOT / "sawyer", self.root / "sawyer")
        (self.root / "requirements-3.11.lock").write_text("numpy==2.4.6\n", encoding="utf-8")
        (self.root / "ros2_ws" / "src" / "some_pkg" / "launch").mkdir(parents=True)
        for tool in (*TOOLS, "mkdir", "cp"):
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def python(self, name: str, *, fits: int = 0, venv: int = 0, bootstrap: int = 0) -> None:
        text = STUB.format(fits=fits, venv=venv, bootstrap=bootstrap)
        write_program(self.bin / name, text)

    def run(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": str(self.bin), "CALLS": str(self.calls)}
        environment["VENV"] = variables.get("SAWYER_VENV", str(self.root / ".venv"))
        command = [str(self.root / "sawyer"), *words]
        return subprocess.run(
            command,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def bootstraps(self) -> int:
        return self.calls.read_text(encoding="utf-8").count("dev.bootstrap")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_first_call_sets_up_then_hands_over_arguments_and_status(box: Box) -> None:
    box.python("python3.11")
    done = box.run("demo", "--episodes", "2")
    assert done.stdout == "handed over: demo --episodes 2\n"
    assert done.returncode == 7
    assert box.bootstraps() == 1


def test_second_call_sets_nothing_up(box: Box) -> None:
    box.python("python3.11")
    box.run("doctor")
    box.run("doctor")
    assert box.bootstraps() == 1


@pytest.mark.parametrize("changed", ["requirements-3.11.lock", "ros2_ws/src/some_pkg/package.xml"])
def test_changed_inputs_set_up_again(box: Box, changed: str) -> None:
    box.python("python3.11")
    box.run("doctor")
    (box.root / changed).write_text("other\n", encoding="utf-8")
    box.run("doctor")
    assert box.bootstraps() == 2


def test_new_launch_file_sets_up_again_but_an_edited_one_does_not(box: Box) -> None:
    box.python("python3.11")
    box.run("doctor")
    launch = box.root / "ros2_ws" / "src" / "some_pkg" / "launch" / "a.launch.py"
    launch.write_text("", encoding="utf-8")
    box.run("doctor")
    assert box.bootstraps() == 2
    launch.write_text("edited = True\n", encoding="utf-8")
    box.run("doctor")
    assert box.bootstraps() == 2


def test_moved_checkout_sets_up_again(box: Box) -> None:
    box.python("python3.11")
    box.run("doctor")
    box.root = box.root.rename(box.root.with_name("elsewhere"))
    box.run("doctor")
    assert box.bootstraps() == 2


def test_failed_set_up_leaves_no_stamp_and_hands_nothing_over(box: Box) -> None:
    box.python("python3.11", bootstrap=1)
    done = box.run("demo")
    assert done.returncode == 1
    assert "handed over" not in done.stdout
    assert not (box.root / ".venv" / ".sawyer" / "complete").exists()
    box.python("python3.11")
    assert box.run("demo").returncode == 7


def test_no_python_names_the_command_that_installs_it(box: Box) -> None:
    done = box.run("demo")
    assert done.returncode == 1
    assert "sudo apt install python3 python3-venv" in done.stderr


def test_python_without_venv_names_its_package(box: Box) -> None:
    # The version in the package name is asked of the interpreter itself, so a real one is used.
    inner = f'exec {sys.executable} "$@"'
    text = f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\n{inner}\n'
    write_program(box.bin / "python3.11", text)
    done = box.run("demo")
    assert done.returncode == 1
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{minor}-venv" in done.stderr


def test_shim_that_does_not_run_is_passed_over(box: Box) -> None:
    box.python("python3.11", fits=127)
    box.python("python3.10", venv=1)
    box.python("python3.12")
    assert box.run("doctor").returncode == 7
    calls = box.calls.read_text(encoding="utf-8")
    assert "ensurepip" in calls
    assert box.bootstraps() == 1


def test_sawyer_python_overrides_and_must_fit(box: Box) -> None:
    box.python("python3.11", bootstrap=1)
    box.python("mine")
    assert box.run("doctor", SAWYER_PYTHON=str(box.bin / "mine")).returncode == 7
    box.python("old", fits=1)
    done = box.run("doctor", SAWYER_PYTHON=str(box.bin / "old"))
    assert done.returncode == 1
    assert "SAWYER_PYTHON" in done.stderr


def test_launcher_works_through_a_link(box: Box, tmp_path: Path) -> None:
    box.python("python3.11")
    link = tmp_path / "link"
    link.symlink_to(os.path.relpath(box.root / "sawyer", tmp_path))
    environment = {
        "PATH": str(box.bin),
        "CALLS": str(box.calls),
        "VENV": str(box.root / ".venv"),
    }
    done = subprocess.run(
        [str(link), "x"], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stdout == "handed over: x\n"
