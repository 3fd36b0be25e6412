"""What only watches: diagnostics and, if asked for, the recorder."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import declare, value
from sawyer_bringup.nodes import process

TAKES = ("robot", "record", "output_dir", "log_level")


def _setup(context: LaunchContext) -> list[object]:
    nodes = {"diagnostics": "sawyer_ros_common.diagnostics_node:DiagnosticsNode"}
    overrides = {}
    if value(context, "record"):
        nodes["recorder"] = "sawyer_datasets_ros.recorder_node:RecorderNode"
        overrides["output_dir"] = value(context, "output_dir")
    return [
        process(
            "watching",
            nodes,
            robot=str(value(context, "robot")),
            log_level=str(value(context, "log_level")),
            overrides=overrides,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """One process that the control loop does not wait for."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
