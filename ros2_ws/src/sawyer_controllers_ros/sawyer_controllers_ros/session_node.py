"""Session: drives N episodes, publishes progress, writes the results, exits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException
from rclpy.task import Future
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeResult, ErrorCode, SessionProgress

from sawyer_controllers_ros.session_log import SessionLog
from sawyer_core import SawyerError, TransportError, setting, validate
from sawyer_ros_common import qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode

VERDICTS = frozenset(
    (ErrorCode.NONE, ErrorCode.EPISODE_SAFETY_STOP, ErrorCode.EPISODE_RESET_FAILED)
)
"""Outcomes that belong to the episode; anything else means that the graph failed."""
RECORDER = range(ErrorCode.RECORDER_BUSY, ErrorCode.CALIBRATION_MOVING)
"""The episode is good, its recording is not: the session goes on and fails at the end."""


@dataclass(frozen=True)
class SessionConfig:
    """What to run."""

    connector: str = setting(doc="connector to insert")
    policy: str = setting(doc="policy to run")
    episodes: int = setting(1, bounds=(1, 1_000_000), doc="episodes to run")
    seed: int = setting(0, bounds=(0, 2**31 - 1), doc="seed of the first episode")
    noise_mm: float = setting(
        0.0, unit="mm", bounds=(0.0, 10.0), doc="half width of the uniform goal noise in x and y"
    )
    block_yaw_rad: float = setting(
        0.0, unit="rad", bounds=(0.0, 0.5), doc="blocks: r, half width of the blocks' yaw"
    )
    block_yaw_set: str = setting(
        "uniform", choices=("uniform", "discrete"), doc="blocks: U[-r, r], or one of 0, r, -r"
    )
    control_sigma: float = setting(
        0.0, bounds=(0.0, 1.0), doc="control noise of eq. (46), share of a full learned action"
    )
    control_mu: float = setting(0.0, bounds=(-1.0, 1.0), doc="its mean, the control bias")
    horizon: int = setting(0, bounds=(0, 100_000), doc="control periods; 0: the manager's default")
    record: bool = setting(False, doc="write a bag per episode")
    output_dir: str = setting("runs/latest", doc="episodes.json goes here")
    startup_timeout_s: float = setting(
        60.0, unit="s", bounds=(0.1, 3600.0), doc="longest wait for the graph"
    )
    episode_timeout_s: float = setting(
        120.0, unit="s", bounds=(0.1, 86_400.0), doc="longest wall time of one episode"
    )

    def __post_init__(self) -> None:
        validate(self)


class SessionNode(ThinNode):
    """Client of `run_episode`; blocking, it has its process to itself."""

    def __init__(self, name: str = "session", config_class: type[Any] = SessionConfig) -> None:
        super().__init__(name)
        self.config: Any = ConfigParameters(self, config_class).config
        self._progress = SessionProgress(phase="waiting")
        self._failures: list[str] = []

    def start(self) -> None:
        """Create the client and the progress topic."""
        self._client = ActionClient(self, RunEpisode, "run_episode")
        self._publisher = self.create_publisher(
            SessionProgress, "session/progress", qos.EVENT_LATCHED
        )

    def run(self) -> int:
        """Run all episodes; 0 if each came to a verdict."""
        config = self.config
        asked = {
            "connector": config.connector,
            "policy": config.policy,
            "noise_mm": config.noise_mm,
            "seed": config.seed,
            "episodes_asked": config.episodes,
        }
        self._progress.episodes = config.episodes
        log = SessionLog(Path(config.output_dir), asked)
        self._say("waiting", "waiting for the graph")
        try:
            self._wait_for_graph()
            for index in range(config.episodes):
                self._episode(index, log)
        except SawyerError as error:
            self._failures.append(str(error))
        return self._end(log, complete=len(log.rows) == config.episodes)

    def _end(self, log: SessionLog, *, complete: bool) -> int:
        """Write and say how it ended; the exit status."""
        complete = complete and not self._failures
        log.write(complete=complete)
        self._say("done" if complete else "failed", "; ".join(self._failures))
        for failure in self._failures:
            self.get_logger().error(failure)
        return 0 if complete else 1

    def _wait_for_graph(self) -> None:
        if not self._client.wait_for_server(timeout_sec=self.config.startup_timeout_s):
            if not rclpy.ok():
                raise ExternalShutdownException
            raise TransportError(
                f"action run_episode is not there after {self.config.startup_timeout_s:g} s"
            )

    def _episode(self, index: int, log: SessionLog) -> None:
        config = self.config
        goal = RunEpisode.Goal(
            index=index,
            connector=config.connector,
            policy=config.policy,
            noise_mm=config.noise_mm,
            block_yaw_rad=config.block_yaw_rad,
            block_yaw_set=config.block_yaw_set,
            control_sigma=config.control_sigma,
            control_mu=config.control_mu,
            horizon=config.horizon,
            seed=config.seed + index,
            record=config.record,
        )
        result = self._run(goal)
        log.add(result)
        self._take(result)
        if result.error_code not in VERDICTS and result.error_code not in RECORDER:
            raise TransportError(f"episode {index}: {result.error_msg}")

    def _run(self, goal: RunEpisode.Goal) -> EpisodeResult:
        """Run one episode to its end.

        Raises:
            TransportError: it was not taken, or did not end in time.
        """
        config, index = self.config, goal.index
        self._progress.index = index
        self._say("resetting", "")
        sent = self._client.send_goal_async(goal, feedback_callback=self._on_feedback)
        handle = self._wait(sent, config.startup_timeout_s, "run_episode did not take the goal")
        if not handle.accepted:
            raise TransportError(f"run_episode refused episode {index}")
        what = f"episode {index} did not end within {config.episode_timeout_s:g} s"
        ended = self._wait(handle.get_result_async(), config.episode_timeout_s, what)
        result: EpisodeResult = ended.result.result
        return result

    def _take(self, result: EpisodeResult) -> None:
        self._progress.completed += 1
        self._progress.successes += int(result.success)
        self._progress.failures += int(not result.valid)
        self._progress.last = result
        self._say("running", result.reason)
        self.get_logger().info(
            f"episode {result.index}: {'success' if result.success else result.reason}, "
            f"{result.steps} steps, {result.time_s:.1f} s, peak {result.peak_force_n:.1f} N"
        )
        if result.error_code in RECORDER:
            self._failures.append(f"episode {result.index}: {result.error_msg}")

    def _wait(self, future: Future, timeout_s: float, what: str) -> Any:
        rclpy.spin_until_future_complete(self, future, timeout_sec=timeout_s)
        if not future.done():
            raise TransportError(what)
        return future.result()

    def _on_feedback(self, message: Any) -> None:
        feedback = message.feedback
        if feedback.phase != self._progress.phase:
            self._say(feedback.phase, "")

    def _say(self, phase: str, message: str) -> None:
        self._progress.phase, self._progress.message = phase, message
        self._progress.header.stamp = self.get_clock().now().to_msg()
        self._publisher.publish(self._progress)


def main(args: list[str] | None = None, make: type[SessionNode] = SessionNode) -> int:
    """Run the session; the exit status says whether every episode came to a verdict."""
    node: SessionNode | None = None
    status = 1
    try:
        try:
            rclpy.init(args=args)
        except RuntimeError as error:  # all that rclpy raises for arguments and parameter files
            print(f"session: {error}", file=sys.stderr)
            return 2
        node = make()
        node.start()
        status = node.run()
    except (KeyboardInterrupt, ExternalShutdownException):
        print("session: interrupted", file=sys.stderr)
    except SawyerError as error:
        print(f"session: {error}", file=sys.stderr)
        status = 2
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return status
