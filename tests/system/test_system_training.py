"""Training through the graph, with kills in the middle: nothing is lost but an episode at most."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from sawyer_interfaces.msg import EpisodeStep, LearnerState

from sawyer_controllers.p_controller import PController
from sawyer_core.errors import ConfigError
from sawyer_datasets import BagStatus, read_episode, verify_bag
from sawyer_policies.bundles import load_bundle
from sawyer_policies.online.journal import Journal
from sawyer_policies.online.transitions import RecordedEpisode, own_action
from sawyer_policies_ros.step_records import check_base, step_record
from sawyer_ros_common import qos
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(180)]

STEPS = 60
SETTINGS = "warmup_steps=20 learning_starts=10 learner.hidden=[16] learner.batch_size=16"


def launch(folder: Path, *arguments: str, name: str = "launch.log") -> LaunchedGraph:
    folder.mkdir(parents=True, exist_ok=True)
    given = [
        f"output_dir:={folder / 'run'}",
        "horizon:=16",
        f"steps:={STEPS}",
        "seed:=3",
        f"settings:={SETTINGS} checkpoint_every_steps=30",
        *(arguments or ("camera:=false",)),
    ]
    return LaunchedGraph("train.launch.py", given, folder / name)


def ended(graph: LaunchedGraph, timeout_s: float = 120.0) -> tuple[int, str]:
    try:
        status = graph.wait_exit(timeout_s)
    finally:
        graph.stop()
    return status, graph.text()


@dataclass
class Run:
    """What a run left."""

    folder: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        text = (self.folder / "run" / "episodes.json").read_text(encoding="utf-8")
        content = json.loads(text)
        assert content["complete"]
        return list(content["episodes"])

    @property
    def episodes(self) -> list[RecordedEpisode]:
        journal = Journal(self.folder / "run" / "journal.bin")
        try:
            return list(journal.read())
        finally:
            journal.close()

    @property
    def weights(self) -> dict[str, np.ndarray]:
        (path,) = (self.folder / "run" / "bundle").glob("*/weights.safetensors")
        return safetensors.numpy.load(path.read_bytes())


def assert_learned_the_same(run: Run, straight: Run) -> None:
    """Every transition and every weight, bit for bit."""
    ours, theirs = run.episodes, straight.episodes
    assert [e.end.result["seed"] for e in ours] == [e.end.result["seed"] for e in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert len(mine.steps) == len(other.steps)
        for a, b in zip(mine.steps, other.steps, strict=True):
            np.testing.assert_array_equal(a.action, b.action)
            assert (a.reward, a.terminal, a.truncated) == (b.reward, b.terminal, b.truncated)
            assert a.version == b.version
            for ours_seen, theirs_seen in ((a.seen, b.seen), (a.after, b.after)):
                for name, value in ours_seen.items():
                    np.testing.assert_array_equal(value, theirs_seen[name])
    for name, value in run.weights.items():
        np.testing.assert_array_equal(value, straight.weights[name])


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nobody disturbs."""
    folder = tmp_path_factory.mktemp("straight")
    status, text = ended(launch(folder))
    assert status == 0, text
    return Run(folder)


def test_a_run_records_its_episodes_and_leaves_a_policy(straight: Run) -> None:
    rows, episodes = straight.rows, straight.episodes
    (folder,) = (straight.folder / "run" / "bundle").iterdir()
    bundle = load_bundle(folder)
    assert bundle.info.name == folder.name == "residual_sac_state_usb"
    scale_m = bundle.info.action_scale_m
    assert [row["index"] for row in rows] == list(range(len(episodes)))
    assert [row["seed"] for row in rows] == [1_300_000 + n for n in range(len(rows))]
    assert [row["policy_version"] for row in rows] == [f"v{n:06d}" for n in range(len(rows))]
    assert sum(len(e.steps) for e in episodes) == sum(row["steps"] for row in rows) >= STEPS
    for row, episode in zip(rows, episodes, strict=True):
        bag = straight.folder / "run" / "bags" / f"episode_{row['index']:04d}"
        assert verify_bag(bag).status is BagStatus.COMPLETE
        recorded = read_episode(bag)["episode/step"]
        rewards = np.array([step.reward for step in episode.steps])
        np.testing.assert_array_equal(recorded["reward"], rewards)
        learned_m = recorded["learned_action"]
        actions = np.array([step.action for step in episode.steps])
        np.testing.assert_array_equal(own_action(learned_m, scale_m), actions)
        assert row["reward_sum"] == pytest.approx(rewards.sum(), rel=1e-12)
    result = json.loads((straight.folder / "run" / "result.json").read_text(encoding="utf-8"))
    assert (result["finished"], result["env_steps"]) == (True, STEPS)
    assert result["updates"] > 0


def kill_at(graph: LaunchedGraph, process: str, index: int, step: int) -> None:
    """Kill a process when that step is reported."""
    steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
    wait_for(
        lambda: any((s.index, s.step) >= (index, step) for s in steps), 60.0, f"episode {index}"
    )
    os.kill(graph.pid_of(process), signal.SIGKILL)


def test_a_killed_learner_and_a_killed_policy_server_cost_an_episode_each_at_most(
    tmp_path: Path, straight: Run
) -> None:
    graph = launch(tmp_path)
    states = graph.client.listen(LearnerState, "learner/state", qos.LATCHED)
    try:
        kill_at(graph, "learner", 1, 4)
        kill_at(graph, "policy_server", 2, 3)
    except AssertionError:
        graph.stop()
        raise
    status, text = ended(graph)
    assert status == 0, text
    run = Run(tmp_path)
    assert len({(s.started.sec, s.started.nanosec) for s in states}) == 2
    rows, episodes = run.rows, run.episodes
    good = [row for row in rows if row["valid"]]
    lost = [row for row in rows if not row["valid"]]
    assert len(good) - len(episodes) <= 1  # the learner's: run again, though nothing was wrong
    assert [row["reason"] for row in lost] in (["policy_fault"], ["aborted"])
    assert sorted({row["index"] for row in good}) == list(range(len(episodes)))
    versions = [row["policy_version"] for row in good]
    assert versions == sorted(versions)
    assert len(list((run.folder / "run" / "bags").iterdir())) == len(rows)
    assert_learned_the_same(run, straight)


def test_an_interrupted_run_goes_on_in_the_same_folder(tmp_path: Path, straight: Run) -> None:
    graph = launch(tmp_path)
    steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
    try:
        wait_for(lambda: any((s.index, s.step) >= (2, 3) for s in steps), 60.0, "episode 2")
    finally:
        graph.stop()
    status, text = ended(launch(tmp_path, name="again.log"))
    run = Run(tmp_path)
    assert status == 0, text
    good = [row["index"] for row in run.rows if row["valid"]]
    assert good == list(range(len(run.episodes)))
    assert_learned_the_same(run, straight)


def test_realtime_training_goes_by_the_wall_clock(tmp_path: Path) -> None:
    """Episodes may be lost to a busy machine; what is learned from is whole."""
    status, text = ended(launch(tmp_path, "clock:=realtime", "camera:=false"), 150.0)
    assert status == 0, text
    run = Run(tmp_path)
    valid = [row for row in run.rows if row["valid"]]
    assert all(row["robot_s"] <= row["wall_s"] for row in valid)
    assert [len(episode.steps) for episode in run.episodes] == [row["steps"] for row in valid]
    assert sum(row["steps"] for row in valid) >= STEPS
    result = json.loads((run.folder / "run" / "result.json").read_text(encoding="utf-8"))
    assert result["finished"]
    assert result["updates"] > 0
    (folder,) = (run.folder / "run" / "bundle").iterdir()
    assert load_bundle(folder).info.name == "residual_sac_state_usb"


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("observation:=stat", "camera:=false"), ("stat", "did you mean 'state'")),
        (("settings:=learner.actor_lrr=1",), ("actor_lrr", "actor_lr")),
        (("settings:=learner.demo",), ("learner.demo", "key=value")),
    ],
)
def test_a_bad_setting_ends_the_launch_with_what_is_allowed(
    tmp_path: Path, arguments: tuple[str, ...], texts: tuple[str, ...]
) -> None:
    graph = LaunchedGraph(
        "train.launch.py", [f"output_dir:={tmp_path / 'run'}", *arguments], tmp_path / "log"
    )
    status, text = ended(graph, 60.0)
    assert status != 0
    for word in texts:
        assert word in text


def test_a_command_that_is_not_the_sum_is_known_as_a_hold() -> None:
    message = EpisodeStep()
    message.next_stamp.sec = 1
    message.base_action.x, message.learned_action.x, message.disturbance.x = 0.002, 0.001, 0.0005
    message.command.x = 0.0035
    record = step_record(message, 0.001)
    assert record is not None
    assert not record.held
    message.command.x = 0.0
    record = step_record(message, 0.001)
    assert record is not None
    assert record.held


def test_a_base_controller_with_other_gains_is_refused_where_steps_are_copied() -> None:
    base = PController()
    message = EpisodeStep()
    message.ee_position.x, message.goal_position.z = 0.002, -0.04
    message.base_action.x, message.base_action.z = -0.002, -0.012
    check_base(message, base)
    message.base_action.x = -0.001
    with pytest.raises(ConfigError, match=r"gains \[1.0, 1.0, 0.3\], or goal_copies=0"):
        check_base(message, base)
