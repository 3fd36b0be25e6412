"""Lifecycle nodes across processes: transitions, refusals, errors, managed publishers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lifecycle_msgs.msg import State as StateMsg
from lifecycle_msgs.msg import Transition, TransitionEvent
from lifecycle_msgs.srv import (
    ChangeState,
    GetAvailableStates,
    GetAvailableTransitions,
    GetState,
)
from rclpy.exceptions import RCLError
from rclpy.lifecycle import (
    LifecycleNode,
    LifecycleState,
    ManagedEntity,
    SimpleManagedEntity,
    TransitionCallbackReturn,
)
from rclpy.node import Node
from std_msgs.msg import Int32

pytestmark = pytest.mark.ros

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR

MANAGED = """
import sys
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from std_msgs.msg import Int32

class Talker(LifecycleNode):
    def __init__(self):
        super().__init__("talker", namespace="/ns")
        self.declare_parameter("fail", "")
        self.count = 0
        self.publisher = None
        self.timer = None

    def answer(self, name):
        print(name, flush=True)
        wanted = self.get_parameter("fail").value
        if wanted == name + ":raise":
            raise RuntimeError("as asked")
        if wanted == name + ":failure":
            return TransitionCallbackReturn.FAILURE
        if wanted == name + ":nonsense":
            return None
        return TransitionCallbackReturn.SUCCESS

    def on_configure(self, state):
        self.publisher = self.create_lifecycle_publisher(Int32, "numbers", 10)
        self.timer = self.create_timer(0.02, self.tick)
        return self.answer("configure")

    def on_activate(self, state):
        super().on_activate(state)
        return self.answer("activate")

    def on_deactivate(self, state):
        super().on_deactivate(state)
        return self.answer("deactivate")

    def on_cleanup(self, state):
        self.destroy_timer(self.timer)
        self.destroy_lifecycle_publisher(self.publisher)
        return self.answer("cleanup")

    def on_shutdown(self, state):
        return self.answer("shutdown from " + state.label)

    def on_error(self, state):
        super().on_error(state)
        return self.answer("error")

    def tick(self):
        self.count += 1
        self.publisher.publish(Int32(data=self.count))

rclpy.init(args=sys.argv)
node = Talker()
print("up", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
finally:
    node.destroy_node()
    rclpy.try_shutdown()
print("down", flush=True)
"""


class Manager:
    """Calls the lifecycle services of ``/ns/talker``."""

    def __init__(self, node: Node) -> None:
        self.node = node
        base = "/ns/talker"
        self.clients = {
            "change": node.create_client(ChangeState, f"{base}/change_state"),
            "state": node.create_client(GetState, f"{base}/get_state"),
            "states": node.create_client(GetAvailableStates, f"{base}/get_available_states"),
            "available": node.create_client(
                GetAvailableTransitions, f"{base}/get_available_transitions"
            ),
            "graph": node.create_client(GetAvailableTransitions, f"{base}/get_transition_graph"),
        }
        self.events: list[TransitionEvent] = []
        node.create_subscription(
            TransitionEvent, f"{base}/transition_event", self.events.append, 10
        )

    def call(self, name: str, request: Any = None) -> Any:
        client = self.clients[name]
        assert client.wait_for_service(15.0)
        request = client.srv_type.Request() if request is None else request
        response = client.call(request, timeout_sec=10.0)
        assert response is not None
        return response

    def change(self, key: int | str) -> bool:
        transition = Transition(label=key) if isinstance(key, str) else Transition(id=key)
        return bool(self.call("change", ChangeState.Request(transition=transition)).success)

    def state(self) -> str:
        current = self.call("state").current_state
        assert current.id == getattr(StateMsg, f"PRIMARY_STATE_{current.label.upper()}")
        return str(current.label)

    def available(self) -> list[str]:
        transitions = self.call("available").available_transitions
        return [t.transition.label for t in transitions]


@pytest.fixture
def manager(ros: Any, spin: Callable[..., Any]) -> Manager:
    manager = Manager(Node("manager"))
    spin(manager.node)
    return manager


def test_the_whole_life(
    peer: Callable[..., Any], manager: Manager, until: Callable[..., None]
) -> None:
    numbers: list[int] = []
    manager.node.create_subscription(Int32, "/ns/numbers", lambda m: numbers.append(m.data), 10)
    process = peer(MANAGED)
    process.expect("up")
    assert manager.state() == "unconfigured"
    assert manager.available() == ["configure", "shutdown"]
    assert manager.change("configure")
    assert manager.state() == "inactive"
    assert manager.available() == ["cleanup", "activate", "shutdown"]
    assert numbers == []  # the timer runs, the publisher is not active
    assert manager.change(Transition.TRANSITION_ACTIVATE)
    assert manager.state() == "active"
    until(lambda: len(numbers) > 3)
    assert manager.change("deactivate")
    assert manager.change("cleanup")
    assert manager.change("configure")
    assert manager.change("activate")
    assert manager.change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
    process.expect("shutdown from active")
    assert manager.state() == "finalized"
    assert manager.available() == []
    until(lambda: len(manager.events) == 14)
    path = [e.goal_state.label for e in manager.events]
    assert path[:4] == ["configuring", "inactive", "activating", "active"]
    assert path[-2:] == ["shuttingdown", "finalized"]
    assert manager.events[0].transition.id == Transition.TRANSITION_CONFIGURE
    assert manager.events[1].transition.label == "transition_success"
    process.signal()
    process.expect("down")
    assert process.wait() == 0


def test_refused_transitions(peer: Callable[..., Any], manager: Manager) -> None:
    process = peer(MANAGED)
    process.expect("up")
    assert not manager.change("activate")
    assert not manager.change("nonsense")
    assert not manager.change(Transition.TRANSITION_CLEANUP)
    assert not manager.change(200)
    assert manager.state() == "unconfigured"
    process.expect("possible: 1 (configure), 5 (shutdown)")


@pytest.mark.parametrize(
    ("fail", "path", "state"),
    [
        ("configure:failure", ["configure"], "unconfigured"),
        ("configure:raise", ["configure"], "unconfigured"),
        ("configure:nonsense", ["configure"], "unconfigured"),
        ("activate:failure", ["configure", "activate"], "inactive"),
        ("activate:raise", ["configure", "activate"], "unconfigured"),
        ("deactivate:failure", ["configure", "activate", "deactivate"], "active"),
        ("cleanup:failure", ["configure", "cleanup"], "inactive"),
        ("shutdown from inactive:failure", ["configure", "shutdown"], "finalized"),
        ("shutdown from inactive:raise", ["configure", "shutdown"], "unconfigured"),
    ],
)
def test_failures_and_errors(
    peer: Callable[..., Any], manager: Manager, fail: str, path: list[str], state: str
) -> None:
    process = peer(MANAGED, "--ros-args", "-p", f"fail:='{fail}'")
    process.expect("up")
    *before, last = path
    assert all(manager.change(key) for key in before)
    assert not manager.change(last)
    assert manager.state() == state
    if fail.endswith((":raise", ":nonsense")):
        process.expect("in the callback of" if fail.endswith("raise") else "returned None")
        process.expect("error")


def test_states_and_graph(peer: Callable[..., Any], manager: Manager) -> None:
    peer(MANAGED).expect("up")
    states = manager.call("states").available_states
    assert [(s.id, s.label) for s in states][:5] == [
        (0, "unknown"),
        (1, "unconfigured"),
        (2, "inactive"),
        (3, "active"),
        (4, "finalized"),
    ]
    assert len(states) == 11
    graph = manager.call("graph").available_transitions
    assert len(graph) == 25
    assert any(
        (t.transition.id, t.start_state.label, t.goal_state.label)
        == (61, "errorprocessing", "finalized")
        for t in graph
    )


class Local(LifecycleNode):
    """Answers as told."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("local", enable_communication_interface=False, **kwargs)
        self.error_answer = SUCCESS
        self.previous: list[LifecycleState] = []

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.previous.append(state)
        return super().on_activate(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        super().on_error(state)
        return self.error_answer


@pytest.fixture
def local(ros: Any) -> Any:
    node = Local()
    yield node
    node.destroy_node()


def test_local_transitions(local: Local) -> None:
    assert not [s for s in local.services if "change_state" in s.service_name]
    assert local.trigger_configure() is SUCCESS
    assert local.trigger_activate() is SUCCESS
    assert local.previous == [LifecycleState("inactive", 2)]
    with pytest.raises(RCLError, match="current state 'active'"):
        local.trigger_configure()
    assert local.trigger_deactivate() is SUCCESS
    assert local.trigger_cleanup() is SUCCESS
    assert local.trigger_shutdown() is SUCCESS
    assert local._state_machine.current_state == (4, "finalized")


def test_managed_entities_follow(local: Local) -> None:
    class Recorder(SimpleManagedEntity):
        answer = SUCCESS

        def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
            return self.answer

        @SimpleManagedEntity.when_enabled
        def work(self) -> str:
            return "worked"

        @SimpleManagedEntity.when_enabled(when_not_enabled=lambda self: "asleep")
        def other(self) -> str:
            return "awake"

    entity = Recorder()
    local.add_managed_entity(entity)
    entity.answer = FAILURE
    assert local.trigger_configure() is FAILURE
    entity.answer = SUCCESS
    local.trigger_configure()
    assert (entity.work(), entity.other()) == (None, "asleep")
    local.trigger_activate()
    assert entity.is_activated
    assert (entity.work(), entity.other()) == ("worked", "awake")
    local.trigger_deactivate()
    assert entity.work() is None


@pytest.mark.parametrize(
    ("answer", "state"), [(SUCCESS, "unconfigured"), (FAILURE, "finalized"), (ERROR, "finalized")]
)
def test_answers_of_the_error_callback(
    local: Local, answer: TransitionCallbackReturn, state: str
) -> None:
    class Broken(ManagedEntity):
        def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
            raise RuntimeError("broken")

    publisher = local.create_lifecycle_publisher(Int32, "numbers", 1)
    local.add_managed_entity(Broken())
    local.error_answer = answer
    local.trigger_configure()
    assert local.trigger_activate() is ERROR
    assert local._state_machine.state.label == state
    assert not publisher.is_activated


def test_registered_callbacks_replace_methods(local: Local) -> None:
    seen: list[str] = []

    def configure(state: LifecycleState) -> TransitionCallbackReturn:
        seen.append(state.label)
        return SUCCESS

    assert local.register_callback(StateMsg.TRANSITION_STATE_CONFIGURING, configure)
    assert not local.register_callback(99, configure)
    local.trigger_configure()
    assert seen == ["unconfigured"]
