"""Lifecycle nodes."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import RCLError
from rclpy.lifecycle._state_machine import (
    ACTIVATING,
    CLEANINGUP,
    CONFIGURING,
    DEACTIVATING,
    ERRORPROCESSING,
    SHUTTINGDOWN,
    STATES,
    TRANSITIONS,
    LifecycleState,
    StateMachine,
    Transition,
    TransitionCallbackReturn,
)
from rclpy.lifecycle.managed_entity import ManagedEntity
from rclpy.node import Node

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.lifecycle.publisher import LifecyclePublisher

TRANSITION_EVENT_TOPIC = "~/transition_event"
_CALLBACK_NAMES = {
    CONFIGURING: "on_configure",
    CLEANINGUP: "on_cleanup",
    SHUTTINGDOWN: "on_shutdown",
    ACTIVATING: "on_activate",
    DEACTIVATING: "on_deactivate",
    ERRORPROCESSING: "on_error",
}


class LifecycleNodeMixin(ManagedEntity):
    """What makes a node a lifecycle node; inherit it before ``Node``.

    Override ``on_configure``, ``on_cleanup``, ``on_shutdown``, ``on_activate``,
    ``on_deactivate`` and ``on_error``; call the parent's so that the managed entities
    follow. A callback that raises counts as ERROR.
    """

    def __init__(
        self,
        *,
        enable_communication_interface: bool = True,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        """Make the state machine; the node must have been initialised.

        Args:
            enable_communication_interface: Whether to create the lifecycle services and the
                transition event topic.
            callback_group: Group of the services.
        """
        self._state_machine = StateMachine()
        self._managed_entities: dict[int, ManagedEntity] = {}
        self._transition_callbacks: dict[LifecycleState, Callable[..., Any]] = {}
        self._transition_event_publisher: Any = None
        self._lifecycle_services: list[Any] = []
        if enable_communication_interface:
            self._create_interface(callback_group)

    def _create_interface(self, callback_group: CallbackGroup | None) -> None:
        from lifecycle_msgs import srv
        from lifecycle_msgs.msg import TransitionEvent

        host: Any = self
        self._transition_event_publisher = Node.create_publisher(
            host, TransitionEvent, TRANSITION_EVENT_TOPIC, 10
        )
        graph_type = srv.GetAvailableTransitions
        for type_, name, callback in (
            (srv.ChangeState, "change_state", self._on_change_state),
            (srv.GetState, "get_state", self._on_get_state),
            (srv.GetAvailableStates, "get_available_states", self._on_get_available_states),
            (graph_type, "get_available_transitions", self._on_get_available_transitions),
            (graph_type, "get_transition_graph", self._on_get_transition_graph),
        ):
            service = host.create_service(
                type_, f"~/{name}", callback, callback_group=callback_group
            )
            self._lifecycle_services.append(service)

    def trigger_configure(self) -> TransitionCallbackReturn:
        """Make the configure transition; returns what its callback returned."""
        return self._change_state("configure")

    def trigger_cleanup(self) -> TransitionCallbackReturn:
        """Make the cleanup transition; returns what its callback returned."""
        return self._change_state("cleanup")

    def trigger_activate(self) -> TransitionCallbackReturn:
        """Make the activate transition; returns what its callback returned."""
        return self._change_state("activate")

    def trigger_deactivate(self) -> TransitionCallbackReturn:
        """Make the deactivate transition; returns what its callback returned."""
        return self._change_state("deactivate")

    def trigger_shutdown(self) -> TransitionCallbackReturn:
        """Make the shutdown transition; returns what its callback returned."""
        return self._change_state("shutdown")

    def add_managed_entity(self, entity: ManagedEntity) -> None:
        """Let an entity follow the state of the node."""
        self._managed_entities[id(entity)] = entity

    def create_lifecycle_publisher(self, *args: Any, **kwargs: Any) -> LifecyclePublisher:
        """Create a managed publisher; the arguments are those of ``create_publisher``."""
        from rclpy.lifecycle.publisher import LifecyclePublisher

        host: Any = self
        publisher: LifecyclePublisher = host.create_publisher(
            *args, **kwargs, publisher_class=LifecyclePublisher
        )
        self.add_managed_entity(publisher)
        return publisher

    def destroy_lifecycle_publisher(self, publisher: LifecyclePublisher) -> bool:
        """Destroy a managed publisher; False if it was destroyed before."""
        self._managed_entities.pop(id(publisher), None)
        host: Any = self
        return bool(host.destroy_publisher(publisher))

    def register_callback(
        self, state_id: int, callback: Callable[[LifecycleState], TransitionCallbackReturn]
    ) -> bool:
        """Replace the callback of a transition state; returns whether there is that state."""
        for state in _CALLBACK_NAMES:
            if state.state_id == state_id:
                self._transition_callbacks[state] = callback
                return True
        return False

    def _forward(self, name: str, state: LifecycleState) -> TransitionCallbackReturn:
        """Call the same callback of every managed entity; stops at the first refusal."""
        for entity in tuple(self._managed_entities.values()):
            answer = getattr(entity, name)(state)
            if not isinstance(answer, TransitionCallbackReturn):
                raise TypeError(
                    f"{name}() of managed entity {entity!r} returned {answer!r}, expected a "
                    "TransitionCallbackReturn"
                )
            if answer is not TransitionCallbackReturn.SUCCESS:
                return answer
        return TransitionCallbackReturn.SUCCESS

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the transition from unconfigured to inactive; FAILURE goes back."""
        return self._forward("on_configure", state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the transition from inactive to unconfigured; FAILURE goes back."""
        return self._forward("on_cleanup", state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the transition to finalized."""
        return self._forward("on_shutdown", state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the transition from inactive to active; FAILURE goes back."""
        return self._forward("on_activate", state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle the transition from active to inactive; FAILURE goes back."""
        return self._forward("on_deactivate", state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Handle an error; SUCCESS leads to unconfigured, all else to finalized."""
        return self._forward("on_error", state)

    def _change_state(self, key: int | str) -> TransitionCallbackReturn:
        """Make a transition with its callbacks.

        Raises:
            RCLError: The transition does not start in the present state.
        """
        previous = self._state_machine.state
        self._trigger(key)
        answer = self._ask_callback(previous)
        self._trigger(answer.to_label())
        if answer is TransitionCallbackReturn.ERROR:
            self._trigger(self._ask_callback(previous).to_label())
        return answer

    def _trigger(self, key: int | str) -> None:
        transition = self._state_machine.trigger(key)
        publisher = self._transition_event_publisher
        if publisher is not None:
            from lifecycle_msgs.msg import TransitionEvent

            publisher.publish(TransitionEvent(timestamp=time.time_ns(), **_describe(transition)))

    def _ask_callback(self, previous: LifecycleState) -> TransitionCallbackReturn:
        host: Any = self
        state = self._state_machine.state
        try:
            callback = self._transition_callbacks.get(state)
            if callback is None:
                callback = getattr(self, _CALLBACK_NAMES[state])
            answer = callback(previous)
        except Exception as error:
            host.get_logger().error(
                f"Error raised in the callback of state '{state.label}': {error!r}"
            )
            traceback.print_exc()
            return TransitionCallbackReturn.ERROR
        if isinstance(answer, TransitionCallbackReturn):
            return answer
        host.get_logger().error(
            f"The callback of state '{state.label}' returned {answer!r}, expected a "
            "TransitionCallbackReturn"
        )
        return TransitionCallbackReturn.ERROR

    def _on_change_state(self, request: Any, response: Any) -> Any:
        key = request.transition.label or int(request.transition.id)
        try:
            answer = self._change_state(key)
        except RCLError as error:
            host: Any = self
            host.get_logger().warning(f"Cannot change the state: {error}")
            response.success = False
        else:
            response.success = answer is TransitionCallbackReturn.SUCCESS
        return response

    def _on_get_state(self, request: Any, response: Any) -> Any:
        response.current_state = _state_message(self._state_machine.state)
        return response

    def _on_get_available_states(self, request: Any, response: Any) -> Any:
        response.available_states = [_state_message(state) for state in STATES]
        return response

    def _on_get_available_transitions(self, request: Any, response: Any) -> Any:
        response.available_transitions = [
            _description_message(t) for t in self._state_machine.available()
        ]
        return response

    def _on_get_transition_graph(self, request: Any, response: Any) -> Any:
        response.available_transitions = [_description_message(t) for t in TRANSITIONS]
        return response


def _state_message(state: LifecycleState) -> Any:
    from lifecycle_msgs.msg import State

    return State(id=state.state_id, label=state.label)


def _describe(transition: Transition) -> dict[str, Any]:
    from lifecycle_msgs.msg import Transition as TransitionMsg

    return {
        "transition": TransitionMsg(id=transition.transition_id, label=transition.label),
        "start_state": _state_message(transition.start),
        "goal_state": _state_message(transition.goal),
    }


def _description_message(transition: Transition) -> Any:
    from lifecycle_msgs.msg import TransitionDescription

    return TransitionDescription(**_describe(transition))


class LifecycleNode(LifecycleNodeMixin, Node):
    """A node with a managed lifecycle."""

    def __init__(
        self, node_name: str, *, enable_communication_interface: bool = True, **kwargs: Any
    ) -> None:
        """Create a lifecycle node in the state unconfigured.

        Args:
            node_name: Name of the node.
            enable_communication_interface: Whether to create the lifecycle services and the
                transition event topic.
            **kwargs: As of :class:`rclpy.node.Node`.
        """
        Node.__init__(self, node_name, **kwargs)
        LifecycleNodeMixin.__init__(
            self, enable_communication_interface=enable_communication_interface
        )
