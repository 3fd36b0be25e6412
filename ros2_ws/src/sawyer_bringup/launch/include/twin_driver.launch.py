"""Driver of the twin: the lowest layer, the only include that a real arm replaces."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import declare, value
from sawyer_bringup.nodes import is_needed, process

TAKES = ("connector", "clock", "camera", "overview", "log_level")


def _setup(context: LaunchContext) -> list[object]:
    given = {name: value(context, name) for name in TAKES}
    visual = bool(given["camera"] or given["overview"])
    log_level = str(given["log_level"])
    driver = process(
        "twin_driver",
        {"twin_driver": "sawyer_sim_ros.twin_driver_node:TwinDriverNode"},
        robot="twin",
        log_level=log_level,
        overrides={
            "connector": given["connector"],
            "clock": given["clock"],
            "visual": visual,
        },
    )
    if not visual:
        return [driver, is_needed(driver)]
    camera = process(
        "twin_camera",
        {"twin_camera": "sawyer_sim_ros.twin_camera_node:TwinCameraNode"},
        robot="twin",
        log_level=log_level,
        overrides={name: given[name] for name in ("connector", "camera", "overview")},
    )
    return [driver, is_needed(driver), camera, is_needed(camera)]


def generate_launch_description() -> LaunchDescription:
    """The twin with its 1 kHz joint loop, and beside it the process that draws."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
