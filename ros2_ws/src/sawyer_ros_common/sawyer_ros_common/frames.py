"""Sensor frames out of topics: the barrier every control node sits behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future
from sawyer_interfaces.msg import DriverState, ElectricalContact, InsertionState, ObjectState
from sensor_msgs.msg import Image, JointState

from sawyer_core import ArmState, Wrench
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.barrier import StampBarrier
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.waits import Deadlines

_TOPICS: dict[str, tuple[type, str, QoSProfile]] = {
    "joints": (JointState, "joint_states", qos.STATE),
    "pose": (PoseStamped, "ee_pose", qos.STATE),
    "twist": (TwistStamped, "ee_twist", qos.STATE),
    "wrench": (WrenchStamped, "wrench", qos.STATE),
    "wrench_peak": (WrenchStamped, "wrench_peak", qos.STATE),
    "wrench_centered": (WrenchStamped, "wrench_centered", qos.STATE),
    "contact": (ElectricalContact, "electrical_contact", qos.STATE),
    "insertion": (InsertionState, "insertion_state", qos.STATE),
    "objects": (ObjectState, "object_state", qos.STATE),
    "driver": (DriverState, "driver/state", qos.STATE),
    "image": (Image, "camera/image_policy", qos.IMAGE),
}
ARM = ("joints", "pose", "twist")
"""Parts that make an arm state."""


@dataclass(frozen=True)
class Frame:
    """The asked parts of one instant; what was not asked for is None."""

    stamp_ns: int
    arm: ArmState | None
    wrench: Wrench | None
    wrench_peak: Wrench | None
    wrench_centered: Wrench | None
    contact: ElectricalContact | None
    insertion: InsertionState | None
    pose: PoseStamped | None
    joints: JointState | None
    image: npt.NDArray[np.uint8] | None
    driver: DriverState | None = None
    objects: npt.NDArray[np.float64] | None = None


def _frame(stamp_ns: int, parts: dict[str, Any]) -> Frame:
    def _wrench(name: str) -> Wrench | None:
        return conversions.wrench(parts[name]) if name in parts else None

    arm = None
    if all(part in parts for part in ARM):
        arm = conversions.arm_state(parts["joints"], parts["pose"], parts["twist"])
    return Frame(
        stamp_ns=stamp_ns,
        arm=arm,
        wrench=_wrench("wrench"),
        wrench_peak=_wrench("wrench_peak"),
        wrench_centered=_wrench("wrench_centered"),
        contact=parts.get("contact"),
        insertion=parts.get("insertion"),
        pose=parts.get("pose"),
        joints=parts.get("joints"),
        driver=parts.get("driver"),
        image=conversions.image_array(parts["image"]) if "image" in parts else None,
        objects=np.array(parts["objects"].state) if "objects" in parts else None,
    )


class FrameSource:
    """Subscribes to the asked parts and hands out one frame per complete stamp."""

    def __init__(
        self, node: Node, parts: Iterable[str], on_frame: Callable[[Frame], None] | None = None
    ) -> None:
        self._on_frame = on_frame
        self._waiting: list[tuple[int, Future]] = []
        self.newest: Frame | None = None
        self._barrier = StampBarrier(parts, self._complete)
        self._barriers = [self._barrier]
        self.derived: list[FrameSource] = []
        self.subscriptions = [
            node.create_subscription(message, topic, self._receiver(part), profile)
            for part, (message, topic, profile) in _TOPICS.items()
            if part in self._barrier.parts
        ]

    def early(self, parts: Iterable[str]) -> FrameSource:
        """Frames of some of the parts, out as soon as these are there; same subscriptions.

        Raises:
            ValueError: a part that this source does not have.
        """
        source = FrameSource.__new__(FrameSource)
        source._on_frame = None
        source._waiting = []
        source.newest = None
        source._barrier = StampBarrier(parts, source._complete)
        source._barriers = []
        source.subscriptions = []
        source.derived = []
        if not source._barrier.parts <= self._barrier.parts:
            raise ValueError(f"{parts} are not all of {sorted(self._barrier.parts)}")
        self._barriers.append(source._barrier)
        self.derived.append(source)
        return source

    def _receiver(self, part: str) -> Callable[[Any], None]:
        barriers = self._barriers

        def receive(message: Any) -> None:
            stamp_ns = to_ns(message.header.stamp)
            for barrier in barriers:
                if part in barrier.parts:
                    barrier.add(part, stamp_ns, message)

        return receive

    def _complete(self, stamp_ns: int, parts: dict[str, Any]) -> None:
        frame = self.newest = _frame(stamp_ns, parts)
        if self._waiting:
            ready = [future for wanted_ns, future in self._waiting if wanted_ns <= stamp_ns]
            self._waiting = [entry for entry in self._waiting if entry[0] > stamp_ns]
            for future in ready:
                if not future.done():
                    future.set_result(frame)
        if self._on_frame is not None:
            self._on_frame(frame)

    async def wait_for(self, stamp_ns: int, deadlines: Deadlines, timeout_s: float) -> Frame:
        """The newest frame once there is one stamped ``stamp_ns`` or later.

        Raises:
            TransportError: no such frame in time.
        """
        if self.newest is not None and self.newest.stamp_ns >= stamp_ns:
            return self.newest
        future = deadlines.new_future()
        self._waiting.append((stamp_ns, future))
        what = f"no state from {stamp_ns} ns on within {timeout_s:g} s"
        frame: Frame = await deadlines.watch(future, timeout_s, what)
        return frame

    def fail_waiting(self, error: Exception) -> None:
        """Let everybody who waits for a frame fail with ``error``."""
        waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            if not future.done():
                future.set_exception(error)

    def missing(self) -> str:
        """What is being waited for, for an error message."""
        return self._barrier.missing()
