"""Episode messages as what the learner takes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sawyer_interfaces.msg import EpisodeResult, EpisodeStep

from sawyer_controllers.p_controller import PController
from sawyer_core.errors import ConfigError
from sawyer_policies.online.transitions import EpisodeEnd, StepRecord, own_action
from sawyer_ros_common import conversions
from sawyer_ros_common.stamps import to_ns

BASE_TOLERANCE_M = 1e-6  # ours


def step_record(message: EpisodeStep, scale_m: float) -> StepRecord | None:
    """The transition, None where nobody knows what came of the step."""
    if not to_ns(message.next_stamp) or not math.isfinite(message.reward):
        return None
    return StepRecord(
        episode=message.index,
        step=message.step,
        stamp_ns=to_ns(message.header.stamp),
        next_stamp_ns=to_ns(message.next_stamp),
        seen=_named(message, ""),
        after=_named(message, "next_"),
        action=own_action(conversions.xyz(message.learned_action), scale_m),
        reward=message.reward,
        terminal=message.terminal,
        truncated=message.truncated,
        version=message.policy_version,
        held=_held(message),
    )


def _held(message: EpisodeStep) -> bool:
    parts = (message.base_action, message.learned_action, message.disturbance)
    asked = sum(conversions.xyz(part) for part in parts)
    return not np.allclose(conversions.xyz(message.command), asked, rtol=0.0, atol=1e-9)


def check_base(message: EpisodeStep, base: PController) -> None:
    """Refuse a step whose base action is not what ``base`` asks for.

    Copies of steps under other goals are made with it, see `sawyer_policies.training.copies`.

    Raises:
        ConfigError: the episode manager's base controller has other gains.
    """
    said = conversions.xyz(message.base_action)
    wanted = base.action(
        conversions.xyz(message.ee_position), conversions.xyz(message.goal_position)
    )
    if not np.allclose(said, wanted, rtol=0.0, atol=BASE_TOLERANCE_M):
        allowed = f"{wanted.tolist()} m of gains {list(base.config.gains)}, or goal_copies=0"
        raise ConfigError("base action of the episode manager", said.tolist(), allowed)


def _named(message: EpisodeStep, prefix: str) -> dict[str, np.ndarray[Any, Any]]:
    named: dict[str, np.ndarray[Any, Any]] = {
        "ee_position": conversions.xyz(getattr(message, f"{prefix}ee_position")),
        "goal_position": conversions.xyz(message.goal_position),
        "force": conversions.xyz(getattr(message, f"{prefix}force")),
    }
    image = getattr(message, f"{prefix}image")
    if len(image.data):
        named["image"] = conversions.image_array(image)
    objects = getattr(message, f"{prefix}object_state")
    if len(objects):
        named["object_state"] = np.array(objects, dtype=np.float64)
    return named


def episode_end(message: EpisodeResult) -> EpisodeEnd:
    """How an episode ended, with the figures that the training's metrics have."""
    distance_m = message.final_distance_mm * 1e-3
    result: dict[str, Any] = {
        "success": bool(message.success),
        "valid": bool(message.valid),
        "reason": message.reason,
        "final_distance_m": distance_m if math.isfinite(distance_m) else None,
        "peak_force_n": message.peak_force_n,
        "seed": message.seed,
        "late_policy_replies": message.late_policy_replies,
    }
    stamp_ns = to_ns(message.header.stamp)
    return EpisodeEnd(message.index, message.steps, bool(message.valid), stamp_ns, result)
