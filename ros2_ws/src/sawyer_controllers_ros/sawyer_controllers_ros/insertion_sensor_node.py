"""Insertion sensor: electrical, depth and force evidence fused into one state."""

from __future__ import annotations

from geometry_msgs.msg import PoseStamped
from sawyer_interfaces.msg import InsertionState

from sawyer_controllers.sensing import InsertionSensor, SensingConfig
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
        self._sensor: InsertionSensor | None = None

    def start(self) -> None:
        """Make the core and subscribe."""
        self._sensor = InsertionSensor(self._settings.config, self._task)
        self._publisher = self.create_publisher(InsertionState, "insertion_state", qos.STATE)
        self.create_subscription(PoseStamped, "commanded_goal", self._on_goal, qos.LATCHED)
        self._frames = FrameSource(self, ("pose", "contact", "wrench_centered"), self._on_frame)

    def _on_goal(self, message: PoseStamped) -> None:
        self._goal_m = conversions.xyz(message.pose.position)
        if self._sensor is not None:
            self._sensor.reset()

    def _on_frame(self, frame: Frame) -> None:
        sensor = self._sensor
        if sensor is None or not (frame.pose and frame.contact and frame.wrench_centered):
            return
        try:
            state = sensor.update(
                frame.stamp_ns,
                frame.contact.contact,
                conversions.xyz(frame.pose.pose.position),
                self._goal_m,
                frame.wrench_centered.force_n,
                contact_duration_s=frame.contact.duration_s,
            )
        except SawyerError as error:
            self.health.error(str(error))
            return
        self._publisher.publish(insertion_message(state))
        self.health.tick()


def main(args: list[str] | None = None) -> int:
    """Run the insertion sensor."""
    return run_node(InsertionSensorNode, args)
