"""Learner: transitions of the graph in, versions of the policy out; a process of its own."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from rclpy.clock import Clock, ClockType
from sawyer_interfaces.msg import EpisodeResult, EpisodeStep, LearnerState

from sawyer_controllers.p_controller import PController
from sawyer_core import ConfigError, InsertionTask, load_task
from sawyer_policies_ros.learner_config import LearnerNodeConfig, training_config_of
from sawyer_policies_ros.step_records import check_base, episode_end, step_record
from sawyer_ros_common import qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_stamp

if TYPE_CHECKING:
    from sawyer_policies.online.learner import OnlineLearner

POLICY = "training"


class LearnerNode(ThinNode):
    """Shell around `sawyer_policies.online`: messages in and out, its thread learns."""

    def __init__(self) -> None:
        super().__init__("learner")
        self.config = ConfigParameters(self, LearnerNodeConfig).config
        self.training = training_config_of(self.config)
        self._task = _load(self.config.task_file)
        self._base = PController.of_task(self._task)
        self._learner: OnlineLearner | None = None
        self._started = to_stamp(time.time_ns())
        self._incomplete_since_s: float | None = None
        self._matched_since_s: float | None = None
        self._said = ""

    def start(self) -> None:
        """Go on with what is in the folder, then listen."""
        from sawyer_policies.observations import preset
        from sawyer_policies.online.learner import OnlineLearner

        config = self.config
        self._states = self.create_publisher(LearnerState, "learner/state", qos.LATCHED)
        self._wake = self.create_guard_condition(self._publish)
        self._learner = OnlineLearner(
            self.training,
            Path(config.output_dir),
            preset(
                self.training.observation,
                self._task.goal,
                critic=self.training.critic_observation,
            ),
            base=self._base,
            max_backlog=0 if config.clock == "lockstep" else config.max_backlog,
            notify=self.get_logger().info,
            changed=self._wake.trigger,
        )
        self._learner.open()
        # Kept by the episode manager: a learner that was started anew misses nothing.
        self.create_subscription(EpisodeStep, "episode/step", self._on_step, qos.STEPS)
        self.create_subscription(
            EpisodeResult, "episode/result", self._on_result, qos.EVENT_LATCHED
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(config.state_period_s, self._look, clock=steady)

    def close(self) -> None:
        """End the thread; it writes a last checkpoint."""
        if self._learner is not None:
            self._learner.close()

    def _on_step(self, message: EpisodeStep) -> None:
        if self._learner is None:
            return
        if message.reward_name != self.training.reward:
            raise ConfigError(
                "reward of the episode manager", message.reward_name, self.training.reward
            )
        record = step_record(message, self.training.action_scale_m)
        if record is not None:
            if self.training.goal_copies:
                check_base(message, self._base)
            self._learner.add_step(record)
            self.health.tick()

    def _on_result(self, message: EpisodeResult) -> None:
        if self._learner is not None:
            self._learner.end_episode(episode_end(message))

    def _look(self) -> None:
        """Write what could not be written, stop waiting for what will not come, say so."""
        learner = self._learner
        if learner is None:
            return
        if self._matched_since_s is None and self._matched():
            self._matched_since_s = time.monotonic()
        learner.retry()
        if not learner.incomplete:
            self._incomplete_since_s = None
        elif self._incomplete_since_s is None:
            self._incomplete_since_s = time.monotonic()
        elif time.monotonic() - self._incomplete_since_s > self.config.missing_steps_timeout_s:
            learner.give_up()
        self._publish()

    def _matched(self) -> bool:
        return all(self.count_publishers(topic) for topic in ("episode/step", "episode/result"))

    def _settled(self) -> bool:
        """Whether the steps that the episode manager keeps have had time to arrive."""
        since_s = self._matched_since_s
        return since_s is not None and time.monotonic() - since_s >= self.config.settle_s

    def _publish(self) -> None:
        if self._learner is None:
            return
        status = self._learner.status()
        message = LearnerState(
            started=self._started,
            policy=POLICY,
            phase=status.phase,
            message=status.message,
            ready=status.ready and self._settled(),
            next_episode=status.next_episode,
            next_seed=self.training.episode_seed(status.next_episode),
            env_steps=status.env_steps,
            steps_wanted=self.training.steps,
            updates=status.updates,
            policy_version=status.version,
            lost_episodes=status.lost_episodes,
            updates_per_s=status.updates_per_s,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._states.publish(message)
        self._report(message)

    def _report(self, message: LearnerState) -> None:
        self.health.put("updates", float(message.updates))
        self.health.put("updates_per_s", message.updates_per_s)
        self.health.put("env_steps", float(message.env_steps))
        if message.phase == "failed":
            self.health.error(message.message)
        elif message.phase == "paused":
            self.health.warn(message.message)
        if message.phase in ("failed", "paused") and message.message != self._said:
            self.get_logger().error(message.message)
            self._said = message.message


def _load(path: str) -> InsertionTask:
    try:
        return load_task(path)
    except OSError as error:
        raise ConfigError("task_file", path, f"a readable file ({error.strerror})") from error


def main(args: list[str] | None = None) -> int:
    """Run the learner."""
    return run_node(LearnerNode, args)
