"""A full disk pauses a run, a loss that is not finite stops it; neither spoils what is there."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from sawyer_policies.learners import NonFiniteLossError
from sawyer_policies.training import disk, train
from sawyer_policies.training.checkpoint import checkpoints, verify
from sawyer_policies.training.disk import AppendedFile, PatientWriter, StopRequested, is_disk_full
from sawyer_policies.training.metrics import read_metrics
from sawyer_policies.training.testing import make_point, tiny


def no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullDisk:
    """Refuses the writes numbered from ``first`` on, until it was waited for ``waits`` times."""

    def __init__(self, waits: int, *, first: int) -> None:
        self.calls = 0
        self.refused = 0
        self.slept: list[float] = []
        self._first, self._waits = first, waits

    def check(self) -> None:
        self.calls += 1
        if self.calls >= self._first and len(self.slept) < self._waits:
            self.refused += 1
            raise no_space()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def without_time(folder: Path) -> "list[dict[str, Any]]":
    rows = read_metrics(folder)
    return [{name: value for name, value in row.items() if name != "wall_s"} for row in rows]


# Every way of writing that a run uses, and after how many calls the disk is full: half of the
# data of the refused call has reached it.
@pytest.mark.parametrize(
    ("call", "first"), [("pwrite", 9), ("fsync", 5), ("fsync", 11), ("rename", 3)]
)
def test_full_disk_pauses_and_the_run_is_as_if_nothing_happened(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, call: str, first: int
) -> None:
    full = FullDisk(3, first=first)
    real_pwrite, real_fsync, real_rename = os.pwrite, os.fsync, Path.rename

    def pwrite(handle: int, data: bytes, offset: int) -> int:
        try:
            full.check()
        except OSError:
            real_pwrite(handle, data[: len(data) // 2], offset)
            raise
        return real_pwrite(handle, data, offset)

    def fsync(handle: int) -> None:
        full.check()
        real_fsync(handle)

    def rename(path: Path, target: Path) -> Path:
        full.check()
        return real_rename(path, target)

    said: list[str] = []
    with monkeypatch.context() as patch:
        if call == "rename":
            patch.setattr(Path, "rename", rename)
        else:
            patch.setattr(os, call, {"pwrite": pwrite, "fsync": fsync}[call])
        writer = PatientWriter(said.append, wait_s=7.0, sleep=full.sleep)
        result = train(tiny(), tmp_path / "full", environment=make_point, writer=writer)
    assert result.finished
    assert full.refused == 3
    assert full.slept == [7.0] * 3
    assert len(said) == 2
    assert "disk full while writing" in said[0]
    assert "there is space again" in said[1]
    assert without_time(tmp_path / "full") == without_time(whole)
    for path in checkpoints(tmp_path / "full"):
        verify(path)
    hidden = [path for path in (tmp_path / "full").rglob(".*")]
    assert hidden == []


def test_full_disk_can_be_stopped_and_the_last_checkpoint_is_whole(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = FullDisk(1000, first=2)
    asked = iter([False, False, True])

    def save(*args: Any, **kwargs: Any) -> None:
        full.check()
        return real(*args, **kwargs)

    from sawyer_policies.training import loop

    real = loop.save_checkpoint
    monkeypatch.setattr(loop, "save_checkpoint", save)
    writer = PatientWriter(lambda _: None, lambda: next(asked), sleep=full.sleep)
    with pytest.raises(StopRequested, match="disk space to write a checkpoint"):
        train(tiny(), tmp_path / "run", environment=make_point, writer=writer)
    assert len(full.slept) == 2
    (only,) = checkpoints(tmp_path / "run")
    verify(only)
    monkeypatch.undo()
    train(tiny(), tmp_path / "run", environment=make_point, resume=True)
    assert without_time(tmp_path / "run") == without_time(whole)


def test_other_errors_are_not_waited_for() -> None:
    def write() -> None:
        raise PermissionError(errno.EACCES, "no")

    with pytest.raises(PermissionError):
        PatientWriter(lambda _: None, sleep=lambda _: pytest.fail("waited")).run(write, "x")


def test_what_counts_as_full() -> None:
    assert is_disk_full(no_space())
    assert is_disk_full(OSError(errno.EDQUOT, "quota"))
    assert is_disk_full(RuntimeError("I/O error: No space left on device (os error 28)"))
    assert not is_disk_full(OSError(errno.EIO, "broken"))
    assert not is_disk_full(RuntimeError("os error 2"))


def test_append_that_fails_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = AppendedFile(tmp_path / "lines")
    file.append(b"one\n")
    real = os.pwrite

    def half(handle: int, data: bytes, offset: int) -> int:
        real(handle, data[:2], offset)
        raise no_space()

    monkeypatch.setattr(disk.os, "pwrite", half)
    with pytest.raises(OSError, match="space"):
        file.append(b"two\n")
    monkeypatch.setattr(disk.os, "pwrite", real)
    assert (tmp_path / "lines").read_bytes() == b"one\n"
    file.append(b"two\n")
    file.close()
    file.close()
    assert (tmp_path / "lines").read_bytes() == b"one\ntwo\n"


def test_loss_that_is_not_finite_stops_and_saves_the_batch(tmp_path: Path) -> None:
    config = tiny(reward_scale=1e6, **{"learner.critic_lr": 0.1})

    def explode(given: Any) -> Any:
        environment = make_point(given)
        step = environment.env.step

        def huge(action: Any) -> Any:
            seen, reward, *rest = step(action)
            return (seen, reward * 1e30, *rest)

        environment.env.step = huge
        return environment

    with pytest.raises(NonFiniteLossError, match="the batch is saved in") as raised:
        train(config, tmp_path, environment=explode)
    (path,) = (tmp_path / "inspection").glob("*.safetensors")
    assert str(path) in str(raised.value)
    batch = safetensors.numpy.load_file(path)
    assert batch["action"].shape == (16, 3)
    assert np.abs(batch["reward"]).max() > 1e20
    known = json.loads(path.with_suffix(".json").read_text())
    assert "not finite" in known["problem"]
    assert not (tmp_path / "bundle").exists()
    assert len(read_metrics(tmp_path)) > 0
