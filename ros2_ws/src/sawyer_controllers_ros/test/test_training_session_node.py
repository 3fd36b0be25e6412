"""The training session against a manager and a learner that do as they are told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from builtin_interfaces.msg import Time
from rclpy.action import ActionServer
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeResult, ErrorCode, LearnerState
from sawyer_interfaces.srv import ListPolicies

from sawyer_controllers_ros.training_session_node import TrainingSessionNode
from sawyer_ros_common import qos
from sawyer_ros_common.runner import ThinNode
from sawyer_ros_common.testing import Spinner, ros_arguments

pytestmark = pytest.mark.ros


class FakeGraph(ThinNode):
    """Manager, policy server and learner in one; ``after`` says what the learner answers."""

    def __init__(self, after: list[dict[str, object]]) -> None:
        super().__init__("fake_graph")
        self.after, self.goals = list(after), []
        self.state = LearnerState(
            policy="training", phase="ready", ready=True, next_seed=1000, started=Time(sec=1)
        )
        self.server = ActionServer(self, RunEpisode, "run_episode", self._run)
        self.create_service(ListPolicies, "policy/list", lambda _, response: response)
        self.states = self.create_publisher(LearnerState, "learner/state", qos.LATCHED)
        self.states.publish(self.state)

    def _run(self, handle) -> RunEpisode.Result:
        goal = handle.request
        self.goals.append((goal.index, goal.seed, goal.attempt, goal.policy))
        changes = dict(self.after.pop(0))
        code = changes.pop("code", ErrorCode.NONE)
        bag = Path(str(changes.pop("bag", "")))
        if bag.name:
            bag.mkdir(parents=True)
        for name, value in changes.items():
            setattr(self.state, name, value)
        self.states.publish(self.state)
        result = EpisodeResult(index=goal.index, valid=not code, error_code=code)
        result.error_msg = f"code {code}" if code else ""
        handle.abort() if code else handle.succeed()
        return RunEpisode.Result(result=result)

    def close(self) -> None:
        self.server.destroy()


@contextmanager
def running(folder: Path, after: list[dict[str, object]]) -> Iterator[tuple]:
    given = {"connector": "usb", "output_dir": folder, "learner_timeout_s": 1.0, "max_repeats": 2}
    words = [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]
    with ros_arguments(words):
        graph, session = FakeGraph(after), TrainingSessionNode()
        session.start()
        try:
            with Spinner(graph):
                yield graph, session
        finally:
            session.destroy_node()


def rows(folder: Path) -> list[dict]:
    return json.loads((folder / "episodes.json").read_text(encoding="utf-8"))["episodes"]


def test_it_runs_what_the_learner_asks_for_until_it_is_done(tmp_path: Path) -> None:
    steps = [{"next_episode": 1, "next_seed": 1001}, {"next_episode": 2, "phase": "done"}]
    with running(tmp_path, steps) as (graph, session):
        assert session.run() == 0
    assert graph.goals == [(0, 1000, 0, "training"), (1, 1001, 0, "training")]
    with running(tmp_path, [{"next_episode": 3, "phase": "done"}]) as (graph, session):
        assert session.run() == 0
    assert len(rows(tmp_path)) == 3  # those of the first part stay


@pytest.mark.parametrize(
    "lost",
    [
        {"code": ErrorCode.EPISODE_POLICY_FAILED},
        {"code": ErrorCode.EPISODE_NO_STATE},
        {"lost_episodes": 1},
        {"started": Time(sec=2)},
    ],
)
def test_a_lost_episode_is_run_again_under_another_name(tmp_path: Path, lost: dict) -> None:
    lost = {**lost, "bag": tmp_path / "bags" / "episode_0000"}
    with running(tmp_path, [lost, {"next_episode": 1, "phase": "done"}]) as (graph, session):
        assert session.run() == 0
    assert [goal[:3] for goal in graph.goals] == [(0, 1000, 0), (0, 1000, 1)]


@pytest.mark.parametrize(
    ("after", "text"),
    [
        ([{"code": ErrorCode.EPISODE_NO_STATE}] * 3, "lost 3 times"),
        ([{"code": ErrorCode.EPISODE_BAD_SPEC}], "code 400"),
        ([{"phase": "failed", "message": "not finite"}], "the learner has failed: not finite"),
        ([{"ready": False}], "nothing was heard of the learner for 1 s"),
    ],
)
def test_what_cannot_go_on_ends_with_why(
    tmp_path: Path, after: list[dict], text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, after) as (_, session):
        assert session.run() == 1
    content = json.loads((tmp_path / "episodes.json").read_text(encoding="utf-8"))
    assert not content["complete"]
    assert text in capfd.readouterr().err
