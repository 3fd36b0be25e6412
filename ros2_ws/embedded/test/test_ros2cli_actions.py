"""``ros2 action`` and ``ros2 lifecycle`` against real nodes in another process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.ros

ACTION_SERVER = """
import time
import rclpy
from example_interfaces.action import Fibonacci
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

def goal(request):
    return GoalResponse.REJECT if request.order > 90 else GoalResponse.ACCEPT

def execute(handle):
    feedback = Fibonacci.Feedback()
    feedback.sequence = [0, 1]
    for i in range(handle.request.order):
        if handle.is_cancel_requested:
            handle.canceled()
            print("canceled", flush=True)
            return Fibonacci.Result()
        handle.publish_feedback(feedback)
        time.sleep(0.1)
    if handle.request.order == 0:
        handle.abort()
        return Fibonacci.Result()
    handle.succeed()
    result = Fibonacci.Result()
    result.sequence = [0, 1, 1]
    return result

rclpy.init()
node = Node("counter")
server = ActionServer(node, Fibonacci, "count", execute, goal_callback=goal,
                      cancel_callback=lambda handle: CancelResponse.ACCEPT,
                      callback_group=ReentrantCallbackGroup())
print("ready", flush=True)
try:
    rclpy.spin(node, MultiThreadedExecutor(3))
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""
LIFECYCLE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class Talker(LifecycleNode):
    def on_configure(self, state):
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state):
        return TransitionCallbackReturn.FAILURE

rclpy.init()
node = Talker("talker")
print("ready", flush=True)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
"""
GOAL = ("action", "send_goal", "/count", "example_interfaces/action/Fibonacci")


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "embedded_ros2cli.main", *words]


def ros2(*words: str) -> tuple[int, str, str]:
    result = subprocess.run(
        command(*words), capture_output=True, text=True, timeout=40, check=False
    )
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def counter(peer: Callable[..., Any]) -> Any:
    started = peer(ACTION_SERVER)
    started.expect("ready")
    return started


def test_action_list_type_and_info(counter: Any) -> None:
    expected = "/count [example_interfaces/action/Fibonacci]\n"
    assert ros2("action", "list", "-t")[1] == expected
    assert ros2("action", "type", "/count")[1] == "example_interfaces/action/Fibonacci\n"
    assert ros2("action", "info", "/count")[1] == (
        "Action: /count\nAction clients: 0\nAction servers: 1\n    /counter\n"
    )
    output = ros2("node", "info", "/counter")[1]
    assert "  Action Servers:\n    /count: example_interfaces/action/Fibonacci\n" in output


def test_send_goal_with_feedback_and_result(counter: Any) -> None:
    status, output, _ = ros2(*GOAL, "{order: 3}", "--feedback")
    assert status == 0
    for text in (
        "Sending goal:\n    order: 3\n", "Goal accepted with ID: ", "Feedback:\n    sequence:\n",
        "Result:\n    sequence:\n    - 0\n    - 1\n    - 1\n",
        "Goal finished with status: SUCCEEDED",
    ):  # fmt: skip
        assert text in output
    assert "Feedback" not in ros2(*GOAL, "{order: 1}")[1]


def test_goals_that_do_not_succeed(counter: Any) -> None:
    status, output, _ = ros2(*GOAL, "{order: 99}")
    assert status == 1
    assert "Goal was rejected." in output
    status, output, _ = ros2(*GOAL, "{order: 0}")
    assert status == 1
    assert "Goal finished with status: ABORTED" in output
    status, _, error = ros2(*GOAL, "{order: 80}", "--result-timeout", "0.5")
    assert status == 1
    assert "no answer within 0.5 s" in error
    counter.expect("canceled")
    status, _, error = ros2("action", "send_goal", "/cont", GOAL[3], "--timeout", "0.8")
    assert status == 1
    assert "action '/cont' not found (did you mean '/count'?)" in error
    assert "did you mean" in ros2(*GOAL[:3], "example_interfaces/action/Fibonaci")[2]
    assert "'ordr' not found (did you mean 'order'?)" in ros2(*GOAL, "{ordr: 1}")[2]


def test_echo_of_the_feedback_of_an_action(counter: Any) -> None:
    process = subprocess.Popen(
        command("topic", "echo", "--once", "/count/_action/feedback"),
        stdout=subprocess.PIPE,
        text=True,
    )
    ros2(*GOAL, "{order: 25}")
    output, _ = process.communicate(timeout=20)
    assert "goal_id:\n  uuid:\n" in output
    assert "feedback:\n  sequence:\n  - 0\n  - 1\n" in output


def test_ctrl_c_cancels_the_goal(counter: Any) -> None:
    process = subprocess.Popen(
        command(*GOAL, "{order: 80}", "-f"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while "Feedback" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=20)
    assert "Canceling goal..." in output
    assert "Traceback" not in error
    assert process.returncode == 2
    counter.expect("canceled")


def test_lifecycle(peer: Callable[..., Any]) -> None:
    peer(LIFECYCLE).expect("ready")
    assert ros2("lifecycle", "nodes")[1] == "/talker\n"
    assert ros2("lifecycle", "get", "/talker")[1] == "unconfigured [1]\n"
    output = ros2("lifecycle", "list", "/talker")[1]
    assert "- configure [1]\n\tStart: unconfigured\n\tGoal: " in output
    status, _, error = ros2("lifecycle", "set", "/talker", "activate")
    assert status == 1
    assert "transition 'activate' not found" in error
    assert ros2("lifecycle", "set", "/talker", "configure")[:2] == (
        0, "Transitioning successful\n",
    )  # fmt: skip
    assert ros2("lifecycle", "get")[1] == "/talker: inactive [2]\n"
    assert ros2("lifecycle", "set", "/talker", "activate")[:2] == (1, "Transitioning failed\n")
