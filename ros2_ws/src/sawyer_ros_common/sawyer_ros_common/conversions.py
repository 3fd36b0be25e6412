"""Messages to core types and back; float64 values survive bit for bit."""

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, PoseStamped, TwistStamped, Vector3, WrenchStamped
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from sawyer_core import JOINT_NAMES, ArmState, CommandRejectedError, JointTarget, Wrench
from sawyer_core.errors import RejectionCode, ShapeError
from sawyer_ros_common.stamps import NS_PER_S, to_ns, to_stamp

BASE_FRAME = "base"
_NAMES = list(JOINT_NAMES)
Array = npt.NDArray[np.float64]


def header(stamp_ns: int, frame_id: str = BASE_FRAME) -> Header:
    """Header with a stamp in ns."""
    return Header(stamp=to_stamp(stamp_ns), frame_id=frame_id)


def vector3(values: Sequence[float] | Array) -> Vector3:
    """Vector3 of three numbers."""
    return Vector3(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def point(values: Sequence[float] | Array) -> Point:
    """Point of three numbers."""
    return Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def xyz(message: Vector3 | Point) -> Array:
    """(3,) float64 of a Vector3 or a Point."""
    return np.array((message.x, message.y, message.z))


def _by_name(names: Sequence[str], values: Sequence[float], field: str) -> Array:
    """Values in the order of the joint names, (7,)."""
    if len(values) != len(names):
        raise ShapeError(field, len(values), f"{len(names)} values, one per name")
    ordered = np.asarray(values, dtype=np.float64)
    if list(names) == _NAMES:
        return ordered
    try:
        return ordered[[list(names).index(name) for name in _NAMES]]
    except ValueError as error:
        raise ShapeError(f"{field} names", list(names), _NAMES) from error


def joint_state_message(arm: ArmState) -> JointState:
    """JointState of an arm state."""
    return JointState(
        header=header(arm.stamp_ns),
        name=_NAMES,
        position=arm.q_rad.tolist(),
        velocity=arm.dq_rad_per_s.tolist(),
        effort=arm.tau_n_m.tolist(),
    )


def pose_message(arm: ArmState) -> PoseStamped:
    """Pose of the end effector in frame base."""
    message = PoseStamped(header=header(arm.stamp_ns))
    message.pose.position = point(arm.ee_position_m)
    orientation = message.pose.orientation
    orientation.x, orientation.y, orientation.z, orientation.w = arm.ee_quat_xyzw.tolist()
    return message


def twist_message(arm: ArmState) -> TwistStamped:
    """Twist of the end effector, base axes."""
    message = TwistStamped(header=header(arm.stamp_ns))
    message.twist.linear = vector3(arm.ee_linear_m_per_s)
    message.twist.angular = vector3(arm.ee_angular_rad_per_s)
    return message


def arm_state(joints: JointState, pose: PoseStamped, twist: TwistStamped) -> ArmState:
    """Arm state of three messages with one stamp."""
    orientation = pose.pose.orientation
    return ArmState(
        stamp_ns=to_ns(joints.header.stamp),
        q_rad=_by_name(joints.name, joints.position, "joint_states.position"),
        dq_rad_per_s=_by_name(joints.name, joints.velocity, "joint_states.velocity"),
        tau_n_m=_by_name(joints.name, joints.effort, "joint_states.effort"),
        ee_position_m=xyz(pose.pose.position),
        ee_quat_xyzw=np.array((orientation.x, orientation.y, orientation.z, orientation.w)),
        ee_linear_m_per_s=xyz(twist.twist.linear),
        ee_angular_rad_per_s=xyz(twist.twist.angular),
    )


def joint_speeds(joints: JointState) -> Array:
    """(7,) joint speeds, rad/s."""
    return _by_name(joints.name, joints.velocity, "joint_states.velocity")


def wrench_message(wrench: Wrench, stamp_ns: int | None = None) -> WrenchStamped:
    """WrenchStamped of a wrench; ``stamp_ns`` replaces its own stamp."""
    message = WrenchStamped(header=header(wrench.stamp_ns if stamp_ns is None else stamp_ns))
    message.wrench.force = vector3(wrench.force_n)
    message.wrench.torque = vector3(wrench.torque_n_m)
    return message


def wrench(message: WrenchStamped) -> Wrench:
    """Wrench of a message."""
    return Wrench(
        to_ns(message.header.stamp), xyz(message.wrench.force), xyz(message.wrench.torque)
    )


def joint_target_message(target: JointTarget) -> JointTrajectory:
    """One-point trajectory of a joint target."""
    duration_ns = round(target.duration_s * NS_PER_S)
    sec, nanosec = divmod(duration_ns, NS_PER_S)
    point_message = JointTrajectoryPoint(
        positions=target.q_rad.tolist(), time_from_start=Duration(sec=sec, nanosec=nanosec)
    )
    return JointTrajectory(
        header=header(target.stamp_ns), joint_names=_NAMES, points=[point_message]
    )


def joint_target(message: JointTrajectory) -> JointTarget:
    """Joint target of a one-point trajectory.

    Raises:
        CommandRejectedError: wrong names or length, or a value that is not finite.
    """
    if len(message.points) != 1:
        raise CommandRejectedError(
            RejectionCode.WRONG_SHAPE,
            f"joint_target has {len(message.points)} points, expected exactly 1",
        )
    goal = message.points[0]
    try:
        q_rad = _by_name(message.joint_names, goal.positions, "joint_target.positions")
    except ShapeError as error:
        raise CommandRejectedError(RejectionCode.WRONG_SHAPE, str(error)) from error
    if not np.isfinite(q_rad).all():
        raise CommandRejectedError(RejectionCode.NON_FINITE, f"joint_target {q_rad.tolist()}")
    duration_s = (goal.time_from_start.sec * NS_PER_S + goal.time_from_start.nanosec) / NS_PER_S
    return JointTarget(to_ns(message.header.stamp), q_rad, duration_s)


def image_message(image: npt.NDArray[np.uint8], stamp_ns: int, frame_id: str) -> Image:
    """Image message of (H, W) gray or (H, W, 3) RGB uint8."""
    height, width = image.shape[:2]
    channels = 1 if image.ndim == 2 else image.shape[2]
    data = array("B")  # the setter takes it as it is; it would check each byte of `bytes`
    data.frombytes(np.ascontiguousarray(image).data)
    return Image(
        header=header(stamp_ns, frame_id),
        height=height,
        width=width,
        encoding="mono8" if channels == 1 else "rgb8",
        is_bigendian=0,
        step=width * channels,
        data=data,
    )


_CHANNELS = {"mono8": 1, "rgb8": 3}


def image_array(message: Image) -> npt.NDArray[np.uint8]:
    """(H, W) or (H, W, 3) uint8 of an image message, read-only.

    Raises:
        ShapeError: an encoding or a size that does not fit.
    """
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        raise ShapeError("image encoding", message.encoding, " or ".join(_CHANNELS))
    expected = message.height * message.width * channels
    if message.step != message.width * channels or len(message.data) != expected:
        raise ShapeError(
            "image",
            f"{len(message.data)} bytes, step {message.step}",
            f"{expected} bytes for {message.width}x{message.height} {message.encoding}",
        )
    flat = np.frombuffer(message.data, dtype=np.uint8)
    shape = (message.height, message.width) + ((3,) if channels == 3 else ())
    pixels = flat.reshape(shape)
    pixels.flags.writeable = False
    return pixels
