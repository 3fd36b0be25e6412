"""The learner, in a process of its own: it may die without taking the arm along."""

from launch import LaunchContext, LaunchDescription
from launch.actions import OpaqueFunction

from sawyer_bringup.arguments import connectors, declare, value
from sawyer_bringup.nodes import may_die, process

SETTINGS = (
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
)
TAKES = ("robot", *SETTINGS, "log_level")


def _setup(context: LaunchContext) -> list[object]:
    task = connectors()[str(value(context, "connector"))]
    learner = process(
        "learner",
        {"learner": "sawyer_policies_ros.learner_node:LearnerNode"},
        robot=str(value(context, "robot")),
        log_level=str(value(context, "log_level")),
        overrides={
            "task_file": str(task),
            **{name: value(context, name) for name in SETTINGS},
        },
        respawn=True,
    )
    return [learner, may_die(learner)]


def generate_launch_description() -> LaunchDescription:
    """One process, started again when it dies."""
    return LaunchDescription([*declare(TAKES), OpaqueFunction(function=_setup)])
