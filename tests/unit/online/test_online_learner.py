"""Learning beside a robot: the same as in process, and the same after any crash."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sawyer_core import ConfigError, RecordingError
from sawyer_policies.bundles import load_bundle
from sawyer_policies.learners.errors import CheckpointError
from sawyer_policies.observations import preset
from sawyer_policies.online.learner import LearnerStatus, OnlineLearner
from sawyer_policies.online.transitions import EpisodeEnd, StepRecord
from sawyer_policies.online.versions import version_name
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.disk import PatientWriter
from sawyer_policies.training.loop import TrainingLoop
from sawyer_policies.training.metrics import read_metrics
from sawyer_policies.training.testing import GOAL, PointEnv, make_point, tiny

PERIOD_NS = 100_000_000


def wait_for(learner: OnlineLearner, ready: Callable[[LearnerStatus], bool]) -> LearnerStatus:
    deadline = time.monotonic() + 20.0
    while not ready(learner.status()):
        assert time.monotonic() < deadline, learner.status()
        time.sleep(0.002)
    return learner.status()


def episode(
    config: TrainingConfig, number: int, *, policy: Any = None, again: int = 0
) -> tuple[list[StepRecord], EpisodeEnd]:
    """An episode as the graph would report it; without a policy the actions are random."""
    env = PointEnv(config)
    rng = np.random.default_rng(config.episode_seed(number))
    seen, _ = env.reset(seed=config.episode_seed(number))
    stamp_ns = (number * 1000 + again * 100) * PERIOD_NS
    steps: list[StepRecord] = []
    done = False
    while not done:
        action = rng.uniform(-1, 1, 3).astype(np.float32) if policy is None else policy(seen)
        after, reward, terminal, truncated, info = env.step(action)
        record = StepRecord(
            number, len(steps), stamp_ns, stamp_ns + PERIOD_NS, seen, after, action, reward,
            terminal, truncated,
        )  # fmt: skip
        steps.append(record)
        stamp_ns += PERIOD_NS
        seen, done = after, terminal or truncated
    return steps, EpisodeEnd(number, len(steps), True, stamp_ns, info["result"])


def feed(learner: OnlineLearner, number: int, **kwargs: Any) -> None:
    steps, end = episode(learner.config, number, **kwargs)
    for record in steps:
        learner.add_step(record)
    learner.end_episode(end)


def opened(config: TrainingConfig, folder: Path, **kwargs: Any) -> OnlineLearner:
    learner = OnlineLearner(config, folder, preset(config.observation, GOAL), **kwargs)
    learner.open()
    return learner


def run_to_the_end(learner: OnlineLearner) -> LearnerStatus:
    while True:
        status = wait_for(learner, lambda s: s.ready or s.phase in ("done", "failed"))
        if not status.ready:
            learner.close()
            return status
        feed(learner, status.next_episode)


def weights(learner: OnlineLearner) -> dict[str, np.ndarray]:
    tensors, _ = learner._loop.learner.state()
    return {name: value.numpy() for name, value in tensors.items()}


def assert_same_weights(first: OnlineLearner, second: Any) -> None:
    ours, theirs = weights(first), second if isinstance(second, dict) else weights(second)
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)


class Replaying(TrainingLoop):
    """The training loop in process, acting as `episode` does."""

    def choose(self, seen: Any) -> np.ndarray:
        env: PointEnv = self.environment.env
        if env._step == 0:
            self.chance = np.random.default_rng(env.seeds[-1])
        return self.chance.uniform(-1, 1, 3).astype(np.float32)


@pytest.mark.parametrize("observation", ["state", "image32"])
def test_it_learns_what_the_loop_in_process_learns(tmp_path: Path, observation: str) -> None:
    config = tiny(observation=observation, steps=90)
    learner = opened(config, tmp_path / "online")
    assert run_to_the_end(learner).phase == "done"
    loop = Replaying(
        config,
        tmp_path / "process",
        make_point(config),
        writer=PatientWriter(print),
        notify=print,
    )
    (tmp_path / "process").mkdir()
    assert loop.run()
    tensors, _ = loop.learner.state()
    assert_same_weights(learner, {name: value.numpy() for name, value in tensors.items()})
    ours, theirs = (read_metrics(tmp_path / name) for name in ("online", "process"))
    for row in (*ours, *theirs):
        row.pop("wall_s")
    assert ours == theirs
    assert (tmp_path / "online" / "bundle").is_dir()
    result = json.loads((tmp_path / "online" / "result.json").read_text(encoding="utf-8"))
    assert (result["finished"], result["env_steps"]) == (True, 90)


def test_versions_grow_by_one_per_episode_and_can_be_served(tmp_path: Path) -> None:
    config = tiny(algorithm="td3", steps=60)
    learner = opened(config, tmp_path)
    first = wait_for(learner, lambda s: s.ready)
    assert (first.version, first.next_episode, first.env_steps) == ("v000000", 0, 0)
    for number in range(2):
        policy = load_bundle(tmp_path).make_policy()
        policy.reset(np.random.default_rng(1))
        feed(learner, number)
        status = wait_for(learner, lambda s, n=number: s.ready and s.next_episode == n + 1)
        assert status.version == version_name(number + 1)
    bundle = load_bundle(tmp_path)
    assert (bundle.version, bundle.info.name) == ("v000002", "training")
    assert (bundle.info.sampling, bundle.info.exploration_noise) == ("noisy", 0.1)
    learner.close()


def test_a_uniform_warm_up_is_served_before_the_policy_explores(tmp_path: Path) -> None:
    config = tiny(warmup_action="uniform", warmup_steps=15, noise_hold_steps=3, steps=60)
    learner = opened(config, tmp_path)
    found = []
    for number in range(3):
        wait_for(learner, lambda s, n=number: s.ready and s.next_episode == n)
        info = load_bundle(tmp_path).info
        found.append((info.sampling, info.noise_hold_steps))
        feed(learner, number)
    learner.close()
    assert found[0] == ("uniform", 3)
    assert found[-1] == ("stochastic", 3)


@pytest.mark.parametrize("kill_after", [1, 3, 4])
def test_after_a_crash_it_comes_to_the_same_weights(tmp_path: Path, kill_after: int) -> None:
    config = tiny(steps=110)
    straight = opened(config, tmp_path / "straight")
    run_to_the_end(straight)

    folder = tmp_path / "crashed"
    learner = opened(config, folder)
    for number in range(kill_after):
        wait_for(learner, lambda s, n=number: s.ready and s.next_episode == n)
        feed(learner, number)
    steps, end = episode(config, kill_after)
    wait_for(learner, lambda s: s.ready)
    for record in steps[:4]:
        learner.add_step(record)
    abandon(learner)

    again = opened(config, folder)
    status = wait_for(again, lambda s: s.ready)
    assert (status.next_episode, status.lost_episodes) == (kill_after, 0)
    for record in steps:  # the manager keeps them for whoever comes late
        again.add_step(record)
    again.end_episode(end)
    assert run_to_the_end(again).phase == "done"
    assert_same_weights(again, straight)
    assert read_metrics(folder)[-1]["updates"] == again.status().updates


def abandon(learner: OnlineLearner) -> None:
    """What a kill leaves: no last checkpoint, no answer."""
    learner._save_at_the_end = lambda: None  # type: ignore[method-assign]
    learner.close()


def test_in_realtime_the_next_episode_does_not_wait_for_the_updates(tmp_path: Path) -> None:
    config = tiny(steps=110, learning_starts=5)
    learner = opened(config, tmp_path, max_backlog=1)
    wait_for(learner, lambda s: s.ready)
    gate = threading.Event()
    update = learner._loop.learner.update_many
    learner._loop.learner.update_many = lambda *a, **k: (gate.wait(10), update(*a, **k))[1]
    feed(learner, 0)
    status = learner.status()
    assert status.ready
    assert (status.next_episode, status.learned_episodes, status.phase) == (1, 0, "updating")
    feed(learner, 1)
    assert not learner.status().ready  # two episodes behind: the robot waits
    gate.set()
    assert run_to_the_end(learner).phase == "done"


def test_an_episode_that_does_not_count_is_run_again(tmp_path: Path) -> None:
    config = tiny(steps=60)
    learner = opened(config, tmp_path / "a")
    wait_for(learner, lambda s: s.ready)
    steps, end = episode(config, 0)
    for record in steps[:3]:
        learner.add_step(record)
    stopped = replace(end, steps=3, valid=False, stamp_ns=steps[2].next_stamp_ns)
    learner.end_episode(stopped)
    status = learner.status()
    assert (status.lost_episodes, status.next_episode, status.ready) == (1, 0, True)
    feed(learner, 0, again=1)
    learner.end_episode(stopped)  # late, of the first run
    status = wait_for(learner, lambda s: s.ready)
    assert (status.lost_episodes, status.next_episode) == (1, 1)
    run_to_the_end(learner)
    undisturbed = opened(config, tmp_path / "b")
    run_to_the_end(undisturbed)
    assert_same_weights(learner, undisturbed)


def test_missing_steps_cost_the_episode_once_they_are_given_up(tmp_path: Path) -> None:
    learner = opened(tiny(), tmp_path)
    wait_for(learner, lambda s: s.ready)
    steps, end = episode(learner.config, 0)
    learner.end_episode(end)  # the end overtakes the steps
    assert learner.incomplete
    for record in steps[:-1]:
        learner.add_step(record)
    assert learner.incomplete
    learner.give_up()
    assert learner.status().lost_episodes == 1
    assert not learner.incomplete
    feed(learner, 0, again=1)
    assert wait_for(learner, lambda s: s.ready).next_episode == 1
    learner.close()


def no_space(*_: Any, **__: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_pauses_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = opened(tiny(), tmp_path)
    wait_for(learner, lambda s: s.ready)
    steps, end = episode(learner.config, 0)
    learner.add_step(steps[0])

    with monkeypatch.context() as patched:
        patched.setattr(learner._journal, "append_step", no_space)
        for record in steps[1:]:
            learner.add_step(record)
        learner.end_episode(end)
        status = learner.status()
        assert (status.phase, status.ready) == ("paused", False)
        assert "disk full" in status.message
    learner.retry()
    status = wait_for(learner, lambda s: s.ready)
    assert (status.env_steps, status.lost_episodes) == (len(steps), 0)
    learner.close()


@pytest.mark.parametrize("what", ["a version", "a checkpoint"])
def test_the_pause_of_the_learner_outlasts_the_retries_of_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("sawyer_policies.online.learner.RETRY_S", 0.01)
    learner = opened(tiny(checkpoint_every_steps=1), tmp_path)
    wait_for(learner, lambda s: s.ready)
    with monkeypatch.context() as patched:
        if what == "a version":
            patched.setattr(learner._versions, "write", no_space)
        else:
            patched.setattr("sawyer_policies.training.loop.save_checkpoint", no_space)
        feed(learner, 0)
        wait_for(learner, lambda s: s.phase == "paused")
        for _ in range(5):
            learner.retry()
            status = learner.status()
            assert (status.phase, status.ready) == ("paused", False)
            assert status.message.startswith(f"disk full while writing {what}")
    status = wait_for(learner, lambda s: s.ready)
    assert (status.phase, status.message, status.next_episode) == ("ready", "", 1)
    learner.close()


def test_it_is_paused_until_both_journal_and_writer_have_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sawyer_policies.online.learner.RETRY_S", 0.01)
    learner = opened(tiny(), tmp_path, max_backlog=1)
    wait_for(learner, lambda s: s.ready)
    with monkeypatch.context() as journal:
        with monkeypatch.context() as version:
            version.setattr(learner._versions, "write", no_space)
            feed(learner, 0)
            wait_for(learner, lambda s: s.phase == "paused")
            journal.setattr(learner._journal, "append_step", no_space)
            feed(learner, 1)
            assert "journal.bin" in learner.status().message
        wait_for(learner, lambda s: s.learned_episodes == 1)
        learner.retry()
        status = learner.status()
        assert (status.phase, status.ready) == ("paused", False)
        assert "journal.bin" in status.message
    learner.retry()
    status = wait_for(learner, lambda s: s.ready and s.learned_episodes == 2)
    assert (status.message, status.lost_episodes, status.next_episode) == ("", 0, 2)
    learner.close()


def test_a_full_disk_at_the_very_beginning_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sawyer_policies.online.learner.RETRY_S", 0.01)
    tries = []

    def full_once(path: Path, data: bytes) -> None:
        tries.append(path.name)
        if len(tries) == 1:
            no_space()
        path.write_bytes(data)

    monkeypatch.setattr("sawyer_policies.online.learner.replace_file", full_once)
    learner = opened(tiny(), tmp_path)
    assert tries == ["config.json", "config.json"]
    wait_for(learner, lambda s: s.ready)
    learner.close()


def test_a_run_goes_on_only_as_it_began(tmp_path: Path) -> None:
    opened(tiny(), tmp_path).close()
    with pytest.raises(ConfigError, match=r"noise_mm.*as the run in .* began"):
        opened(tiny(noise_mm=0.5), tmp_path)
    learner = opened(tiny(), tmp_path)
    with pytest.raises(RecordingError, match="in use"):
        opened(tiny(), tmp_path)
    learner.close()


def test_a_checkpoint_ahead_of_the_journal_is_refused(tmp_path: Path) -> None:
    learner = opened(tiny(), tmp_path)
    wait_for(learner, lambda s: s.ready)
    feed(learner, 0)
    wait_for(learner, lambda s: s.ready)
    learner.close()
    (tmp_path / "journal.bin").unlink()
    with pytest.raises(CheckpointError, match="checkpoint is of 1 episodes, the journal has 0"):
        opened(tiny(), tmp_path)


def test_a_device_that_is_not_there_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device = 'cuda' is not allowed; allowed: cpu"):
        opened(tiny(device="cuda"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_fails_the_run_and_keeps_the_batch(tmp_path: Path) -> None:
    config = tiny(learning_starts=5)
    learner = opened(config, tmp_path)
    wait_for(learner, lambda s: s.ready)
    with_nan = learner._loop.learner._tensors()
    next(iter(with_nan.values())).data.fill_(float("nan"))
    feed(learner, 0)
    status = wait_for(learner, lambda s: s.phase == "failed")
    assert not status.ready
    assert "not finite" in status.message
    assert list((tmp_path / "inspection").glob("*.safetensors"))
    learner.close()
