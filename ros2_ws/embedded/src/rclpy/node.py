"""Nodes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy._entity import DestroyableHandle
from rclpy._names import (
    check_namespace,
    check_node_name,
    fully_qualified_node_name,
    logger_name,
    normalize_namespace,
    remap_node,
    resolve_name,
)
from rclpy._node_entities import NodeEntities
from rclpy._node_graph import NodeGraph
from rclpy._node_parameters import NodeParameters
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ROSClock
from rclpy.exceptions import NotInitializedException
from rclpy.logging import get_logger
from rclpy.qos import QoSProfile, qos_profile_parameter_events
from rclpy.time_source import TimeSource

if TYPE_CHECKING:
    from rclpy._ros_args import RosArguments
    from rclpy.context import Context
    from rclpy.executors import Executor
    from rclpy.impl.rcutils_logger import RcutilsLogger
    from rclpy.parameter import Parameter


class Node(NodeEntities, NodeParameters, NodeGraph):
    """A node: the place where publishers, subscriptions, services and timers are made."""

    def __init__(
        self,
        node_name: str,
        *,
        context: Context | None = None,
        cli_args: list[str] | None = None,
        namespace: str | None = None,
        use_global_arguments: bool = True,
        enable_rosout: bool = True,
        rosout_qos_profile: QoSProfile | int | None = None,
        start_parameter_services: bool = True,
        parameter_overrides: list[Parameter] | None = None,
        allow_undeclared_parameters: bool = False,
        automatically_declare_parameters_from_overrides: bool = False,
        enable_logger_service: bool = False,
    ) -> None:
        """Make a node.

        Args:
            node_name: Name, may be changed by remapping.
            context: None takes the default context.
            cli_args: ``--ros-args`` of this node alone; they win over the global ones.
            namespace: None is the root.
            use_global_arguments: Whether the arguments of ``rclpy.init`` count.
            enable_rosout: Publish the log on ``/rosout``.
            rosout_qos_profile: QoS of ``/rosout``.
            start_parameter_services: Serve the six parameter services.
            parameter_overrides: Values that win over those of the command line.
            allow_undeclared_parameters: Let parameters be set that were not declared.
            automatically_declare_parameters_from_overrides: Declare all overrides.
            enable_logger_service: Serve the logger level services.

        Raises:
            NotInitializedException: The context is not initialised.
        """
        if context is None:
            from rclpy.utilities import get_default_context

            context = get_default_context()
        if not context.ok():
            raise NotInitializedException("cannot create node")
        self._context = context
        self._graph = context.graph
        self._arguments = self._collect_arguments(cli_args, use_global_arguments)
        self._set_names(node_name, namespace)
        self._executor_ref: weakref.ref[Executor] | None = None
        self._init_entities()
        self._is_destroyed = False
        self._default_callback_group = MutuallyExclusiveCallbackGroup()
        self._logger = get_logger(logger_name(self._name, self._namespace))
        self._rosout: Any = None
        self._clock = ROSClock()
        with self._graph.one_update():
            self._record = self._graph.add_node(self._namespace, self._name)
            context.track_node(self)
            self._start_standard_interfaces(
                enable_rosout,
                rosout_qos_profile,
                start_parameter_services,
                enable_logger_service,
                {
                    "parameter_overrides": parameter_overrides,
                    "allow_undeclared_parameters": allow_undeclared_parameters,
                    "automatically_declare_parameters_from_overrides": (
                        automatically_declare_parameters_from_overrides
                    ),
                },
            )

    def _collect_arguments(
        self, cli_args: list[str] | None, use_global_arguments: bool
    ) -> list[RosArguments]:
        """Return the arguments that apply, those that win first."""
        found: list[RosArguments] = []
        if cli_args:
            from rclpy._ros_args import parse_ros_args

            found.append(parse_ros_args(cli_args))
        if use_global_arguments:
            found.append(self._context.ros_arguments)
        return found

    def _set_names(self, node_name: str, namespace: str | None) -> None:
        self._rules = [rule for arguments in self._arguments for rule in arguments.remap_rules]
        given = normalize_namespace(namespace)
        check_node_name(node_name)
        check_namespace(given)
        self._name, self._namespace = remap_node(node_name, given, self._rules)

    def _start_standard_interfaces(
        self,
        enable_rosout: bool,
        rosout_qos_profile: QoSProfile | int | None,
        start_parameter_services: bool,
        enable_logger_service: bool,
        parameter_options: dict[str, Any],
    ) -> None:
        switches = [a.log_switches.get("rosout-logs") for a in self._arguments]
        if enable_rosout and False not in switches:
            from rclpy._rosout import RosoutPublisher

            self._rosout = RosoutPublisher(self, rosout_qos_profile)
        from rcl_interfaces.msg import ParameterEvent

        self._parameter_event_publisher = self.create_publisher(
            ParameterEvent, "/parameter_events", qos_profile_parameter_events
        )
        overrides: dict[str, Any] = {}
        for arguments in reversed(self._arguments):
            overrides.update(arguments.parameters_for(self.get_fully_qualified_name()))
        self._init_parameters(overrides=overrides, **parameter_options)
        self._time_source = TimeSource(node=self)
        self._time_source.attach_clock(self._clock)
        if start_parameter_services:
            from rclpy.parameter_service import ParameterService

            self._parameter_service = ParameterService(self)
        if enable_logger_service:
            from rclpy.logging_service import LoggingService

            self._logger_service = LoggingService(self)

    # names and properties

    @property
    def handle(self) -> DestroyableHandle:
        """A context manager that raises InvalidHandle for a destroyed node."""
        return DestroyableHandle(self)

    @property
    def context(self) -> Context:
        """The context of the node."""
        return self._context

    @property
    def executor(self) -> Executor | None:
        """The executor that serves the node, if any."""
        return None if self._executor_ref is None else self._executor_ref()

    @executor.setter
    def executor(self, new_executor: Executor | None) -> None:
        current = self.executor
        if current is new_executor:
            return
        if current is not None:
            current.remove_node(self)
        if new_executor is not None:
            new_executor.add_node(self)

    def _set_executor(self, executor: Executor) -> None:
        current = self.executor
        if current is not None and current is not executor:
            current.remove_node(self)
        self._executor_ref = weakref.ref(executor)

    def _clear_executor(self, executor: Executor) -> None:
        if self.executor is executor:
            self._executor_ref = None

    @property
    def default_callback_group(self) -> CallbackGroup:
        """The group of callbacks that name none: mutually exclusive."""
        return self._default_callback_group

    def get_name(self) -> str:
        """Return the name."""
        return self._name

    def get_namespace(self) -> str:
        """Return the namespace."""
        return self._namespace

    def get_fully_qualified_name(self) -> str:
        """Return namespace and name."""
        return fully_qualified_node_name(self._name, self._namespace)

    def get_clock(self) -> Clock:
        """Return the clock: it follows simulated time where that is in use."""
        return self._clock

    def get_logger(self) -> RcutilsLogger:
        """Return the logger."""
        return self._logger

    def resolve_topic_name(self, topic: str, *, only_expand: bool = False) -> str:
        """Return the full name of a topic, remapped."""
        return resolve_name(
            topic, self._name, self._namespace, self._rules, only_expand=only_expand
        )

    def resolve_service_name(self, service: str, *, only_expand: bool = False) -> str:
        """Return the full name of a service, remapped."""
        return resolve_name(
            service,
            self._name,
            self._namespace,
            self._rules,
            is_service=True,
            only_expand=only_expand,
        )

    def destroy_node(self) -> None:
        """Destroy the node and all that it made (once)."""
        if self._is_destroyed:
            return
        self._is_destroyed = True
        executor = self.executor
        if executor is not None:
            executor.remove_node(self)
        if self._rosout is not None:
            self._rosout.close()
        with self._graph.one_update():
            self._destroy_entities()
            self._graph.remove_node(self._record)
        self._context.untrack_node(self)

    def __enter__(self) -> Node:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy_node()

    def create_task(self, callback: Callable[..., Any], *args: Any) -> Any:
        """Run a function or coroutine in the node's executor."""
        executor = self.executor
        if executor is None:
            raise RuntimeError("the node is not in an executor")
        return executor.create_task(callback, *args)
