"""Training session: runs the episodes that the learner asks for, until it has enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeResult, ErrorCode, LearnerState
from sawyer_interfaces.srv import ListPolicies

from sawyer_controllers_ros.session_log import SessionLog
from sawyer_controllers_ros.session_node import SessionNode
from sawyer_core import SawyerError, TransportError, setting, validate
from sawyer_ros_common import qos

ASK_AGAIN_S = 1.0  # a request to a server that died is never answered


@dataclass(frozen=True)
class TrainingSessionConfig:
    """What to run; policy, episode and seed come from the learner."""

    connector: str = setting(doc="connector to insert")
    noise_mm: float = setting(
        1.0, unit="mm", bounds=(0.0, 10.0), doc="half width of the uniform goal noise in x and y"
    )
    horizon: int = setting(0, bounds=(0, 100_000), doc="control periods; 0: the manager's default")
    record: bool = setting(True, doc="write a bag per episode")
    output_dir: str = setting("runs/latest", doc="episodes.json goes here")
    startup_timeout_s: float = setting(
        60.0, unit="s", bounds=(0.1, 3600.0), doc="longest wait for the graph"
    )
    episode_timeout_s: float = setting(
        120.0, unit="s", bounds=(0.1, 86_400.0), doc="longest wall time of one episode"
    )
    learner_timeout_s: float = setting(
        60.0, unit="s", bounds=(0.1, 3600.0), doc="longest silence of the learner"
    )
    server_timeout_s: float = setting(
        120.0, unit="s", bounds=(0.1, 3600.0), doc="longest wait for a policy server that died"
    )
    max_repeats: int = setting(
        5, bounds=(1, 1000), doc="times an episode that was lost is run again, in a row"
    )

    def __post_init__(self) -> None:
        validate(self)


class TrainingSessionNode(SessionNode):
    """Client of `run_episode` that follows `learner/state`."""

    config: TrainingSessionConfig

    def __init__(self) -> None:
        super().__init__("training_session", TrainingSessionConfig)

    def start(self) -> None:
        """Listen to the learner too."""
        super().start()
        self._learner_state: LearnerState | None = None
        self._heard_s = time.monotonic()
        self._policies = self.create_client(ListPolicies, "policy/list")
        self.create_subscription(LearnerState, "learner/state", self._on_state, qos.LATCHED)

    def _on_state(self, message: LearnerState) -> None:
        self._learner_state, self._heard_s = message, time.monotonic()

    def run(self) -> int:
        """Run episodes until the learner is done; 0 if it came to that."""
        config = self.config
        asked = {
            "connector": config.connector,
            "policy": "training",
            "noise_mm": config.noise_mm,
            "training": True,
        }
        log = SessionLog(Path(config.output_dir), asked, resume=True)
        self._say("waiting", "waiting for the learner")
        done = False
        try:
            self._wait_for_graph()
            state = self._learner(lambda _: True)
            while state.phase != "done":
                state = self._train(state, log)
            done = True
        except SawyerError as error:
            self._failures.append(str(error))
        return self._end(log, complete=done)

    def _train(self, state: LearnerState, log: SessionLog) -> LearnerState:
        """One episode, again where it was lost; the learner's state after it."""
        lost = ""
        for _ in range(self.config.max_repeats + 1):
            self._wait_for_server()
            result = self._run(self._goal(state))
            log.add(result)
            self._take(result)
            if result.error_code == ErrorCode.EPISODE_BAD_SPEC:
                raise TransportError(f"episode {result.index}: {result.error_msg}")
            before, state = state, self._after(state, result)
            if state.phase == "done" or state.next_episode > before.next_episode:
                return state
            lost = result.error_msg or "steps of it were lost"
            self.get_logger().warning(f"episode {result.index} is run again: {lost}")
        times = self.config.max_repeats + 1
        raise TransportError(f"episode {state.next_episode} was lost {times} times: {lost}")

    def _wait_for_server(self) -> None:
        """Wait until the policy server answers; a new one loads its policy first.

        Raises:
            TransportError: it does not.
        """
        limit_s = self.config.server_timeout_s
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            asked = self._policies.call_async(ListPolicies.Request())
            rclpy.spin_until_future_complete(self, asked, timeout_sec=ASK_AGAIN_S)
            if asked.done():
                return
            self._policies.remove_pending_request(asked)
            if not rclpy.ok():
                raise ExternalShutdownException
        raise TransportError(f"the policy server has not answered for {limit_s:g} s")

    def _goal(self, state: LearnerState) -> RunEpisode.Goal:
        config, index = self.config, state.next_episode
        bags = Path(config.output_dir) / "bags"
        return RunEpisode.Goal(
            index=index,
            connector=config.connector,
            policy=state.policy,
            noise_mm=config.noise_mm,
            horizon=config.horizon,
            seed=state.next_seed,
            record=config.record,
            attempt=len(list(bags.glob(f"episode_{index:04d}*"))),
        )

    def _after(self, before: LearnerState, result: EpisodeResult) -> LearnerState:
        """Wait until the learner has taken an episode, or it is clear that it has not."""

        def taken(now: LearnerState) -> bool:
            lost = now.lost_episodes > before.lost_episodes or now.started != before.started
            return now.next_episode > before.next_episode or lost or not result.valid

        return self._learner(taken)

    def _learner(self, wanted: Callable[[LearnerState], bool]) -> LearnerState:
        """The learner's state once it is ready, or done, and as wanted.

        Raises:
            TransportError: it has failed, or nothing was heard of it for too long.
        """
        limit_s = self.config.learner_timeout_s
        self._heard_s = time.monotonic()
        while True:
            state = self._learner_state
            if state is not None and state.phase == "failed":
                raise TransportError(f"the learner has failed: {state.message}")
            if state is not None and (state.phase == "done" or (state.ready and wanted(state))):
                return state
            if time.monotonic() - self._heard_s > limit_s:
                raise TransportError(f"nothing was heard of the learner for {limit_s:g} s")
            self._listen()

    def _listen(self) -> None:
        if not rclpy.ok():
            raise ExternalShutdownException
        rclpy.spin_once(self, timeout_sec=0.1)

    def _say(self, phase: str, message: str) -> None:
        state: Any = getattr(self, "_learner_state", None)
        if state is not None:
            left = state.steps_wanted - state.env_steps
            message = message or f"{max(0, left)} steps to go, policy {state.policy_version}"
        super()._say(phase, message)
