"""The driver's outgoing topics: one control period, one stamp."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from geometry_msgs.msg import PoseStamped, TwistStamped, WrenchStamped
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sawyer_interfaces.msg import ElectricalContact
from sensor_msgs.msg import Image, JointState

from sawyer_core import SensorFrame
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_stamp


class StatePublishers:
    """Publishes sensor frames and images."""

    def __init__(self, node: Node) -> None:
        self._joints = node.create_publisher(JointState, "joint_states", qos.STATE)
        self._pose = node.create_publisher(PoseStamped, "ee_pose", qos.STATE)
        self._twist = node.create_publisher(TwistStamped, "ee_twist", qos.STATE)
        self._wrench = node.create_publisher(WrenchStamped, "wrench", qos.STATE)
        self._peak = node.create_publisher(WrenchStamped, "wrench_peak", qos.STATE)
        self._contact = node.create_publisher(ElectricalContact, "electrical_contact", qos.STATE)
        self._image = node.create_publisher(Image, "camera/image_raw", qos.IMAGE)
        self._overview = node.create_publisher(Image, "overview/image_raw", qos.IMAGE)
        self._clock = node.create_publisher(Clock, "/clock", qos.STATE)

    def state(self, frame: SensorFrame) -> None:
        """Publish everything of a frame but its image, critical topics first."""
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
        self._clock.publish(Clock(clock=to_stamp(frame.stamp_ns)))

    def image(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> None:
        """Publish the policy camera's raw picture."""
        self._image.publish(
            conversions.image_message(image, stamp_ns, "policy_camera_optical_frame")
        )

    def overview(self, image: npt.NDArray[np.uint8], stamp_ns: int) -> None:
        """Publish the overview camera's picture."""
        self._overview.publish(
            conversions.image_message(image, stamp_ns, "overview_camera_optical_frame")
        )
