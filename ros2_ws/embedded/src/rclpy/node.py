"""Nodes."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rclpy._names import (
    check_namespace,
    check_node_name,
    fully_qualified_node_name,
    logger_name,
    normalize_namespace,
    remap_node,
    resolve_name,
)
from rclpy._node_graph import NodeGraph
from rclpy._node_parameters import NodeParameters
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.client import Client
from rclpy.clock import Clock, ROSClock
from rclpy.exceptions import NotInitializedException
from rclpy.guard_condition import GuardCondition
from rclpy.logging import get_logger
from rclpy.publisher import Publisher
from rclpy.qos import (
    QoSProfile,
    as_profile,
    qos_profile_parameter_events,
    qos_profile_services_default,
)
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.time_source import TimeSource
from rclpy.timer import Rate, Timer

if TYPE_CHECKING:
    from rclpy._ros_args import RosArguments
    from rclpy.context import Context
    from rclpy.executors import Executor
    from rclpy.impl.rcutils_logger import RcutilsLogger
    from rclpy.parameter import Parameter


class Node(NodeParameters, NodeGraph):
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
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._clients: list[Client] = []
        self._services: list[Service] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []
        self._rates: list[Rate] = []
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

    @property
    def publishers(self) -> Iterator[Publisher]:
        """The publishers of the node."""
        yield from self._publishers

    @property
    def subscriptions(self) -> Iterator[Subscription]:
        """The subscriptions of the node."""
        yield from self._subscriptions

    @property
    def clients(self) -> Iterator[Client]:
        """The clients of the node."""
        yield from self._clients

    @property
    def services(self) -> Iterator[Service]:
        """The services of the node."""
        yield from self._services

    @property
    def timers(self) -> Iterator[Timer]:
        """The timers of the node."""
        yield from self._timers

    @property
    def guards(self) -> Iterator[GuardCondition]:
        """The guard conditions of the node."""
        yield from self._guards

    @property
    def waitables(self) -> Iterator[Any]:
        """Other things an executor waits for: there are none."""
        return iter(())

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

    # making and destroying

    def _all_entities(self) -> list[Any]:
        return [
            *self._subscriptions,
            *self._services,
            *self._clients,
            *self._guards,
            *self._timers,
        ]

    def _group(self, callback_group: CallbackGroup | None) -> CallbackGroup:
        return self._default_callback_group if callback_group is None else callback_group

    def _announce(self, entity: Any) -> None:
        for name, is_writer in (("_writer", True), ("_reader", False)):
            endpoint = getattr(entity, name, None)
            if endpoint is not None:
                self._graph.add_endpoint(self._record, endpoint.guid, is_writer)

    def _adopt(self, entity: Any, entities: list[Any]) -> None:
        entity._node_ref = weakref.ref(self)
        entities.append(entity)
        self._announce(entity)
        executor = self.executor
        if executor is not None:
            executor._attach(entity)

    def _destroy(self, entity: Any, entities: list[Any]) -> bool:
        if entity not in entities:
            return False
        entities.remove(entity)
        executor = self.executor
        if executor is not None and hasattr(entity, "_condition"):
            executor._detach(entity)
        guids = [
            getattr(entity, name).guid for name in ("_writer", "_reader") if hasattr(entity, name)
        ]
        entity.destroy()
        for guid in guids:
            self._graph.remove_endpoint(self._record, guid)
        return True

    def create_publisher(
        self,
        msg_type: Any,
        topic: str,
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        publisher_class: type[Publisher] = Publisher,
    ) -> Publisher:
        """Make a publisher; ``qos_profile`` may be the depth alone."""
        publisher = publisher_class(
            self._context,
            msg_type,
            self.resolve_topic_name(topic),
            as_profile(qos_profile),
            event_callbacks,
        )
        self._publishers.append(publisher)
        self._announce(publisher)
        return publisher

    def create_subscription(
        self,
        msg_type: Any,
        topic: str,
        callback: Callable[..., Any],
        qos_profile: QoSProfile | int,
        *,
        callback_group: CallbackGroup | None = None,
        event_callbacks: Any = None,
        qos_overriding_options: Any = None,
        raw: bool = False,
    ) -> Subscription:
        """Make a subscription; ``raw`` hands the callback the serialised message."""
        subscription = Subscription(
            self._context,
            msg_type,
            self.resolve_topic_name(topic),
            callback,
            self._group(callback_group),
            as_profile(qos_profile),
            raw,
            event_callbacks,
        )
        self._adopt(subscription, self._subscriptions)
        return subscription

    def create_client(
        self,
        srv_type: Any,
        srv_name: str,
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Client:
        """Make a service client."""
        client = Client(
            self._context,
            srv_type,
            self.resolve_service_name(srv_name),
            qos_profile,
            self._group(callback_group),
        )
        self._adopt(client, self._clients)
        return client

    def create_service(
        self,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        *,
        qos_profile: QoSProfile = qos_profile_services_default,
        callback_group: CallbackGroup | None = None,
    ) -> Service:
        """Make a service; the callback takes request and response, and returns a response."""
        service = Service(
            self._context,
            srv_type,
            self.resolve_service_name(srv_name),
            callback,
            self._group(callback_group),
            qos_profile,
        )
        self._adopt(service, self._services)
        return service

    def create_timer(
        self,
        timer_period_sec: float,
        callback: Callable[..., Any] | None,
        callback_group: CallbackGroup | None = None,
        clock: Clock | None = None,
        autostart: bool = True,
    ) -> Timer:
        """Make a timer; it follows the node's clock unless another is given."""
        timer = Timer(
            callback,
            self._group(callback_group),
            int(float(timer_period_sec) * 1e9),
            self._clock if clock is None else clock,
            context=self._context,
            autostart=autostart,
        )
        self._adopt(timer, self._timers)
        return timer

    def create_guard_condition(
        self, callback: Callable[[], Any], callback_group: CallbackGroup | None = None
    ) -> GuardCondition:
        """Make a guard condition."""
        guard = GuardCondition(callback, self._group(callback_group), self._context)
        self._adopt(guard, self._guards)
        return guard

    def create_rate(self, frequency: float, clock: Clock | None = None) -> Rate:
        """Make a rate of so many Hz."""
        if frequency <= 0:
            raise ValueError(f"frequency must be above 0, not {frequency}")
        from rclpy.callback_groups import ReentrantCallbackGroup

        timer = self.create_timer(1.0 / frequency, None, ReentrantCallbackGroup(), clock)
        rate = Rate(timer, context=self._context)
        self._rates.append(rate)
        return rate

    def destroy_publisher(self, publisher: Publisher) -> bool:
        """Destroy a publisher; False where it is not of this node."""
        return self._destroy(publisher, self._publishers)

    def destroy_subscription(self, subscription: Subscription) -> bool:
        """Destroy a subscription; False where it is not of this node."""
        return self._destroy(subscription, self._subscriptions)

    def destroy_client(self, client: Client) -> bool:
        """Destroy a client; False where it is not of this node."""
        return self._destroy(client, self._clients)

    def destroy_service(self, service: Service) -> bool:
        """Destroy a service; False where it is not of this node."""
        return self._destroy(service, self._services)

    def destroy_timer(self, timer: Timer) -> bool:
        """Destroy a timer; False where it is not of this node."""
        return self._destroy(timer, self._timers)

    def destroy_guard_condition(self, guard: GuardCondition) -> bool:
        """Destroy a guard condition; False where it is not of this node."""
        return self._destroy(guard, self._guards)

    def destroy_rate(self, rate: Rate) -> bool:
        """Destroy a rate; False where it is not of this node."""
        if rate not in self._rates:
            return False
        self._rates.remove(rate)
        self.destroy_timer(rate._timer)
        rate.destroy()
        return True

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
            for rate in tuple(self._rates):
                self.destroy_rate(rate)
            for entities in (
                self._publishers,
                self._subscriptions,
                self._services,
                self._clients,
                self._timers,
                self._guards,
            ):
                for entity in tuple(entities):
                    self._destroy(entity, entities)
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
