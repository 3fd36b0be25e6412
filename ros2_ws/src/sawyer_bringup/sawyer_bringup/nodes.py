"""How the launch files start processes: a parameter file per node, checked exits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext
from launch.actions import EmitEvent, LogInfo, OpaqueFunction, RegisterEventHandler
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.events.process import ProcessExited
from launch_ros.actions import Node

CONTAINER = ("sawyer_ros_common", "container")
REFUSED = 2
"""Exit status of a node that cannot work with its settings; trying again does not help."""


def parameter_file(robot: str, node: str) -> str:
    """Path of ``config/<robot>/<node>.yaml``."""
    share = Path(get_package_share_directory("sawyer_bringup"))
    return str(share / "config" / robot / f"{node}.yaml")


def parameter_files(robot: str, node: str, clock: str) -> list[str]:
    """The node's file and, where there is one, what differs with this clock."""
    overlay = parameter_file(robot, f"{node}.{clock}")
    return [parameter_file(robot, node), *([overlay] if Path(overlay).is_file() else [])]


def process(
    name: str,
    targets: Mapping[str, str],
    *,
    robot: str,
    log_level: str,
    clock: str = "lockstep",
    overrides: Mapping[str, Any] | None = None,
    respawn: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Node:
    """One process with one or more nodes.

    Args:
        name: of the process, for the log.
        targets: node name to ``package.module:Class``; more than one share an executor.
        robot: whose parameter files are used.
        log_level: of all nodes in the process.
        clock: lockstep or realtime; a node may have a second file for one of them.
        overrides: parameters that the launch arguments decide, given to all of its nodes.
        respawn: start it again when it dies.
        environment: variables on top of the launch's.
    """
    files: list[Any] = [file for node in targets for file in parameter_files(robot, node, clock)]
    package, executable = CONTAINER
    return Node(
        package=package,
        executable=executable,
        exec_name=name,
        arguments=[*targets.values(), "--ros-args", "--log-level", log_level],
        parameters=[*files, dict(overrides or {})] if overrides else files,
        output="screen",
        respawn=respawn,
        respawn_delay=0.5,
        additional_env=dict(environment or {}),
        emulate_tty=False,
    )


def _end(event: ProcessExited, context: LaunchContext) -> Sequence[Any] | None:
    if context.is_shutdown:
        return None
    message = f"{event.process_name} ended with exit status {event.returncode}"
    if event.returncode == 0:
        return [LogInfo(msg=message), EmitEvent(event=Shutdown(reason=message))]
    return [OpaqueFunction(function=_fail, args=[message])]


def _fail(_context: LaunchContext, message: str) -> None:
    raise RuntimeError(message)


def ends_everything(action: Node) -> RegisterEventHandler:
    """When this process ends, the launch ends: well with status 0, as failed otherwise."""
    return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=_end))


def _lost(event: ProcessExited, context: LaunchContext) -> Sequence[Any] | None:
    if context.is_shutdown:
        return None
    message = f"{event.process_name}, which is needed, ended with status {event.returncode}"
    return [OpaqueFunction(function=_fail, args=[message])]


def is_needed(action: Node) -> RegisterEventHandler:
    """The launch fails if this process ends before the shutdown."""
    return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=_lost))


def _refused(event: ProcessExited, context: LaunchContext) -> Sequence[Any] | None:
    if context.is_shutdown or event.returncode != REFUSED:
        return None
    return [OpaqueFunction(function=_fail, args=[f"{event.process_name} refused its settings"])]


def may_die(action: Node) -> RegisterEventHandler:
    """It is started again when it dies; the launch fails if it refuses its settings."""
    return RegisterEventHandler(OnProcessExit(target_action=action, on_exit=_refused))
