"""The policy server, in a process of its own: it may die without taking the arm along."""

import os

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import declare, value
from sawyer_bringup.nodes import process

TAKES = ("robot", "policy", "policy_path", "policy_server", "log_level")
PATH_VARIABLE = "SAWYER_POLICY_PATH"


def _setup(context: LaunchContext) -> list[object]:
    paths = [str(value(context, "policy_path")), os.environ.get(PATH_VARIABLE, "")]
    return [
        process(
            "policy_server",
            {"policy_server": "sawyer_policies_ros.policy_server_node:PolicyServerNode"},
            robot=str(value(context, "robot")),
            log_level=str(value(context, "log_level")),
            overrides={
                "preload": value(context, "policy"),
                "server": value(context, "policy_server"),
            },
            respawn=True,
            environment={PATH_VARIABLE: os.pathsep.join(path for path in paths if path)},
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """One process, started again when it dies."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
