"""Episode types to messages."""

from __future__ import annotations

import sawyer_interfaces.msg as msg
from geometry_msgs.msg import PoseStamped

from sawyer_controllers.episode import EpisodeDraw, EpisodeResult, EpisodeSpec
from sawyer_core import InsertionTask, SensorFrame
from sawyer_core.types import Array
from sawyer_ros_common import conversions
from sawyer_ros_common.frames import Frame


def sensor_frame(frame: Frame) -> SensorFrame | None:
    """Sensor frame of a graph frame, None if a part is missing."""
    arm, wrench, peak, contact = frame.arm, frame.wrench, frame.wrench_peak, frame.contact
    if arm is None or wrench is None or peak is None or contact is None:
        return None
    return SensorFrame(
        arm, wrench, peak, contact.contact, contact.duration_s, frame.image, frame.objects
    )


def loop_stop(driver: msg.DriverState | None) -> str:
    """Why the driver's joint loop has stopped for good, empty if it has not."""
    if driver is None or driver.loop_status not in ("latched", "fault"):
        return ""
    return f"joint loop: {driver.loop_status} after {driver.contact_stops} contact stops"


def goal_message(stamp_ns: int, task: InsertionTask, goal_m: Array) -> PoseStamped:
    """Commanded goal in frame base."""
    message = PoseStamped(header=conversions.header(stamp_ns))
    message.pose.position = conversions.point(goal_m)
    orientation = message.pose.orientation
    orientation.x, orientation.y, orientation.z, orientation.w = task.quat.tolist()
    return message


def spec_message(
    stamp_ns: int, index: int, spec: EpisodeSpec, draw: EpisodeDraw, goal_m: Array
) -> msg.EpisodeSpec:
    """Spec with everything drawn."""
    return msg.EpisodeSpec(
        header=conversions.header(stamp_ns),
        index=index,
        connector=spec.connector,
        policy=spec.policy,
        base_controller=spec.base_controller,
        noise_mm=spec.noise_mm,
        horizon=spec.horizon,
        rate_hz=spec.rate_hz,
        seed=spec.seed,
        goal_offset=conversions.vector3(draw.goal_offset_m),
        goal_position=conversions.point(goal_m),
        twin_seed=draw.twin_seed,
        policy_seed=draw.policy_seed,
        learned_clip=spec.learned_clip_m,
        block_yaw_rad=spec.block_yaw_rad,
        block_yaw_set=spec.block_yaw_set,
        object_yaw=list(draw.block_yaw_rad),
        control_sigma=spec.control_sigma,
        control_mu=spec.control_mu,
    )


def result_message(stamp_ns: int, index: int, result: EpisodeResult) -> msg.EpisodeResult:
    """Result of an episode that came to an end."""
    return msg.EpisodeResult(
        header=conversions.header(stamp_ns),
        index=index,
        connector=result.connector,
        policy=result.policy,
        noise_mm=result.noise_mm,
        seed=result.seed,
        valid=result.valid,
        success=result.success,
        reason=result.reason,
        evidence=result.evidence,
        steps=result.steps,
        time_s=result.time_s,
        peak_force_n=result.peak_force_n,
        final_distance_mm=result.final_distance_m * 1e3,
        error_msg=result.message,
    )
