"""Driver of the twin: the lowest layer, the only include that a real arm replaces."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import declare, value
from sawyer_bringup.nodes import is_needed, process

TAKES = ("connector", "clock", "camera", "overview", "log_level")


def _setup(context: LaunchContext) -> list[object]:
    driver = process(
        "twin_driver",
        {"twin_driver": "sawyer_sim_ros.twin_driver_node:TwinDriverNode"},
        robot="twin",
        log_level=str(value(context, "log_level")),
        overrides={name: value(context, name) for name in TAKES if name != "log_level"},
    )
    return [driver, is_needed(driver)]


def generate_launch_description() -> LaunchDescription:
    """One process: the twin with its 1 kHz joint loop."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
