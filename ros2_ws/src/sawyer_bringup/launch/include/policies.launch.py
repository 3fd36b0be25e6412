"""The policy server, in a process of its own: it may die without taking the arm along."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import declare, value
from sawyer_bringup.nodes import process

TAKES = ("robot", "log_level")


def _setup(context: LaunchContext) -> list[object]:
    return [
        process(
            "policy_server",
            {"policy_server": "sawyer_policies_ros.policy_server_node:PolicyServerNode"},
            robot=str(value(context, "robot")),
            log_level=str(value(context, "log_level")),
            respawn=True,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """One process, started again when it dies."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
