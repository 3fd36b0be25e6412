"""Settings of the recorder node."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core import setting, validate

DEFAULT_TOPICS = (
    "/clock rosgraph_msgs/msg/Clock state",
    "joint_states sensor_msgs/msg/JointState state",
    "ee_pose geometry_msgs/msg/PoseStamped state",
    "ee_twist geometry_msgs/msg/TwistStamped state",
    "wrench geometry_msgs/msg/WrenchStamped state",
    "wrench_peak geometry_msgs/msg/WrenchStamped state",
    "wrench_centered geometry_msgs/msg/WrenchStamped state",
    "electrical_contact sawyer_interfaces/msg/ElectricalContact state",
    "insertion_state sawyer_interfaces/msg/InsertionState state",
    "camera/image_raw sensor_msgs/msg/Image image",
    "camera/image_policy sensor_msgs/msg/Image image",
    "overview/image_raw sensor_msgs/msg/Image event",
    "ee_command sawyer_interfaces/msg/EeCommand command",
    "joint_target trajectory_msgs/msg/JointTrajectory command",
    "driver/state sawyer_interfaces/msg/DriverState state",
    "safety/state sawyer_interfaces/msg/SafetyState event",
    "force_bias sawyer_interfaces/msg/ForceBias latched",
    "commanded_goal geometry_msgs/msg/PoseStamped latched",
    "episode/spec sawyer_interfaces/msg/EpisodeSpec latched",
    "episode/step sawyer_interfaces/msg/EpisodeStep event",
    "episode/result sawyer_interfaces/msg/EpisodeResult event_latched",
    "/diagnostics diagnostic_msgs/msg/DiagnosticArray event",
)


@dataclass(frozen=True)
class RecorderConfig:
    """Where to record, and what."""

    output_dir: str = setting("runs/latest", doc="bags go to <output_dir>/bags/<name>")
    topics: tuple[str, ...] = setting(
        DEFAULT_TOPICS, doc="one entry per topic: 'name package/msg/Type profile'"
    )
    wall_stamped: tuple[str, ...] = setting(
        ("/diagnostics",), doc="topics stored under the newest robot time instead of their stamp"
    )
    closing_topic: str = setting(
        "episode/result", doc="the last message of an episode comes on this topic"
    )
    closing_timeout_s: float = setting(
        2.0, unit="s", bounds=(0.0, 60.0), doc="longest wait for late messages when stopping"
    )
    state_period_s: float = setting(
        1.0, unit="s", bounds=(0.05, 60.0), doc="period of recorder/state"
    )

    def __post_init__(self) -> None:
        validate(self)
