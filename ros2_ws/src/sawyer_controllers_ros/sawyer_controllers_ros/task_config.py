"""The task file parameter that several nodes share."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from sawyer_core import ConfigError, InsertionTask, load_task, setting, validate
from sawyer_ros_common.parameters import ConfigParameters


@dataclass(frozen=True)
class TaskConfig:
    """Which task."""

    task_file: str = setting(doc="YAML file of the insertion task; comes with the connector")

    def __post_init__(self) -> None:
        validate(self)


def load_task_parameter(node: Node) -> InsertionTask:
    """Declare `task_file` on the node and load the task.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    path = ConfigParameters(node, TaskConfig).config.task_file
    try:
        return load_task(path)
    except OSError as error:
        raise ConfigError("task_file", path, f"a readable file ({error.strerror})") from error
