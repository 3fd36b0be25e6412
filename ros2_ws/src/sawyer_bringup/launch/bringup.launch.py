"""The whole graph of one robot; `robot:=` swaps only the lowest include."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

from sawyer_bringup.arguments import check_reward, declare, forward, value

DRIVER_TAKES = ("connector", "clock", "camera", "overview", "log_level")
POLICY_TAKES = ("policy", "policy_path", "policy_server")
PARTS = {
    "control": ("robot", "connector", "clock", "camera", "reward", "log_level"),
    "policies": ("robot", *POLICY_TAKES, "log_level"),
    "watching": ("robot", "record", "output_dir", "log_level"),
}
TAKES = ("robot", *DRIVER_TAKES, "reward", *POLICY_TAKES, "record", "output_dir")


def _include(name: str, takes: tuple[str, ...]) -> IncludeLaunchDescription:
    share = Path(get_package_share_directory("sawyer_bringup"))
    path = share / "launch" / "include" / f"{name}.launch.py"
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(path)), launch_arguments=forward(takes)
    )


def _setup(context: LaunchContext) -> list[object]:
    check_reward(context)
    driver = _include(f"{value(context, 'robot')}_driver", DRIVER_TAKES)
    return [driver, *(_include(name, takes) for name, takes in PARTS.items())]


def generate_launch_description() -> LaunchDescription:
    """Driver, control, policies and what watches."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
