"""Insert a connector N times in the twin, then shut everything down.

ros2 launch sawyer_bringup sim.launch.py connector:=usb policy:=p_controller episodes:=5
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from sawyer_bringup.arguments import (
    check_reward,
    choose_board,
    declare,
    forward,
    make_folder,
    refuse_unknown,
    value,
)
from sawyer_bringup.nodes import ends_everything, parameter_file

BRINGUP_TAKES = (
    "connector",
    "clock",
    "camera",
    "overview",
    "reward",
    "policy",
    "policy_path",
    "policy_server",
    "record",
    "output_dir",
    "log_level",
)
SESSION_TAKES = (
    "connector",
    "policy",
    "episodes",
    "seed",
    "noise_mm",
    "block_yaw_rad",
    "block_yaw_set",
    "control_sigma",
    "control_mu",
    "horizon",
    "record",
    "output_dir",
)
TAKES = tuple(dict.fromkeys(("robot", "task", *SESSION_TAKES, *BRINGUP_TAKES)))


def _check(context: LaunchContext) -> None:
    refuse_unknown(sorted(context.launch_configurations), TAKES)
    for name in TAKES:
        value(context, name)
    check_reward(context)
    choose_board(context)
    make_folder(context, "output_dir")


def _setup(context: LaunchContext) -> list[object]:
    _check(context)
    share = Path(get_package_share_directory("sawyer_bringup"))
    bringup = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(share / "launch" / "bringup.launch.py")),
        launch_arguments=forward(("robot", *BRINGUP_TAKES)),
    )
    session = Node(
        package="sawyer_controllers_ros",
        executable="session",
        arguments=["--ros-args", "--log-level", str(value(context, "log_level"))],
        parameters=[
            parameter_file(str(value(context, "robot")), "session"),
            {name: value(context, name) for name in SESSION_TAKES},
        ],
        output="screen",
    )
    return [bringup, session, ends_everything(session)]


def generate_launch_description() -> LaunchDescription:
    """The graph on the twin and a session that drives it."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
