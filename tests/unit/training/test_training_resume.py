"""A run that was interrupted, killed or damaged goes on to the curve of an undisturbed one."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sawyer_core.errors import ConfigError
from sawyer_policies.bundles import load_bundle
from sawyer_policies.learners import CheckpointError
from sawyer_policies.observations import preset
from sawyer_policies.training import origin, read_config, train
from sawyer_policies.training.checkpoint import checkpoints
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.environment import TrainingEnvironment
from sawyer_policies.training.finish import write_bundle
from sawyer_policies.training.metrics import EVENTS_FILE, read_metrics
from sawyer_policies.training.testing import GOAL, PointEnv, make_point, tiny

COMBINATIONS: "list[dict[str, Any]]" = [
    {"algorithm": "sac", "observation": "state_goal"},
    {"algorithm": "td3", "observation": "state", "update_at": "step"},
    {
        "observation": "image32",
        "critic_observation": "state_goal",
        "n_step": 3,
        "learner.encoder.channels": [4, 4],
    },
    {"algorithm": "sac", "observation": "state", "actor_average_decay": 0.9},
]


def rows_without_time(folder: Path) -> "list[dict[str, Any]]":
    rows = read_metrics(folder)
    assert all(row.pop("wall_s") > 0.0 for row in rows)
    return rows


def weights(folder: Path) -> bytes:
    (path,) = folder.glob("bundle/*/weights.safetensors")
    return path.read_bytes()


class CrashError(Exception):
    pass


def crash_after(episodes: int) -> Any:
    def progress(seen: Any) -> None:
        if seen.episode == episodes:
            raise CrashError

    return progress


def stop_after(episodes: int) -> Any:
    asked = iter([False] * episodes)
    return lambda: next(asked, True)


@pytest.mark.parametrize("changes", COMBINATIONS, ids=lambda c: "-".join(map(str, c.values())))
def test_interrupted_run_goes_on_to_the_same_curve(tmp_path: Path, changes: Any) -> None:
    config = tiny(**changes)
    whole = train(config, tmp_path / "whole", environment=make_point)
    first = train(config, tmp_path / "cut", environment=make_point, stop=stop_after(5))
    assert not first.finished
    assert first.episodes == 5
    second = train(config, tmp_path / "cut", environment=make_point, resume=True)
    assert second.finished
    assert rows_without_time(tmp_path / "cut") == rows_without_time(tmp_path / "whole")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert second.updates == whole.updates > 90
    sizes = [(tmp_path / name / EVENTS_FILE).stat().st_size for name in ("cut", "whole")]
    assert sizes[0] == sizes[1]


def test_same_seed_twice_is_the_same_run_and_another_seed_is_not(
    tmp_path: Path, whole: Path
) -> None:
    for name, seed in (("same", 0), ("other", 4)):
        train(tiny(seed=seed), tmp_path / name, environment=make_point)
    assert rows_without_time(tmp_path / "same") == rows_without_time(whole)
    assert weights(tmp_path / "same") == weights(whole) != weights(tmp_path / "other")


def test_crash_loses_only_what_came_after_the_checkpoint(tmp_path: Path, whole: Path) -> None:
    config = tiny()
    with pytest.raises(CrashError):
        train(config, tmp_path / "cut", environment=make_point, progress=crash_after(14))
    at_crash = read_metrics(tmp_path / "cut")
    assert len(at_crash) == 14
    saved = int(checkpoints(tmp_path / "cut")[0].name)
    assert 0 < saved < at_crash[-1]["env_steps"]
    said: list[str] = []
    train(config, tmp_path / "cut", environment=make_point, resume=True, notify=said.append)
    assert said == [f"going on at environment step {saved}"]
    assert rows_without_time(tmp_path / "cut") == rows_without_time(whole)
    assert weights(tmp_path / "cut") == weights(whole)


VICTIM = """
import os, signal, sys
from pathlib import Path
from sawyer_policies.training import train
from sawyer_policies.training.testing import make_point, tiny
import sawyer_policies.training.loop as loop

def die(seen):
    if seen.episode == 14:
        os.kill(os.getpid(), signal.SIGKILL)

train(tiny(), Path(sys.argv[1]), environment=make_point, progress=die)
"""


def test_kill_9_and_a_half_written_checkpoint_and_line(tmp_path: Path, whole: Path) -> None:
    done = subprocess.run([sys.executable, "-c", VICTIM, str(tmp_path / "cut")], check=False)
    assert done.returncode == -signal.SIGKILL
    # what a kill in the middle of writing would leave as well
    with (tmp_path / "cut" / "metrics.jsonl").open("ab") as stream:
        stream.write(b'{"env_steps": 1')
    part = tmp_path / "cut" / "checkpoint" / ".000000099.1.part"
    part.mkdir()
    (part / "trainer.json").write_text("{")
    train(tiny(), tmp_path / "cut", environment=make_point, resume=True)
    assert rows_without_time(tmp_path / "cut") == rows_without_time(whole)
    assert not part.exists()


def damage(path: Path, how: str) -> None:
    if how == "cut short":
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif how == "altered":
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(bytes(data))
    else:
        path.unlink()


@pytest.mark.parametrize(
    ("pattern", "how"),
    [
        ("learner/learner_*.safetensors", "cut short"),
        ("replay/chunk_*.safetensors", "altered"),
        ("trainer.json", "cut short"),
        ("manifest.json", "missing"),
        ("replay/replay.json", "missing"),
    ],
)
def test_damaged_checkpoint_is_refused_and_the_previous_one_used(
    tmp_path: Path, whole: Path, pattern: str, how: str
) -> None:
    with pytest.raises(CrashError):
        train(tiny(), tmp_path / "cut", environment=make_point, progress=crash_after(16))
    newest, previous = checkpoints(tmp_path / "cut")
    (victim,) = newest.glob(pattern)
    if how == "altered":  # not in place: the two checkpoints may share the file
        shutil.copy(victim, victim.with_suffix(".copy"))
        victim.with_suffix(".copy").replace(victim)
    damage(victim, how)
    said: list[str] = []
    train(tiny(), tmp_path / "cut", environment=make_point, resume=True, notify=said.append)
    assert f"checkpoint {newest.name} is refused" in said[0]
    assert victim.name in said[0]
    assert said[1] == f"going on from the previous checkpoint, {previous.name}"
    assert rows_without_time(tmp_path / "cut") == rows_without_time(whole)


def test_all_checkpoints_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CrashError):
        train(tiny(), tmp_path, environment=make_point, progress=crash_after(16))
    for path in checkpoints(tmp_path):
        damage(path / "trainer.json", "cut short")
    before = (tmp_path / "metrics.jsonl").read_bytes()
    with pytest.raises(CheckpointError, match="no checkpoint can be used"):
        train(tiny(), tmp_path, environment=make_point, resume=True)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before


def test_killed_before_the_first_checkpoint_begins_again(tmp_path: Path, whole: Path) -> None:
    with pytest.raises(CrashError):
        train(tiny(), tmp_path / "cut", environment=make_point, progress=crash_after(2))
    train(tiny(), tmp_path / "cut", environment=make_point, resume=True)
    assert rows_without_time(tmp_path / "cut") == rows_without_time(whole)


def test_finished_run_resumed_is_finished(tmp_path: Path) -> None:
    train(tiny(), tmp_path, environment=make_point)
    before = weights(tmp_path), read_metrics(tmp_path)
    again = train(read_config(tmp_path), tmp_path, environment=make_point, resume=True)
    assert again.finished
    assert (weights(tmp_path), read_metrics(tmp_path)) == before


def test_commit_is_that_of_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "git_commit", lambda: "then")
    train(tiny(), tmp_path, environment=make_point, stop=stop_after(4))
    monkeypatch.setattr(origin, "git_commit", lambda: "now")
    result = train(read_config(tmp_path), tmp_path, environment=make_point, resume=True)
    assert result.git_commit == "then"
    assert json.loads((tmp_path / "result.json").read_text())["git_commit"] == "then"
    (bundle,) = tmp_path.glob("bundle/*")
    assert load_bundle(bundle).info.git_commit == "then"


def test_unknown_commit_is_not_made_up(tmp_path: Path) -> None:
    train(tiny(), tmp_path, environment=make_point, stop=stop_after(4))
    (tmp_path / origin.ORIGIN_FILE).unlink()  # a run of before this file was written
    result = train(read_config(tmp_path), tmp_path, environment=make_point, resume=True)
    assert result.git_commit == ""


def test_policy_on_top_of_another_one_is_not_written_as_a_bundle(tmp_path: Path) -> None:
    config = tiny(task="blocks", observation="blocks", base_policy="frozen")
    told: list[str] = []

    def make(config: TrainingConfig) -> TrainingEnvironment:
        return TrainingEnvironment(PointEnv(config), preset("state", GOAL))

    result = train(config, tmp_path, environment=make, notify=told.append)
    assert (result.finished, result.bundle) == (True, "")
    assert "on top of the frozen policy frozen" in result.note
    assert result.note in told
    assert json.loads((tmp_path / "result.json").read_text())["note"] == result.note
    assert not (tmp_path / "bundle").exists()
    assert checkpoints(tmp_path)
    with pytest.raises(ConfigError, match="base_policy = 'frozen'"):
        write_bundle(tmp_path, config, preset("state", GOAL), ({}, {}), 1)


def test_two_runs_are_not_mixed(tmp_path: Path) -> None:
    train(tiny(), tmp_path / "run", environment=make_point, stop=stop_after(4))
    with pytest.raises(ConfigError, match="empty folder"):
        train(tiny(), tmp_path / "run", environment=make_point)
    with pytest.raises(ConfigError, match="seed = 1"):
        train(tiny(seed=1), tmp_path / "run", environment=make_point, resume=True)
    with pytest.raises(CheckpointError, match="no training run"):
        train(tiny(), tmp_path / "nothing", environment=make_point, resume=True)


def test_artefacts(tmp_path: Path) -> None:
    result = train(tiny(noise_mm=0.5), tmp_path, environment=make_point)
    rows = read_metrics(tmp_path)
    assert [row["episode"] for row in rows] == list(range(len(rows)))
    assert rows[-1]["env_steps"] == 130
    assert rows[0]["seed"] == 1_000_000
    assert rows[-1]["updates"] == result.updates
    written = json.loads((tmp_path / "result.json").read_text())
    assert written["finished"] is True
    assert written["env_steps"] == 130
    assert written["wall_s"] > 0.0
    assert written["config"]["noise_mm"] == 0.5
    assert written["git_commit"] == result.git_commit == origin.origin_commit(tmp_path) != ""
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    bundle = load_bundle(tmp_path / written["bundle"])
    assert bundle.spec.name == "residual_sac_state_usb"
    assert bundle.spec.base_controller == "p_controller"
    assert bundle.info.training["config"]["seed"] == 0
    assert bundle.info.training["steps"] == 130
    assert len(checkpoints(tmp_path)) == 2
