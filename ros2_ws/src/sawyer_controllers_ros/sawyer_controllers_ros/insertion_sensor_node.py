"""Insertion sensor: all evidence fused into one state; for blocks, their poses."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from sawyer_interfaces.msg import InsertionState

from sawyer_controllers.blocks import BlocksSensor, make_sensor
from sawyer_controllers.sensing import InsertionSensor, SensingConfig
from sawyer_controllers.sensing import InsertionState as SensedInsertion
from sawyer_controllers_ros.insertion_message import insertion_message
from sawyer_controllers_ros.task_config import load_task_parameter
from sawyer_core import SawyerError
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import Frame, FrameSource
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node


class InsertionSensorNode(ThinNode):
    """One `insertion_state` per state of the arm; a new goal starts a new episode."""

    def __init__(self) -> None:
        super().__init__("insertion_sensor")
        self._settings = ConfigParameters(self, SensingConfig)
        self._task = load_task_parameter(self)
        self._goal_m = self._task.goal
        self._sensor: InsertionSensor | BlocksSensor | None = None

    def start(self) -> None:
        """Make the core and subscribe."""
        self._sensor = make_sensor(self._settings.config, self._task)
        self._publisher = self.create_publisher(InsertionState, "insertion_state", qos.STATE)
        self.create_subscription(PoseStamped, "commanded_goal", self._on_goal, qos.LATCHED)
        parts = ("pose", "contact", "wrench_centered")
        if self._task.kind == "blocks":
            parts = ("pose", "objects")
        self._frames = FrameSource(self, parts, self._on_frame)

    def _on_goal(self, message: PoseStamped) -> None:
        self._goal_m = conversions.xyz(message.pose.position)
        if self._sensor is not None:
            self._sensor.reset()

    def _on_frame(self, frame: Frame) -> None:
        try:
            state = self._judge(frame)
        except SawyerError as error:
            self.health.error(str(error))
            return
        if state is not None:
            self._publisher.publish(insertion_message(state))
            self.health.tick()

    def _judge(self, frame: Frame) -> SensedInsertion | None:
        sensor = self._sensor
        if sensor is None or frame.pose is None:
            return None
        position_m = conversions.xyz(frame.pose.pose.position)
        if isinstance(sensor, BlocksSensor):
            return sensor.update(frame.stamp_ns, position_m, self._goal_m, frame.objects)
        if frame.contact is None or frame.wrench_centered is None:
            return None
        return sensor.update(
            frame.stamp_ns,
            frame.contact.contact,
            position_m,
            self._goal_m,
            frame.wrench_centered.force_n,
            contact_duration_s=frame.contact.duration_s,
        )


def main(args: list[str] | None = None) -> int:
    """Run the insertion sensor."""
    return run_node(InsertionSensorNode, args)
