"""Action: run a lifecycle node and follow its states."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from launch.actions.events import EmitEvent
from launch.event import Event
from launch.event_handler import BaseEventHandler
from launch.launch_description_entity import LaunchDescriptionEntity
from launch.logging import get_logger
from launch.some_substitutions_type import SomeSubstitutionsType
from launch_ros.actions.node import UNSPECIFIED_NAME, Node
from launch_ros.events.lifecycle import ChangeState, StateTransition
from launch_ros.ros_adapters import get_ros_node

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

SERVICE_TIMEOUT_S = 30.0  # ours: for a node to come up, and again for its transition
_WAIT_STEP_S = 0.1


class _ChangeStateHandler(BaseEventHandler):
    def __init__(self, node: LifecycleNode) -> None:
        super().__init__(
            matcher=lambda event: (
                isinstance(event, ChangeState) and event.lifecycle_node_matcher(node)
            )
        )
        self._node = node

    def handle(
        self, event: Event, context: LaunchContext
    ) -> Sequence[LaunchDescriptionEntity] | None:
        super().handle(event, context)
        if isinstance(event, ChangeState):
            self._node.change_state(context, event.transition_id)
        return None


class LifecycleNode(Node):
    """Runs a lifecycle node: handles ``ChangeState``, emits ``StateTransition`` events."""

    def __init__(
        self,
        *,
        name: SomeSubstitutionsType,
        namespace: SomeSubstitutionsType,
        autostart: bool = False,
        **kwargs: Any,
    ) -> None:
        """Describe the node; ``autostart`` configures and activates it."""
        super().__init__(name=name, namespace=namespace, **kwargs)
        self._autostart = autostart
        self._client: Any = None
        self._subscription: Any = None
        self.current_state = "unconfigured"

    def execute(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Start the node, and the means to follow it."""
        if context.is_shutdown:
            return None
        from lifecycle_msgs.msg import TransitionEvent
        from lifecycle_msgs.srv import ChangeState as ChangeStateService

        self.prepare_names(context)
        if UNSPECIFIED_NAME in self.node_name:
            raise RuntimeError("LifecycleNode: name and namespace have to be known")
        node = get_ros_node(context)

        def on_transition(message: Any) -> None:
            self.current_state = message.goal_state.label
            context.emit_event_sync(StateTransition(action=self, msg=message))

        self._subscription = node.create_subscription(
            TransitionEvent, f"{self.node_name}/transition_event", on_transition, 10
        )
        self._client = node.create_client(ChangeStateService, f"{self.node_name}/change_state")
        context.register_event_handler(_ChangeStateHandler(self))
        entities = list(super().execute(context) or [])
        if self._autostart:
            entities += self._autostart_entities()
        return entities

    def prepare_names(self, context: LaunchContext) -> None:
        """Perform the substitutions in name and namespace only."""
        self._name_arguments(context)

    def _autostart_entities(self) -> list[LaunchDescriptionEntity]:
        from launch.actions.events import RegisterEventHandler
        from launch.events.matchers import matches_action
        from launch_ros.event_handlers import OnStateTransition
        from lifecycle_msgs.msg import Transition

        def change(transition_id: int) -> EmitEvent:
            return EmitEvent(
                event=ChangeState(
                    lifecycle_node_matcher=matches_action(self), transition_id=transition_id
                )
            )

        activate = OnStateTransition(
            target_lifecycle_node=self,
            start_state="configuring",
            goal_state="inactive",
            entities=[change(Transition.TRANSITION_ACTIVATE)],
            handle_once=True,
        )
        return [RegisterEventHandler(activate), change(Transition.TRANSITION_CONFIGURE)]

    # -- transitions --------------------------------------------------------------------------

    def change_state(self, context: LaunchContext, transition_id: int) -> None:
        """Ask the node for a transition; the answer is awaited in a thread."""
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(None, self._request, context, transition_id)
        context.add_completion_future(future)

    def _request(self, context: LaunchContext, transition_id: int) -> None:
        logger = get_logger(self.name or self.node_name)
        what = f"transition {transition_id} of lifecycle node '{self.node_name}'"
        deadline_s = time.monotonic() + SERVICE_TIMEOUT_S
        while not self._is_reachable(context):
            if context.is_shutdown or self._has_ended():
                logger.error(f"{what} was not requested: the node has ended")
                return
            if time.monotonic() > deadline_s:
                logger.error(f"{what} was not requested: no service '{self._client.srv_name}'")
                return
        request = self._client.srv_type.Request()
        request.transition.id = transition_id
        done = threading.Event()
        future = self._client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        deadline_s = time.monotonic() + SERVICE_TIMEOUT_S
        while not done.wait(_WAIT_STEP_S):
            if context.is_shutdown or self._has_ended() or time.monotonic() > deadline_s:
                logger.error(f"{what} was not answered")
                return
        if not future.result().success:
            logger.error(f"failed to make {what}")

    def _has_ended(self) -> bool:
        future = self.get_asyncio_future()
        return future is not None and future.done()

    def _is_reachable(self, context: LaunchContext) -> bool:
        """Wait a moment for the service and for the publisher of the transition events."""
        if not self._client.wait_for_service(timeout_sec=_WAIT_STEP_S):
            return False
        node = get_ros_node(context)
        if node.count_publishers(f"{self.node_name}/transition_event") > 0:
            return True
        time.sleep(_WAIT_STEP_S)
        return False
