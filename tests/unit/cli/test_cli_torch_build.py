"""Which build of torch the set-up takes, with pip replaced by a recorder."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sawyer_cli.dev import setup_tools, torch_build
from sawyer_cli.dev.torch_build import TorchBuild

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
# What pip 26.3 prints, shortened.
NO_CPU_BUILD = (
    "FAILED\nERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu "
    "(from versions: 2.12.1, 2.13.0)\nERROR: No matching distribution found for torch==2.13.0+cpu"
)
UNREACHABLE = (
    "FAILED\nWARNING: Retrying (Retry(total=0)) after connection broken\n"
    "ERROR: Could not find a version that satisfies the requirement torch==2.13.0+cpu "
    "(from versions: none)\nERROR: No matching distribution found for torch==2.13.0+cpu"
)
BROKEN_OFF = "FAILED\npip._vendor.urllib3.exceptions.ReadTimeoutError: Read timed out."
Answer = Callable[[list[str]], str]


class Pip:
    """Answers like pip; ``answer`` decides from the command line."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.commands: list[list[str]] = []
        self.announced: list[str] = []

    def __call__(self, command: Sequence[str], *, doing: str, check: bool = True) -> str:
        self.commands.append(list(command))
        self.announced.append(doing)
        return self.answer(list(command))

    @property
    def asked(self) -> list[str]:
        """The requirement of each call."""
        return [command[-1] for command in self.commands]


@pytest.fixture(autouse=True)
def linux_with_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_build.platform, "system", lambda: "Linux")
    monkeypatch.setattr(torch_build, "CUDA_ROOM_BYTES", 1)
    monkeypatch.setattr(torch_build, "GPU_SIGNS", ())


def build(folder: Path, choice: str, answer: Answer) -> "tuple[TorchBuild, Pip]":
    pip = Pip(answer)
    made = TorchBuild(folder, folder / "x.lock", choice, run=pip)
    made.pause = lambda seconds: None
    return made, pip


def only_plain(command: list[str]) -> str:
    """An index like PyPI: the normal build alone."""
    return NO_CPU_BUILD if command[-1].endswith("==2.13.0+cpu") else ""


def put(folder: Path, version: str) -> None:
    packages = folder / "lib" / PYTHON / "site-packages"
    (packages / f"torch-{version}.dist-info").mkdir(parents=True)


def test_auto_takes_the_cpu_build_where_it_is_offered(tmp_path: Path) -> None:
    made, pip = build(tmp_path, "auto", lambda command: "")
    made.install()
    assert pip.asked == ["torch==2.13.0+cpu"]


def test_auto_falls_back_to_the_normal_build_and_says_its_size_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made, pip = build(tmp_path, "auto", only_plain)
    made.install()
    assert pip.asked == ["torch==2.13.0+cpu", "torch==2.13.0,!=2.13.0+cpu"]
    assert "2.7 GB to download" in pip.announced[1]
    assert ["-c", str(tmp_path / "x.lock")] == pip.commands[1][-3:-1]
    said = capsys.readouterr().err
    assert "no CPU build" in said
    assert "SAWYER_TORCH=none" in said


def test_cpu_refuses_the_normal_build(tmp_path: Path) -> None:
    made, pip = build(tmp_path, "cpu", only_plain)
    with pytest.raises(setup_tools.SetupError, match="PIP_EXTRA_INDEX_URL"):
        made.install()
    assert len(pip.commands) == 1


def test_cuda_never_takes_a_cpu_build(tmp_path: Path) -> None:
    put(tmp_path, "2.13.0+cpu")
    made, pip = build(tmp_path, "cuda", lambda command: "")
    made.install()
    assert pip.asked == ["torch==2.13.0,!=2.13.0+cpu"]


@pytest.mark.parametrize("version", ["2.13.0", "2.13.0+cpu", "2.13.0+cu130"])
def test_auto_keeps_what_is_there(tmp_path: Path, version: str) -> None:
    put(tmp_path, version)
    made, pip = build(tmp_path, "auto", lambda command: "")
    made.install()
    assert pip.commands == []


@pytest.mark.parametrize("version", ["2.12.1", "2.13.0.dev1"])
def test_other_versions_are_replaced(tmp_path: Path, version: str) -> None:
    put(tmp_path, version)
    made, pip = build(tmp_path, "auto", lambda command: "")
    made.install()
    assert pip.asked == ["torch==2.13.0+cpu"]


def test_none_takes_torch_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path, "2.13.0")
    made, pip = build(tmp_path, "none", lambda command: "")
    made.install()
    assert pip.commands[0][1:] == ["-m", "pip", "uninstall", "--yes", "torch"]
    assert "no training" in capsys.readouterr().err


def test_broken_download_is_tried_again(tmp_path: Path) -> None:
    answers = iter([BROKEN_OFF, BROKEN_OFF, ""])
    made, pip = build(tmp_path, "cuda", lambda command: next(answers))
    made.install()
    assert len(pip.commands) == 3
    assert "--resume-retries" in pip.commands[0]


def test_download_that_never_comes_through_ends_with_advice(tmp_path: Path) -> None:
    made, pip = build(tmp_path, "auto", lambda command: BROKEN_OFF)
    with pytest.raises(setup_tools.SetupError, match=r"(?s)SAWYER_TORCH=none.*Read timed out"):
        made.install()
    assert len(pip.commands) == torch_build.ATTEMPTS


def test_unreachable_index_does_not_lead_to_the_large_build(tmp_path: Path) -> None:
    made, pip = build(tmp_path, "auto", lambda command: UNREACHABLE)
    with pytest.raises(setup_tools.SetupError, match="no package index that answers"):
        made.install()
    assert len(pip.commands) == 1


def test_small_disk_is_refused_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "CUDA_ROOM_BYTES", 2**62)
    made, pip = build(tmp_path, "auto", only_plain)
    with pytest.raises(setup_tools.SetupError, match="GB are free"):
        made.install()
    assert pip.asked == ["torch==2.13.0+cpu"]


def test_full_disk_is_not_tried_again(tmp_path: Path) -> None:
    made, pip = build(tmp_path, "cuda", lambda command: "FAILED\nOSError: No space left on device")
    with pytest.raises(setup_tools.SetupError, match="No space left"):
        made.install()
    assert len(pip.commands) == 1


def test_gpu_owner_is_told_of_the_other_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch_build, "GPU_SIGNS", (tmp_path,))
    made, _ = build(tmp_path, "auto", lambda command: "")
    made.install()
    assert "SAWYER_TORCH=cuda ./sawyer setup" in capsys.readouterr().err


def test_other_systems_have_no_local_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build.platform, "system", lambda: "Darwin")
    made, pip = build(tmp_path, "auto", lambda command: "")
    made.install()
    assert pip.asked == ["torch==2.13.0"]
