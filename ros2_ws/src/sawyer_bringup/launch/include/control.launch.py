"""Everything between the driver and the policies, in one process."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import connectors, declare, value
from sawyer_bringup.nodes import is_needed, process

TAKES = ("robot", "connector", "clock", "camera", "reward", "log_level")
NODES = {
    "force_bias": "sawyer_calibration_ros.force_bias_node:ForceBiasNode",
    "insertion_sensor": "sawyer_controllers_ros.insertion_sensor_node:InsertionSensorNode",
    "cartesian_command": "sawyer_controllers_ros.cartesian_command_node:CartesianCommandNode",
    "reset": "sawyer_controllers_ros.reset_node:ResetNode",
    "episode_manager": "sawyer_controllers_ros.episode_manager_node:EpisodeManagerNode",
    "camera": "sawyer_calibration_ros.camera_node:CameraNode",
}


def _setup(context: LaunchContext) -> list[object]:
    task = connectors()[str(value(context, "connector"))]
    control = process(
        "control",
        NODES,
        robot=str(value(context, "robot")),
        log_level=str(value(context, "log_level")),
        clock=str(value(context, "clock")),
        overrides={
            "task_file": str(task),
            "clock": value(context, "clock"),
            "wait_for_image": value(context, "camera"),
            "reward": value(context, "reward"),
        },
    )
    return [control, is_needed(control)]


def generate_launch_description() -> LaunchDescription:
    """One process with six nodes on one executor."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
