"""Making and destroying what belongs to a node."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rclpy.client import Client
from rclpy.guard_condition import GuardCondition
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, as_profile, qos_profile_services_default
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Rate, Timer

if TYPE_CHECKING:
    from rclpy._graph import Graph, NodeRecord
    from rclpy.callback_groups import CallbackGroup
    from rclpy.clock import Clock
    from rclpy.context import Context
    from rclpy.executors import Executor


class NodeEntities:
    """Mixin: publishers, subscriptions, services, clients, timers and the like of a node."""

    _context: Context
    _graph: Graph
    _record: NodeRecord
    _clock: Clock
    _default_callback_group: CallbackGroup
    executor: Executor | None
    resolve_topic_name: Callable[..., str]
    resolve_service_name: Callable[..., str]

    def _init_entities(self) -> None:
        self._publishers: list[Publisher] = []
        self._subscriptions: list[Subscription] = []
        self._clients: list[Client] = []
        self._services: list[Service] = []
        self._timers: list[Timer] = []
        self._guards: list[GuardCondition] = []
        self._rates: list[Rate] = []
        self._handlers: list[Any] = []

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

    def _all_entities(self) -> list[Any]:
        return [
            *self._subscriptions,
            *self._services,
            *self._clients,
            *self._guards,
            *self._timers,
            *self._handlers,
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
        for handler in getattr(entity, "event_handlers", ()):
            self._handlers.remove(handler)
            handler.destroy()
            if executor is not None:
                executor._detach(handler)
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
        self._watch_events(publisher, publisher._writer, event_callbacks, callback_group, True)
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
        endpoint = subscription._reader
        self._watch_events(subscription, endpoint, event_callbacks, callback_group, False)
        return subscription

    def _watch_events(
        self,
        owner: Any,
        endpoint: Any,
        callbacks: Any,
        callback_group: CallbackGroup | None,
        is_publisher: bool,
    ) -> None:
        """Handle the QoS events of an endpoint; incompatible QoS is logged by default."""
        from rclpy.event_handler import (
            EventHandler,
            PublisherEventCallbacks,
            SubscriptionEventCallbacks,
        )

        if callbacks is None:
            callbacks = PublisherEventCallbacks() if is_publisher else SubscriptionEventCallbacks()
        if not callbacks.watched():
            return
        handler = EventHandler(endpoint, owner.topic, callbacks, self._group(callback_group))
        owner.event_handlers.append(handler)
        handler._node_ref = weakref.ref(self)
        self._handlers.append(handler)
        executor = self.executor
        if executor is not None:
            executor._attach(handler)

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

    def _destroy_entities(self) -> None:
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
