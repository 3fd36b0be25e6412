"""Actions that set something for all nodes that follow in the scope."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from launch.action import Action
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.utilities import perform_text
from launch_ros.actions.node import join_namespace
from launch_ros.parameter_descriptions import Parameter, ParameterFile

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


def _append(context: LaunchContext, key: str, item: Any) -> None:
    """Extend a list among the configurations; a new list, so that scopes keep theirs."""
    context.launch_configurations[key] = [*context.launch_configurations.get(key, []), item]


class SetParameter(Action):
    """Sets a parameter on all nodes that follow."""

    def __init__(self, name: SomeSubstitutionsType, value: Any, **kwargs: Any) -> None:
        """Keep name and value."""
        super().__init__(**kwargs)
        self._parameter = Parameter(name, value)

    @property
    def name(self) -> list[Any]:
        """Return the name."""
        return self._parameter.name

    @property
    def value(self) -> Any:
        """Return the value."""
        return self._parameter.value.value

    def execute(self, context: LaunchContext) -> None:
        """Set it."""
        name, value = self._parameter.evaluate(context)
        is_text = isinstance(value, str)
        fixed = Parameter(name, value, value_type=str if is_text else None)
        _append(context, "global_params", fixed)


class SetUseSimTime(SetParameter):
    """Sets ``use_sim_time`` on all nodes that follow."""

    def __init__(self, value: Any, **kwargs: Any) -> None:
        """Keep the value."""
        super().__init__("use_sim_time", value, **kwargs)


class SetParametersFromFile(Action):
    """Gives a parameter file to all nodes that follow."""

    def __init__(
        self,
        filename: SomeSubstitutionsType | os.PathLike[str],
        node_name: SomeSubstitutionsType | None = None,
        **kwargs: Any,
    ) -> None:
        """Keep the path."""
        super().__init__(**kwargs)
        if node_name is not None:
            raise ValueError(
                "SetParametersFromFile: node_name is not supported, name the node in the file"
            )
        self._filename: Any = filename

    def execute(self, context: LaunchContext) -> None:
        """Set it."""
        _append(context, "global_params", ParameterFile(perform_text(context, self._filename)))


class SetRemap(Action):
    """Adds a remapping rule to all nodes that follow."""

    def __init__(
        self, src: SomeSubstitutionsType, dst: SomeSubstitutionsType, **kwargs: Any
    ) -> None:
        """Keep the rule."""
        super().__init__(**kwargs)
        self._src, self._dst = src, dst

    @property
    def src(self) -> SomeSubstitutionsType:
        """Return what is remapped."""
        return self._src

    @property
    def dst(self) -> SomeSubstitutionsType:
        """Return what it is remapped to."""
        return self._dst

    def execute(self, context: LaunchContext) -> None:
        """Add it."""
        rule = (perform_text(context, self._src), perform_text(context, self._dst))
        _append(context, "ros_remaps", rule)


class PushRosNamespace(Action):
    """Puts all nodes that follow below a namespace."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        """Keep the namespace."""
        super().__init__(**kwargs)
        self._namespace = namespace

    @property
    def namespace(self) -> SomeSubstitutionsType:
        """Return the namespace."""
        return self._namespace

    def execute(self, context: LaunchContext) -> None:
        """Push it."""
        outer = str(context.launch_configurations.get("ros_namespace", ""))
        inner = perform_text(context, self._namespace)
        context.launch_configurations["ros_namespace"] = join_namespace(outer, inner)


class SetROSLogDir(Action):
    """Sets the folder of the nodes' log files."""

    def __init__(self, new_log_dir: SomeSubstitutionsType, **kwargs: Any) -> None:
        """Keep the folder."""
        super().__init__(**kwargs)
        self._log_dir = new_log_dir

    @property
    def log_dir(self) -> SomeSubstitutionsType:
        """Return the folder."""
        return self._log_dir

    def execute(self, context: LaunchContext) -> None:
        """Set it."""
        context.environment["ROS_LOG_DIR"] = perform_text(context, self._log_dir)
