"""Episode manager: runs one episode at a time; base and learned action meet here alone."""

from __future__ import annotations

import time
from dataclasses import dataclass

from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import (
    DriverState,
    EpisodeResult,
    EpisodeSpec,
    EpisodeStep,
    ErrorCode,
)

from sawyer_controllers.blocks import BLOCKS_REWARDS
from sawyer_controllers.p_controller import PControllerConfig
from sawyer_controllers.rewards import REWARDS
from sawyer_controllers_ros.commander import Commander, CommanderConfig
from sawyer_controllers_ros.episode_messages import loop_stop
from sawyer_controllers_ros.episode_run import EpisodeRun
from sawyer_controllers_ros.episode_transition import AUTO, StepScorer
from sawyer_controllers_ros.policy_link import PolicyLink
from sawyer_controllers_ros.reset_link import EpisodeError, RecorderLink, ResetLink
from sawyer_controllers_ros.task_config import load_task_parameter
from sawyer_core import CommandRejectedError, SawyerError, TransportError, setting, validate
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import ARM, FrameSource
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.single_goal import SingleGoal
from sawyer_ros_common.waits import Deadlines


@dataclass(frozen=True)
class ManagerConfig:
    """Settings of the node itself; times are wall clock."""

    clock: str = setting(
        "lockstep", choices=("lockstep", "realtime"), doc="how the driver keeps time"
    )
    horizon: int = setting(
        50,
        bounds=(1, 10_000),
        doc="control periods of an episode that asks for no number",
        source="residual_insertion_daib B.2 [E2]: 50 steps",
    )
    policy_timeout_s: float = setting(
        0.1, unit="s", bounds=(0.001, 60.0), doc="realtime: a later action is not waited for"
    )
    lockstep_policy_timeout_s: float = setting(
        2.0, unit="s", bounds=(0.001, 60.0), doc="the same in lockstep, where time stands still"
    )
    policy_start_timeout_s: float = setting(
        60.0,
        unit="s",
        bounds=(0.1, 3600.0),
        doc="longest wait for the policy before anything moves: a learned one may have to be "
        "loaded, a server that died is started again",
    )
    reset_timeout_s: float = setting(
        60.0, unit="s", bounds=(0.1, 3600.0), doc="longest wait for a whole reset"
    )
    unplug_first: bool = setting(True, doc="reset physically before the next plug is handed over")
    wait_for_image: bool = setting(
        False, doc="lockstep: no step ends before the picture of its beginning is there"
    )
    reward: str = setting(
        AUTO,
        choices=(AUTO, *REWARDS, *BLOCKS_REWARDS),
        doc="reward that each step is given; auto: sparse, or blocks for the block assembly",
    )
    image_age_s: float = setting(
        0.15,
        unit="s",
        bounds=(0.0, 10.0),
        doc="realtime: an older picture is not shown to a policy, a fresh one is waited for; "
        "there is one per control period",
    )
    feedback_every: int = setting(
        10, bounds=(1, 10_000), doc="action feedback every so many steps"
    )

    def __post_init__(self) -> None:
        validate(self)


class EpisodeManagerNode(ThinNode):
    """Serves action `run_episode`; a coroutine on the node's executor, no thread, no lock."""

    def __init__(self) -> None:
        super().__init__("episode_manager")
        self.config = ConfigParameters(self, ManagerConfig).config
        self.commander_config = ConfigParameters(self, CommanderConfig).config
        self.base_config = ConfigParameters(self, PControllerConfig, "base").config
        self.task = load_task_parameter(self)
        self.score = StepScorer(self.config.reward, self.task)
        self.loop_stop = ""
        self.run_before = False
        self._single = SingleGoal()

    def start(self) -> None:
        """Create topics, clients and the action."""
        self._deadlines = Deadlines(self)
        source = self.get_name()
        self.images = FrameSource(self, ("image",))
        tracked = ("objects",) if self.task.kind == "blocks" else ()
        parts = (*ARM, "wrench", "wrench_peak", "contact", "insertion", "driver", *tracked)
        self._frames = FrameSource(self, parts)
        # What a policy sees is there before the insertion state: ask it meanwhile.
        self.seen = self._frames.early(("pose", "wrench", *tracked))
        self.commander = Commander(
            self, self._frames, source, self.commander_config, self._deadlines
        )
        lockstep = self.config.clock == "lockstep"
        late_s = self.config.policy_timeout_s
        self.policy = PolicyLink(
            self,
            self._deadlines,
            timeout_s=self.config.lockstep_policy_timeout_s if lockstep else late_s,
            period_s=1.0 / self.commander_config.rate_hz,
            silent_timeout_s=late_s,
        )
        service_s = self.commander_config.service_timeout_s
        self.reset = ResetLink(
            self,
            self._deadlines,
            service_timeout_s=service_s,
            reset_timeout_s=self.config.reset_timeout_s,
        )
        self.recorder = RecorderLink(self, self._deadlines, timeout_s=service_s)
        self.goals = self.create_publisher(PoseStamped, "commanded_goal", qos.LATCHED)
        self.specs = self.create_publisher(EpisodeSpec, "episode/spec", qos.LATCHED)
        self.steps = self.create_publisher(EpisodeStep, "episode/step", qos.STEPS)
        self.results = self.create_publisher(EpisodeResult, "episode/result", qos.EVENT_LATCHED)
        self.create_subscription(DriverState, "driver/state", self._on_driver, qos.LATCHED)
        self._server = ActionServer(
            self,
            RunEpisode,
            "run_episode",
            self._execute,
            goal_callback=self._single.offer,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def close(self) -> None:
        """Let nothing wait for ever."""
        if hasattr(self, "_deadlines"):
            self._deadlines.cancel_all()

    def _on_driver(self, message: DriverState) -> None:
        self.loop_stop = loop_stop(message)

    async def _execute(self, handle: ServerGoalHandle) -> RunEpisode.Result:
        with self._single:
            began = time.perf_counter()
            run = EpisodeRun(self, handle)
            await self._run(run)
            result = run.result
            result.wall_s = time.perf_counter() - began
            result.robot_s = run.robot_s
            await self._finish(handle, run)
            return RunEpisode.Result(result=result)

    async def _run(self, run: EpisodeRun) -> None:
        try:
            await run.run()
        except EpisodeError as error:
            run.fail(error.code, str(error))
        except TransportError as error:
            run.fail(ErrorCode.EPISODE_NO_STATE, str(error))
        except CommandRejectedError as error:
            run.fail(ErrorCode.EPISODE_SAFETY_STOP, str(error))
        except SawyerError as error:
            run.fail(ErrorCode.EPISODE_BAD_SPEC, str(error))
        except Exception:  # a mistake of ours: the action server reports it
            await self.commander.release()
            if run.recording:
                await self.recorder.stop(run.stamp_ns)
            raise
        await self.commander.release()

    async def _finish(self, handle: ServerGoalHandle, run: EpisodeRun) -> None:
        result = run.result
        result.header = conversions.header(run.stamp_ns)
        self.results.publish(result)
        if run.recording:
            await self.recorder.stop(run.stamp_ns)
            if self.recorder.problem and not result.error_code:
                result.error_code = self.recorder.code
                result.error_msg = self.recorder.problem
        self.health.tick()
        self.health.count("successes", float(result.success))
        self.health.count("late_policy_replies", float(result.late_policy_replies))
        self.health.count("clipped_commands", float(result.clipped_commands))
        if result.error_code == ErrorCode.EPISODE_CANCELED:
            handle.canceled()
        elif not result.valid:
            self.health.error(result.error_msg)
            self.get_logger().error(f"episode {result.index}: {result.error_msg}")
            handle.abort()
        else:
            handle.succeed()


def main(args: list[str] | None = None) -> int:
    """Run the episode manager."""
    return run_node(EpisodeManagerNode, args)
