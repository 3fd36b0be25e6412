"""The driver's outgoing topics: one control period, one stamp."""

from __future__ import annotations

from collections.abc import Sequence

from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sawyer_interfaces.msg import ElectricalContact, ObjectState, TwinVisualState
from sensor_msgs.msg import JointState

from sawyer_core import SensorFrame
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_stamp
from sawyer_sim_ros.snapshot import Snapshot


class StatePublishers:
    """Publishes sensor frames.

    Args:
        node: owner of the publishers.
        objects: names of the free objects that the twin's tracker sees.
    """

    def __init__(self, node: Node, objects: Sequence[str] = ()) -> None:
        self._object_names = list(objects)
        self._joints = node.create_publisher(JointState, "joint_states", qos.STATE)
        self._pose = node.create_publisher(PoseStamped, "ee_pose", qos.STATE)
        self._twist = node.create_publisher(TwistStamped, "ee_twist", qos.STATE)
        self._wrench = node.create_publisher(WrenchStamped, "wrench", qos.STATE)
        self._peak = node.create_publisher(WrenchStamped, "wrench_peak", qos.STATE)
        self._contact = node.create_publisher(ElectricalContact, "electrical_contact", qos.STATE)
        self._objects = node.create_publisher(ObjectState, "object_state", qos.STATE)
        self._visual = node.create_publisher(TwinVisualState, "twin/visual_state", qos.VISUAL)
        self._clock = node.create_publisher(Clock, "/clock", qos.STATE)

    def state(self, frame: SensorFrame) -> None:
        """Publish everything of a frame, critical topics first."""
        arm = frame.arm
        self._wrench.publish(conversions.wrench_message(frame.wrench))
        self._joints.publish(conversions.joint_state_message(arm))
        self._pose.publish(conversions.pose_message(arm))
        self._twist.publish(conversions.twist_message(arm))
        self._peak.publish(conversions.wrench_message(frame.wrench_peak, frame.stamp_ns))
        self._contact.publish(
            ElectricalContact(
                header=conversions.header(frame.stamp_ns),
                contact=frame.electrical_contact,
                duration_s=frame.contact_duration_s,
            )
        )
        if frame.objects is not None:
            self._objects.publish(
                ObjectState(
                    header=conversions.header(frame.stamp_ns),
                    names=self._object_names,
                    state=frame.objects.tolist(),
                )
            )
        self._clock.publish(Clock(clock=to_stamp(frame.stamp_ns)))

    def visual(self, snapshot: Snapshot) -> None:
        """Publish what the camera node draws from."""
        self._visual.publish(
            TwinVisualState(
                header=conversions.header(snapshot.stamp_ns),
                seed=snapshot.seed,
                tick=snapshot.tick,
                joints=list(snapshot.joints),
            )
        )
