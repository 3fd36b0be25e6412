"""The learner beside a working robot: journal in, versions out, the training loop in a thread.

The loop is the one that trains in process; it is given an environment that plays back the
episodes of the journal. So what is learned from an episode does not depend on where it was run,
and after a crash the loop goes on from its checkpoint with the episodes that came since.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sawyer_controllers.p_controller import PController
from sawyer_core.errors import ConfigError, SawyerError
from sawyer_policies.devices import torch_device
from sawyer_policies.learners.errors import CheckpointError
from sawyer_policies.observations import Encoded, ObservationConfig
from sawyer_policies.online.environment import RecordedEnvironment
from sawyer_policies.online.journal import FILE_NAME, Journal
from sawyer_policies.online.transitions import (
    EpisodeAssembler,
    EpisodeEnd,
    RecordedEpisode,
    StepRecord,
)
from sawyer_policies.online.versions import VersionStore, exploring_info
from sawyer_policies.training.config import TrainingConfig, config_mapping
from sawyer_policies.training.disk import (
    PatientWriter,
    StopRequested,
    is_disk_full,
    replace_file,
)
from sawyer_policies.training.finish import make_result, write_bundle, write_result
from sawyer_policies.training.loop import Progress, TrainingLoop
from sawyer_policies.training.origin import record_origin

CONFIG_FILE = "config.json"
JOIN_S = 30.0
RETRY_S = 1.0

ON_THE_GRAPH: dict[str, Any] = {
    "demos": "",
    "demo_pretrain_updates": 0,
    "init_from": "",
    "base_policy": "",
    "task": "insertion",
}
"""Settings that have one value here: the robot's side knows no other."""
WARMUP_ACTIONS = ("policy", "uniform")


@dataclass(frozen=True)
class LearnerStatus:
    """Where the learner stands; ``ready``: episode ``next_episode`` may begin."""

    phase: str = "loading"
    message: str = ""
    ready: bool = False
    next_episode: int = 0
    env_steps: int = 0
    updates: int = 0
    version: str = ""
    learned_episodes: int = 0
    lost_episodes: int = 0
    updates_per_s: float = 0.0


def _refuse_what_the_graph_lacks(config: TrainingConfig) -> None:
    for name, only in ON_THE_GRAPH.items():
        if getattr(config, name) != only:
            allowed = "none" if only == "" else only
            raise ConfigError(name, getattr(config, name), f"{allowed}, on the graph")
    if config.warmup_action not in WARMUP_ACTIONS:
        allowed = " or ".join(WARMUP_ACTIONS) + ", on the graph"
        raise ConfigError("warmup_action", config.warmup_action, allowed)
    for name, value in config.env.items():
        raise ConfigError(f"env.{name}", value, "no env.<key>, on the graph")


class ReplayedLoop(TrainingLoop):
    """The training loop over recorded episodes: it acts as was acted."""

    environment: RecordedEnvironment

    def choose(self, seen: Encoded) -> npt.NDArray[np.float32]:
        """(3,) the recorded action."""
        del seen
        return self.environment.action


class OnlineLearner:
    """One run: takes steps in, gives versions out. :meth:`open` first, :meth:`close` last.

    Args:
        config: of the training.
        folder: of the run; what is there is gone on with.
        observation: what the policy sees.
        base: the base controller of the episodes, by default that of eq. (50).
        max_backlog: episodes that may wait to be learned from when the next one begins; 0:
            none (lockstep), so that every run is the same.
        notify: told what happens, in one line, from any thread.
        changed: told that the status has changed, from any thread.
    """

    def __init__(
        self,
        config: TrainingConfig,
        folder: Path,
        observation: ObservationConfig,
        *,
        base: PController | None = None,
        max_backlog: int = 0,
        notify: Callable[[str], None] = lambda _: None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        _refuse_what_the_graph_lacks(config)
        self.config = config
        self.folder = folder
        self._max_backlog = max_backlog
        self._notify = notify
        self._changed = changed
        self._condition = threading.Condition()
        self._closing = False
        self._status = LearnerStatus()
        self._full = {"journal": "", "writer": ""}  # who waits for disk space, and for what
        self._waiting: deque[RecordedEpisode] = deque()
        self._assembler = EpisodeAssembler()
        self._ending: EpisodeEnd | None = None
        self._unwritten: deque[StepRecord] = deque()
        self._writer = PatientWriter(self._paused, self._stopping, wait_s=RETRY_S)
        self._environment = RecordedEnvironment(observation, self._next_episode, base)
        self._versions = VersionStore(folder)
        self._thread = threading.Thread(target=self._learn, name="learner", daemon=True)

    # ---- start and end

    def open(self) -> None:
        """Read what is there and begin to learn.

        Raises:
            ConfigError: the run was begun with other settings, or there is no such device.
            RecordingError, CheckpointError: what is there cannot be gone on with.
        """
        torch_device(self.config.device)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._claim()
        torch.set_num_threads(self.config.threads)
        self._journal = Journal(self.folder / FILE_NAME)
        if self._journal.dropped_bytes:
            self._notify(f"journal: {self._journal.dropped_bytes} bytes of a torn end dropped")
        self._loop = ReplayedLoop(
            self.config, self.folder, self._environment, writer=self._writer, notify=self._notify
        )
        if self._loop.restore():
            self._notify(f"going on from the checkpoint of {self._loop.state.episode} episodes")
        learned = self._environment.next_episode = self._loop.state.episode
        if learned > self._journal.episodes:
            raise CheckpointError(
                f"{self.folder}: the checkpoint is of {learned} episodes, "
                f"the journal has {self._journal.episodes}"
            )
        self._waiting.extend(self._journal.read(learned))
        self._put(learned_episodes=learned, updates=self._loop.learner.updates)
        self._thread.start()

    def _claim(self) -> None:
        """Write the config into a new run; go on only with the settings it began with."""
        path = self.folder / CONFIG_FILE
        mapping = json.loads(json.dumps(config_mapping(self.config)))
        if path.is_file():
            then = json.loads(path.read_text(encoding="utf-8"))
            for name in sorted(mapping.keys() | then.keys()):
                if mapping.get(name) != then.get(name):
                    wanted = f"{then.get(name)!r}, as the run in {self.folder} began"
                    raise ConfigError(name, mapping.get(name), wanted)
            return
        text = json.dumps(mapping, indent=1) + "\n"
        self._writer.run(lambda: replace_file(path, text.encode()), CONFIG_FILE)
        record_origin(self.folder, self._writer)

    def close(self) -> None:
        """Stop at the end of the episode being learned from; writes a checkpoint."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)
        if hasattr(self, "_journal"):
            self._journal.close()

    # ---- what comes in (one thread)

    def add_step(self, step: StepRecord) -> None:
        """Take a step of the running episode; others are passed over."""
        if step.episode != self._journal.episodes or self._enough:
            return
        if self._assembler.add(step):
            self._unwritten.append(step)
            self.retry()

    def end_episode(self, end: EpisodeEnd) -> None:
        """Take the end of an episode; its last steps may still be on their way."""
        if end.episode != self._journal.episodes or self._enough:
            return
        if self._assembler.began_after(end.stamp_ns):
            return  # of an earlier run of the same episode
        if not end.valid:
            self._lose(f"episode {end.episode} does not count ({end.result.get('reason')})")
            return
        self._ending = end
        self.retry()

    def give_up(self) -> None:
        """The steps that are missing to an ended episode will not come any more."""
        if self._ending is not None and not self._unwritten:
            have = len(self._assembler.steps)
            self._lose(f"episode {self._ending.episode}: {have} of {self._ending.steps} steps")

    @property
    def incomplete(self) -> bool:
        """Whether an episode has ended whose steps are not all there."""
        return self._ending is not None and not self._unwritten

    def retry(self) -> None:
        """Write what could not be written yet, and the end of an episode that is whole."""
        try:
            while self._unwritten:
                self._journal.append_step(self._unwritten[0])
                self._unwritten.popleft()
            self._close_episode()
        except OSError as error:
            if not is_disk_full(error):
                raise
            self._wait_for_space("journal", f"disk full while writing {self._journal.path}")
        else:
            self._wait_for_space("journal", "")

    def _close_episode(self) -> None:
        end = self._ending
        steps = None if end is None else self._assembler.whole(end)
        if end is None or steps is None:
            return
        self._journal.close_episode(end, len(steps))
        self._assembler.clear()
        self._ending = None
        with self._condition:
            self._waiting.append(RecordedEpisode(steps, end))
            self._condition.notify_all()
        self._put()

    def _lose(self, why: str) -> None:
        self._assembler.clear()
        self._unwritten.clear()
        self._ending = None
        self._notify(f"{why}: it is run again")
        self._put(lost_episodes=self.status().lost_episodes + 1)

    @property
    def _enough(self) -> bool:
        return self._journal.transitions >= self.config.steps

    # ---- what comes out

    def status(self) -> LearnerStatus:
        """Where the learner stands, immutable."""
        with self._condition:
            return self._status

    def _put(self, **changes: Any) -> None:
        with self._condition:
            status = replace(self._status, **changes)
            episodes = self._journal.episodes
            backlog = episodes - status.learned_episodes
            may = status.version != "" and not self._enough and backlog <= self._max_backlog
            if status.phase not in ("failed", "done"):
                full = self._full["journal"] or self._full["writer"]
                phase = "updating" if backlog else "ready"
                phase = "paused" if full else phase if status.version else "loading"
                status = replace(status, phase=phase, message=full)
            self._status = replace(
                status,
                next_episode=episodes,
                env_steps=self._journal.transitions,
                ready=may and status.phase in ("updating", "ready"),
            )
        self._changed()

    def _wait_for_space(self, who: str, what: str) -> None:
        """Paused while the journal, the writer or both wait; empty: ``who`` waits no more."""
        with self._condition:
            if self._full[who] == what:
                return
            self._full[who] = what
        if hasattr(self, "_journal"):  # else it is being opened, and nobody is told yet
            self._put()

    # ---- the thread

    def _learn(self) -> None:
        try:
            if self._versions.newest() == "" or not self._waiting:
                self._publish()
            self._put(version=self._versions.newest())
            if self._loop.run(self._after_episode, self._stopping):
                self._finish()
                self._put(phase="done")
        except StopRequested:
            self._save_at_the_end()
        except SawyerError as error:
            self._fail(str(error))
        except Exception as error:  # whatever it is, the robot must learn of it
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self._loop.close()

    def _fail(self, message: str) -> None:
        self._notify(message)
        self._put(phase="failed", message=message)

    def _save_at_the_end(self) -> None:
        """The loop waits between two episodes: what it has is a whole state."""
        try:
            self._loop.save()
        except (OSError, StopRequested) as error:
            self._notify(f"no last checkpoint: {error}")

    def _next_episode(self, number: int) -> RecordedEpisode:
        """Wait for an episode.

        Raises:
            StopRequested: the learner is being closed.
        """
        with self._condition:
            while not self._waiting:
                if self._closing:
                    raise StopRequested("closed while waiting for an episode")
                self._condition.wait(RETRY_S)
            episode = self._waiting.popleft()
        if episode.end.episode != number:
            raise CheckpointError(f"episode {episode.end.episode} came, wanted: {number}")
        self._began_s = time.monotonic()
        self._began_updates = self._loop.learner.updates
        return episode

    def _after_episode(self, progress: Progress) -> None:
        del progress
        updates = self._loop.learner.updates
        elapsed_s = max(time.monotonic() - self._began_s, 1e-9)
        done = updates - self._began_updates
        self._publish()
        changes: dict[str, Any] = {"updates_per_s": done / elapsed_s} if done else {}
        learned = self._loop.state.episode
        self._put(
            learned_episodes=learned, updates=updates, version=self._versions.newest(), **changes
        )

    def _publish(self) -> None:
        network, weights = self._loop.learner.policy_network()
        loop, observation = self._loop, self._environment.observation
        info = exploring_info(self.config, observation, network, warming_up=loop.warming_up)
        episodes = loop.state.episode
        self._writer.run(lambda: self._versions.write(episodes, info, weights), "a version")

    def _finish(self) -> None:
        loop, folder, config = self._loop, self.folder, self.config
        policy, observation = loop.policy(), self._environment.observation
        bundle = self._writer.run(
            lambda: write_bundle(folder, config, observation, policy, loop.state.env_steps),
            "the bundle",
        )
        result = make_result(
            folder,
            finished=True,
            bundle=str(bundle),
            updates=loop.learner.updates,
            wall_s=loop.state.wall_s,
        )
        write_result(folder, config, result, self._writer)

    def _stopping(self) -> bool:
        return self._closing

    def _paused(self, message: str) -> None:
        self._notify(message)
        self._wait_for_space("writer", message if message.startswith("disk full") else "")
