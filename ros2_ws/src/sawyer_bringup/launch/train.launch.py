"""Train a policy as on the real arm, then shut everything down.

ros2 launch sawyer_bringup train.launch.py connector:=usb reward:=image output_dir:=runs/usb

The same output_dir goes on where it stopped.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

from sawyer_bringup.arguments import (
    check_reward,
    declare,
    forward,
    make_folder,
    refuse_unknown,
    value,
)
from sawyer_bringup.nodes import ends_everything, parameter_file

BRINGUP_TAKES = (
    "robot",
    "connector",
    "clock",
    "camera",
    "overview",
    "reward",
    "record",
    "output_dir",
    "log_level",
)
LEARNER_TAKES = (
    "robot",
    "connector",
    "algorithm",
    "reward",
    "observation",
    "base_controller",
    "noise_mm",
    "steps",
    "seed",
    "horizon",
    "clock",
    "settings",
    "output_dir",
    "log_level",
)
SESSION_TAKES = ("connector", "noise_mm", "horizon", "record", "output_dir")
TAKES = tuple(dict.fromkeys((*LEARNER_TAKES, *SESSION_TAKES, *BRINGUP_TAKES)))
DEFAULTS = {"noise_mm": "1.0", "record": "true", "reward": "dense", "output_dir": "runs/train"}


def _check(context: LaunchContext) -> None:
    refuse_unknown(sorted(context.launch_configurations), TAKES)
    for name in TAKES:
        value(context, name)
    check_reward(context)
    connector = str(value(context, "connector"))
    if connector.startswith("blocks"):
        what = f"connector:={connector} is not allowed here"
        raise ValueError(f"{what}; allowed: a connector; blocks are learned by `sawyer train`")
    observation = str(value(context, "observation"))
    if "image" in observation and not value(context, "camera"):
        what = f"observation:={observation} is not allowed with camera:=false"
        raise ValueError(f"{what}; allowed: camera:=true")
    make_folder(context, "output_dir")


def _setup(context: LaunchContext) -> list[object]:
    _check(context)
    folder = Path(get_package_share_directory("sawyer_bringup")) / "launch"

    def include(path: str, takes: tuple[str, ...], **more: str) -> IncludeLaunchDescription:
        return IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(folder / path)),
            launch_arguments=[*forward(takes), *more.items()],
        )

    output = str(value(context, "output_dir"))
    session = Node(
        package="sawyer_controllers_ros",
        executable="training_session",
        exec_name="session",
        arguments=["--ros-args", "--log-level", str(value(context, "log_level"))],
        parameters=[
            parameter_file(str(value(context, "robot")), "training_session"),
            {name: value(context, name) for name in SESSION_TAKES},
        ],
        output="screen",
    )
    return [
        include("bringup.launch.py", BRINGUP_TAKES, policy="training", policy_path=output),
        include("include/learner.launch.py", LEARNER_TAKES),
        session,
        ends_everything(session),
    ]


def generate_launch_description() -> LaunchDescription:
    """The graph on the twin, a learner beside it, and a session that follows the learner."""
    return LaunchDescription([*declare(TAKES, DEFAULTS), OpaqueFunction(function=_setup)])
