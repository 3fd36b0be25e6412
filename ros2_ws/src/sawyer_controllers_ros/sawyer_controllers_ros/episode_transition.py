"""What one step saw, did and led to: the whole transition, with its reward."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from builtin_interfaces.msg import Time
from sawyer_interfaces.msg import EpisodeStep
from sensor_msgs.msg import Image as ImageMessage

from sawyer_controllers.blocks import make_blocks_reward
from sawyer_controllers.episode import StepAction, StepResult, StopReason
from sawyer_controllers.rewards import RewardInput, make_reward, needs_image
from sawyer_controllers_ros.policy_link import PolicyAnswer
from sawyer_core import ConfigError, InsertionTask, SensorFrame
from sawyer_core.types import Array, Image
from sawyer_ros_common import conversions
from sawyer_ros_common.stamps import to_stamp

AUTO = "auto"
"""Reward that suits the kind of task."""
POLICY_CAMERA_FRAME = "policy_camera_optical_frame"


@dataclass(frozen=True, eq=False)
class Seen:
    """One instant, as a policy is shown it.

    Attributes:
        frame: the sensors.
        bias_n: (3,) force bias that the reset measured.
        image: the picture of that instant, None where nobody looks.
        image_ns: its stamp.
    """

    frame: SensorFrame
    bias_n: Array
    image: Image | None = None
    image_ns: int = 0

    @property
    def force_n(self) -> Array:
        """(3,) force without the bias."""
        return self.frame.wrench.force_n - self.bias_n


class StepScorer:
    """Rewards of the steps, by the function that the training environment uses.

    Args:
        name: of the reward; ``auto``: the one that suits the kind of task.
        task: what is inserted where.

    Raises:
        UnknownNameError: no such reward.
        ConfigError: the task lacks what the reward needs.
    """

    def __init__(self, name: str, task: InsertionTask) -> None:
        if name == AUTO:
            name = "blocks" if task.kind == "blocks" else "sparse"
        self.name = name
        self._blocks = make_blocks_reward(name, task) if task.kind == "blocks" else None
        self._reward = make_reward(name, task) if self._blocks is None else None
        self.needs_image = self._blocks is None and needs_image(name)

    def __call__(self, after: Seen, *, inserted: bool) -> float:
        """Reward of the state after a step."""
        position_m = after.frame.arm.ee_position_m
        if self._blocks is not None:
            return self._blocks(position_m, after.frame.objects)
        if self._reward is None:
            raise ConfigError("reward", self.name, "a reward of the task")
        return self._reward(RewardInput(position_m, after.force_n, inserted, after.image))


def step_message(
    index: int,
    seen: Seen,
    goals_m: tuple[Array, Array],
    action: StepAction,
    answer: PolicyAnswer,
) -> EpisodeStep:
    """What was seen and done; what came of it is not known yet.

    Args:
        index: of the episode.
        seen: what was acted on.
        goals_m: the commanded goal and the true one.
        action: base and learned action apart.
        answer: of the policy server.
    """
    frame = seen.frame
    commanded_m, true_m = goals_m
    peak_n = frame.wrench_peak.force_n - seen.bias_n
    return EpisodeStep(
        header=conversions.header(frame.stamp_ns),
        index=index,
        step=action.step,
        base_action=conversions.vector3(action.base_m),
        learned_action=conversions.vector3(action.learned_clipped_m),
        disturbance=conversions.vector3(action.disturbance_m),
        command=conversions.vector3(action.command_m),
        policy_late=answer.late,
        policy_compute_s=answer.compute_s,
        policy_round_trip_s=answer.round_trip_s,
        ee_position=conversions.point(frame.arm.ee_position_m),
        goal_position=conversions.point(commanded_m),
        force=conversions.vector3(seen.force_n),
        force_peak=conversions.vector3(peak_n),
        distance_mm=float(np.linalg.norm(frame.arm.ee_position_m - true_m)) * 1e3,
        object_state=_objects(frame),
        image=_picture(seen),
        reward=float("nan"),
        next_stamp=Time(),
    )


def add_outcome(message: EpisodeStep, after: Seen, result: StepResult, reward: float) -> None:
    """What came of the step: the state after it, the reward, whether it was the last one."""
    message.next_stamp = to_stamp(after.frame.stamp_ns)
    message.next_ee_position = conversions.point(after.frame.arm.ee_position_m)
    message.next_force = conversions.vector3(after.force_n)
    message.next_object_state = _objects(after.frame)
    message.next_image = _picture(after)
    message.reward = reward
    message.truncated = result.reason is StopReason.HORIZON
    message.terminal = result.done and not message.truncated


def _objects(frame: SensorFrame) -> list[float]:
    return [] if frame.objects is None else [float(value) for value in frame.objects]


def _picture(seen: Seen) -> ImageMessage:
    if seen.image is None:
        return ImageMessage()
    return conversions.image_message(seen.image, seen.image_ns, POLICY_CAMERA_FRAME)
