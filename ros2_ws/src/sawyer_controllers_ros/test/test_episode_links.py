"""What surrounds an episode when it fails: late policies, resets, mistakes in a goal."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.action import ActionServer, CancelResponse
from sawyer_interfaces.action import Reset, RunEpisode
from sawyer_interfaces.msg import ErrorCode, PolicyInfo
from sawyer_interfaces.srv import PolicyAct, PrepareEpisode

from sawyer_controllers_ros.commander import Commander
from sawyer_controllers_ros.episode_manager_node import EpisodeManagerNode
from sawyer_controllers_ros.policy_link import PolicyLink
from sawyer_controllers_ros.reset_link import EpisodeError, ResetLink
from sawyer_controllers_ros.reset_node import ResetNode
from sawyer_core import PolicyInput, TransportError
from sawyer_ros_common.runner import ThinNode
from sawyer_ros_common.single_goal import SingleGoal
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for
from sawyer_ros_common.waits import Deadlines

pytestmark = pytest.mark.ros
TASK = """
task:
  connector: usb
  goal_position_m: [0.5, 0.1, 0.1]
  goal_quat_xyzw: [1.0, 0.0, 0.0, 0.0]
  mouth_height_m: 0.012
  insertion_depth_m: 0.012
"""
SEEN = PolicyInput(np.zeros(3), np.zeros(3), np.zeros(3), 0)


class Manager(ThinNode):
    """Runs a coroutine of the test on its executor."""

    def __init__(self) -> None:
        super().__init__("manager")
        self.deadlines = Deadlines(self, period_s=0.01)
        self.policy = PolicyLink(
            self, self.deadlines, timeout_s=1.0, period_s=0.1, silent_timeout_s=0.1
        )
        self.reset = ResetLink(self, self.deadlines, service_timeout_s=5.0, reset_timeout_s=0.5)

    def run(self, make: Callable[[], Any]) -> Any:
        task = self.executor.create_task(make)
        wait_for(task.done, 15.0, "the coroutine")
        return task


class Others(ThinNode):
    """Policy server, driver and reset node in one."""

    def __init__(self) -> None:
        super().__init__("others")
        self.handling_s, self.breaks, self.canceled = 0.0, False, 0
        self.single = SingleGoal()
        self.create_service(PolicyAct, "policy/act", self._act)
        self.create_service(PrepareEpisode, "driver/prepare_episode", self._prepare)
        self.server = ActionServer(
            self,
            Reset,
            "reset",
            self._reset,
            goal_callback=self.single.offer,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self.deadlines = Deadlines(self, period_s=0.01)

    def _act(self, request: PolicyAct.Request, response: PolicyAct.Response) -> PolicyAct.Response:
        began = time.perf_counter()
        time.sleep(self.handling_s)
        response.step, response.action.z = request.step, -0.001
        response.handling_s = time.perf_counter() - began
        return response

    def _prepare(
        self, _: PrepareEpisode.Request, response: PrepareEpisode.Response
    ) -> PrepareEpisode.Response:
        response.error_code = ErrorCode.DRIVER_PREPARE_DISABLED
        return response

    async def _reset(self, handle) -> Reset.Result:
        with self.single:
            if self.breaks:
                raise ValueError("a mistake")
            await self.deadlines.until(lambda: handle.is_cancel_requested, 10.0, "a cancellation")
            self.canceled += 1
            handle.canceled()
            return Reset.Result(error_code=ErrorCode.RESET_CANCELED)

    def close(self) -> None:
        self.deadlines.cancel_all()
        self.server.destroy()


@pytest.fixture
def graph() -> Iterator[tuple[Manager, Others]]:
    with ros_arguments():
        manager, others = Manager(), Others()
        with Spinner(manager), Spinner(others):
            yield manager, others


def test_an_answer_is_late_after_just_over_one_period(graph) -> None:
    manager, others = graph
    wait_for(manager.policy._act.service_is_ready, 10.0, "the policy server")
    for handling_s, late in ((0.0, 0), (0.105, 1)):
        others.handling_s = handling_s
        question = manager.policy.ask(1, SEEN)
        answer = manager.run(lambda question=question: manager.policy.answer(question)).result()
        assert (answer.late, manager.policy.late) == (bool(late), late)
    assert answer.action_m is None
    assert "allowed 0.1 s" in answer.message


def test_an_operator_may_hand_over_the_plug(graph) -> None:
    manager, _ = graph
    assert manager.run(lambda: manager.reset.prepare(1)).result() is None


@pytest.mark.parametrize(("canceled", "error"), [(True, EpisodeError), (False, TransportError)])
def test_a_reset_nobody_waits_for_is_canceled(graph, canceled: bool, error: type) -> None:
    manager, others = graph
    task = manager.run(
        lambda: manager.reset.reset(np.zeros(3), 0, inserted=False, canceled=lambda: canceled)
    )
    assert isinstance(task.exception(), error)
    wait_for(lambda: others.canceled == 1, 10.0, "the cancellation")


def test_one_goal_at_a_time_also_after_a_mistake(graph) -> None:
    manager, others = graph
    client = Client(manager)
    first, second = (client.action(Reset, "reset").send_goal_async(Reset.Goal()) for _ in range(2))
    first = client.wait(first, 10.0, "the first goal")
    assert first.accepted
    assert not client.wait(second, 10.0, "the second goal").accepted
    client.wait(first.cancel_goal_async(), 10.0, "the cancellation")
    client.wait(first.get_result_async(), 10.0, "the first result")
    others.breaks = True
    broken = client.send_goal(Reset, "reset", Reset.Goal())
    client.wait(broken.get_result_async(), 10.0, "the broken result")
    others.breaks = False
    last = client.send_goal(Reset, "reset", Reset.Goal())  # it is taken
    client.wait(last.cancel_goal_async(), 10.0, "the cancellation")
    client.wait(last.get_result_async(), 10.0, "the last result")


@pytest.mark.parametrize(
    ("task", "connector", "code"),
    [
        ("insertion", "dsub", ErrorCode.EPISODE_BAD_SPEC),
        ("blocks", "", ErrorCode.EPISODE_BAD_SPEC),
        ("insertion", "usb", ErrorCode.EPISODE_RESET_FAILED),
        ("", "", ErrorCode.EPISODE_RESET_FAILED),
    ],
)
def test_a_policy_learned_for_another_board_is_refused(
    task: str, connector: str, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def begin(*_: object, **__: object) -> PolicyInfo:
        return PolicyInfo(
            name="mine", base_controller="p_controller", task=task, connector=connector
        )

    async def prepare(*_: object) -> None:
        raise EpisodeError(ErrorCode.EPISODE_RESET_FAILED, "as far as that")

    task_file = tmp_path / "task.yaml"
    task_file.write_text(TASK, encoding="utf-8")
    monkeypatch.setattr(PolicyLink, "begin", begin)
    monkeypatch.setattr(ResetLink, "prepare", prepare)
    with ros_arguments(["-p", f"task_file:={task_file}"]):
        node, other = EpisodeManagerNode(), ThinNode("other")
        node.start()
        client = Client(other)
        with Spinner(node), Spinner(other):
            goal = client.send_goal(
                RunEpisode, "run_episode", RunEpisode.Goal(connector="usb", policy="mine")
            )
            answer = client.wait(goal.get_result_async(), 10.0, "the result")
    result = answer.result.result
    assert result.error_code == code, result.error_msg
    if code == ErrorCode.EPISODE_BAD_SPEC:
        assert "mine" in result.error_msg
        assert "the board usb" in result.error_msg
        assert (connector or task) in result.error_msg


@pytest.mark.parametrize(
    ("kind", "name", "action", "step"),
    [
        (EpisodeManagerNode, "run_episode", RunEpisode, "sawyer_controllers_ros.episode_run"),
        (ResetNode, "reset", Reset, "sawyer_controllers_ros.reset_node"),
    ],
)
def test_a_mistake_leaves_the_seat_and_the_next_goal_is_taken(
    kind: type, name: str, action: Any, step: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a mistake")

    task_file = tmp_path / "task.yaml"
    task_file.write_text(TASK, encoding="utf-8")
    released: list[str] = []

    async def release(commander: Commander) -> None:
        released.append(commander.source)

    monkeypatch.setattr(
        f"{step}.{'EpisodeRun.run' if 'run' in name else 'ResetNode._run'}", broken
    )
    monkeypatch.setattr(Commander, "release", release)
    with ros_arguments(["-p", f"task_file:={task_file}"]):
        node, other = kind(), ThinNode("other")
        node.start()
        client = Client(other)
        with Spinner(node), Spinner(other):
            for count in (1, 2):
                goal = client.send_goal(action, name, action.Goal())
                client.wait(goal.get_result_async(), 10.0, "the result")
                assert len(released) == count
