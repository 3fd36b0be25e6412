"""The training loop: act, store, learn; stops and goes on at the boundary of an episode."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ConfigError
from sawyer_policies.learners import Learner, ReplayBuffer, make_learner
from sawyer_policies.observations import Encoded
from sawyer_policies.training.checkpoint import (
    check_same_config,
    load_newest,
    save_checkpoint,
)
from sawyer_policies.training.config import TrainingConfig, config_mapping
from sawyer_policies.training.copies import Step
from sawyer_policies.training.demo_replay import DemoTransitions
from sawyer_policies.training.disk import PatientWriter
from sawyer_policies.training.environment import Outcome, TrainingEnvironment
from sawyer_policies.training.exploration import Exploration
from sawyer_policies.training.inspection import bad_batch_saved
from sawyer_policies.training.metrics import MetricsLog
from sawyer_policies.training.step_store import StepStore

RECENT = 20


@dataclass(frozen=True)
class Progress:
    """Where a run stands, at the end of an episode.

    Attributes:
        env_steps: done so far, of ``steps``.
        episode: episodes done.
        success_rate: of the last 20 episodes.
        final_distance_m: of the last episode.
        env_steps_per_s: since the run was started or went on.
        remaining_s: estimated wall time to the end of training.
        warming_up: only the critics learn.
    """

    env_steps: int
    steps: int
    episode: int
    success_rate: float
    final_distance_m: float
    env_steps_per_s: float
    remaining_s: float
    warming_up: bool


@dataclass
class LoopState:
    """What a run carries from episode to episode, JSON-able but for the generator."""

    rng: np.random.Generator
    env_steps: int = 0
    episode: int = 0
    wall_s: float = 0.0
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))
    average: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """All but the averaged weights."""
        return {
            "env_steps": self.env_steps,
            "episode": self.episode,
            "wall_s": self.wall_s,
            "recent": list(self.recent),
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Take over what :meth:`to_json` gave."""
        self.env_steps, self.episode = int(data["env_steps"]), int(data["episode"])
        self.wall_s = float(data["wall_s"])
        self.recent.extend(bool(value) for value in data["recent"])
        self.rng.bit_generator.state = data["rng"]


@dataclass
class _Episode:
    """Running figures of one episode."""

    steps: int = 0
    reward: float = 0.0
    action_size: float = 0.0
    figures: dict[str, list[float]] = field(default_factory=dict)

    def learned(self, metrics: Mapping[str, float], updates: int) -> None:
        for name, value in metrics.items():
            self.figures.setdefault(name, []).extend([value] * updates)

    def means(self) -> dict[str, float]:
        return {name: sum(values) / len(values) for name, values in self.figures.items()}


class TrainingLoop:
    """One run of one learner in one environment.

    Args:
        config: settings.
        folder: of the run.
        environment: to learn in; closed by the caller.
        writer: waits where the disk is full.
        notify: told what happens, in one line.
        demos: demonstrated transitions, for learning from demonstrations.
    """

    def __init__(
        self,
        config: TrainingConfig,
        folder: Path,
        environment: TrainingEnvironment,
        *,
        writer: PatientWriter,
        notify: Callable[[str], None],
        demos: DemoTransitions | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.environment = environment
        self.demos = demos
        self.demo_replay = None if demos is None else demos.replay
        self._writer = writer
        self._notify = notify
        spaces = environment.encoder.spaces
        self.learner: Learner = make_learner(
            config.algorithm, config.learner, spaces, seed=config.seed, device=config.device
        )
        capacity = min(config.replay_capacity, config.steps * (1 + config.copies))
        self.replay = ReplayBuffer(capacity, spaces, device=config.device)
        self._store = StepStore(config, environment, self.replay)
        seeds = np.random.SeedSequence([config.seed, 1])  # 1: apart from the learner's own chance
        self.state = LoopState(np.random.default_rng(seeds))
        self._exploration = Exploration(config, self.state.rng)
        self._log: MetricsLog | None = None
        self._checkpoint_steps = 0
        self._began_s = time.monotonic()
        self._began_steps = 0

    # ---- start and end

    def restore(self) -> bool:
        """Go on from the newest checkpoint that is whole; False where there is none.

        Raises:
            CheckpointError: all checkpoints are damaged, or of another config.
        """
        found = load_newest(
            self.folder, self.environment.encoder.spaces, self._notify, device=self.config.device
        )
        if found is None:
            return False
        check_same_config(self.config, found)
        digest = "" if self.demos is None else self.demos.sha256
        if found.trainer.get("demos_sha256", "") != digest:
            raise ConfigError("demos", self.config.demos, "the ones the run began with")
        average = {k[8:]: v for k, v in found.tensors.items() if k.startswith("average.")}
        tensors = {k: v for k, v in found.tensors.items() if not k.startswith("average.")}
        self.learner.load_state(tensors, found.meta)
        self.replay = found.replay
        self._store = StepStore(self.config, self.environment, self.replay)
        self.state.restore(found.trainer["state"])
        self.state.average = average or None
        self._log = MetricsLog(self.folder, self._writer, found.trainer["files"])
        self._checkpoint_steps = self._began_steps = self.state.env_steps
        return True

    def save(self) -> None:
        """Write a checkpoint."""
        tensors, meta = self.learner.state()
        averages = {f"average.{k}": v for k, v in (self.state.average or {}).items()}
        trainer = {
            "format": "sawyer-training",
            "version": 1,
            "config": config_mapping(self.config),
            "demos_sha256": "" if self.demos is None else self.demos.sha256,
            "state": self.state.to_json(),
            "files": self._open_log().sizes(),
        }

        def write() -> Path:
            return save_checkpoint(
                self.folder,
                self.state.env_steps,
                trainer=trainer,
                learner=({**tensors, **averages}, meta),
                replay=self.replay,
            )

        self._writer.run(write, "a checkpoint")
        self._checkpoint_steps = self.state.env_steps

    def close(self) -> None:
        """Close the files of the run."""
        if self._log is not None:
            self._log.close()

    def _open_log(self) -> MetricsLog:
        if self._log is None:
            self._log = MetricsLog(self.folder, self._writer)
        return self._log

    # ---- the loop

    def run(
        self,
        progress: Callable[[Progress], None] = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Train to the end; False where ``stop`` asked for an earlier one.

        Either way a checkpoint is written last.

        Raises:
            NonFiniteLossError: the offending batch was saved; the message names the file.
        """
        self._began_s, self._began_steps = time.monotonic(), self.state.env_steps
        self._pretrain()
        while self.state.env_steps < self.config.steps:
            if stop():
                self.save()
                return False
            began_s = time.monotonic()
            row = self.run_episode()
            self.state.wall_s += time.monotonic() - began_s
            self._open_log().write({**row, "wall_s": self.state.wall_s})
            progress(self._progress(row))
            due = self._checkpoint_steps + self.config.checkpoint_every_steps
            if due <= self.state.env_steps < self.config.steps:
                self.save()
        self.save()
        return True

    def run_episode(self) -> dict[str, Any]:
        """One episode with its updates; its figures."""
        state, config = self.state, self.config
        seed = config.episode_seed(state.episode)
        arrays = self.environment.reset(seed)
        seen = self.environment.encoder.encode(arrays)
        self._exploration.restart(state.episode)
        figures = _Episode()
        outcome: Outcome | None = None
        while outcome is None or not (outcome.ended or outcome.cut):
            if state.env_steps >= config.steps:
                break
            action = self.choose(seen)
            outcome = self.environment.step(action)
            following = self.environment.encoder.encode(outcome.arrays)
            step = Step(arrays, action, outcome.arrays)
            self._store.add(step, outcome, (seen, following), state.env_steps)
            arrays, seen = outcome.arrays, following
            state.env_steps += 1
            figures.steps += 1
            figures.reward += outcome.reward
            figures.action_size += float(np.abs(action).mean())
            if config.update_at == "step":
                self._learn(1, figures)
        self._store.cut(seen)
        if config.update_at == "episode":
            self._learn(figures.steps, figures)
        state.episode += 1
        self._average()
        return self._row(seed, figures, outcome)

    def _pretrain(self) -> None:
        """Learn from the demonstrations alone, before the first episode."""
        count = self.config.demo_pretrain_updates
        if self.demo_replay is None or self.learner.updates or not count:
            return
        self._notify(f"{count} updates on {len(self.demo_replay)} demonstrated transitions")
        self._update(self.demo_replay, count, _Episode(), update_actor=True)

    def choose(self, seen: Encoded) -> npt.NDArray[np.float32]:
        """(3,) learned action in [-1, 1] while training."""
        action = self._exploration.warm_up(self.state.env_steps) if self.warming_up else None
        if action is not None:
            return action
        batch = {name: value[None] for name, value in seen.items()}
        return self.learner.act(batch, deterministic=False, rng=self._exploration.noise)[0]

    @property
    def warming_up(self) -> bool:
        """Whether only the critics learn."""
        return self.state.env_steps < self.config.warmup_steps

    def _learn(self, env_steps: int, figures: _Episode) -> None:
        count = env_steps * self.config.updates_per_step
        begin = min(self.config.learning_starts, self.config.steps)
        if self.state.env_steps < begin or not (count and len(self.replay)):
            return
        self._update(self.replay, count, figures, update_actor=not self.warming_up)
        if regression := env_steps * self.config.representation_updates_per_step:
            with bad_batch_saved(self.folder, self._writer, self.state.env_steps):
                loss = self.learner.represent(self.replay, regression)
            figures.learned({"representation_loss": loss}, regression)

    def _update(
        self, replay: ReplayBuffer, count: int, figures: _Episode, *, update_actor: bool
    ) -> None:
        with bad_batch_saved(self.folder, self._writer, self.state.env_steps):
            metrics = self.learner.update_many(
                replay, count, demo_replay=self.demo_replay, update_actor=update_actor
            )
        figures.learned(metrics, count)

    def _average(self) -> None:
        """Running mean of the actor's weights, over episodes after the warm-up."""
        decay = self.config.actor_average_decay
        if not decay or self.warming_up:
            return
        _, weights = self.learner.policy_network()
        if self.state.average is None:
            self.state.average = {name: value.clone() for name, value in weights.items()}
            return
        for name, value in weights.items():
            self.state.average[name].mul_(decay).add_(value, alpha=1.0 - decay)

    def policy(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Architecture and weights of the finished policy."""
        architecture, weights = self.learner.policy_network()
        return architecture, self.state.average or weights

    # ---- figures

    def _row(self, seed: int, figures: _Episode, outcome: Outcome | None) -> dict[str, Any]:
        state = self.state
        result = {} if outcome is None else outcome.info.get("result", {})
        whole = bool(result)
        success = bool(result.get("success", False))
        if whole:
            state.recent.append(success)
        return {
            "env_steps": state.env_steps,
            "episode": state.episode - 1,
            "seed": seed,
            "steps": figures.steps,
            "return": figures.reward,
            "success": success,
            "reason": str(result.get("reason", "budget")),
            "final_distance_m": float(result.get("final_distance_m", float("nan"))),
            "peak_force_n": float(result.get("peak_force_n", float("nan"))),
            "success_rate_20": self._success_rate(),
            "action_size": figures.action_size / max(figures.steps, 1),
            "warming_up": self.warming_up,
            "updates": self.learner.updates,
            "learner": figures.means(),
        }

    def _success_rate(self) -> float:
        recent = self.state.recent
        return sum(recent) / len(recent) if recent else 0.0

    def _progress(self, row: Mapping[str, Any]) -> Progress:
        state = self.state
        elapsed_s = max(time.monotonic() - self._began_s, 1e-9)
        rate = (state.env_steps - self._began_steps) / elapsed_s
        left = self.config.steps - state.env_steps
        return Progress(
            env_steps=state.env_steps,
            steps=self.config.steps,
            episode=state.episode,
            success_rate=self._success_rate(),
            final_distance_m=float(row["final_distance_m"]),
            env_steps_per_s=rate,
            remaining_s=left / rate if rate > 0 else float("nan"),
            warming_up=self.warming_up,
        )
