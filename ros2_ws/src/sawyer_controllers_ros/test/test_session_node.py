"""The session against an episode manager that does as it is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rclpy.action import ActionServer, GoalResponse
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeResult, ErrorCode, SessionProgress

from sawyer_controllers_ros import session_node
from sawyer_controllers_ros.session_node import SessionNode
from sawyer_ros_common import qos
from sawyer_ros_common.runner import ThinNode
from sawyer_ros_common.testing import Client, Spinner, own_domain, ros_arguments, wait_for

pytestmark = pytest.mark.ros


class FakeManager(ThinNode):
    """Answers each goal with the error code that is next in the list."""

    def __init__(self, codes: list[int], *, refuses: bool = False) -> None:
        super().__init__("fake_manager")
        self.codes, self.goals = list(codes), []
        answer = GoalResponse.REJECT if refuses else GoalResponse.ACCEPT
        self.server = ActionServer(
            self, RunEpisode, "run_episode", self._run, goal_callback=lambda _: answer
        )
        self.progress = Client(self).listen(SessionProgress, "session/progress", qos.EVENT_LATCHED)

    def _run(self, handle) -> RunEpisode.Result:
        goal = handle.request
        self.goals.append(goal)
        code = self.codes.pop(0)
        valid = code not in (ErrorCode.EPISODE_NO_STATE, ErrorCode.EPISODE_SAFETY_STOP)
        result = EpisodeResult(index=goal.index, seed=goal.seed, valid=valid, success=valid)
        result.error_code, result.error_msg = code, f"code {code}" if code else ""
        handle.succeed() if valid else handle.abort()
        return RunEpisode.Result(result=result)

    def close(self) -> None:
        self.server.destroy()


def arguments(folder: Path, episodes: int, **more: object) -> list[str]:
    given = {"connector": "usb", "policy": "p_controller", "seed": 5, "startup_timeout_s": 10.0}
    given.update({"output_dir": folder, "episodes": episodes, **more})
    return [word for name, value in given.items() for word in ("-p", f"{name}:={value}")]


@contextmanager
def running(manager_codes: list[int], words: list[str], **kind: bool) -> Iterator[tuple]:
    with ros_arguments(words):
        manager, session = FakeManager(manager_codes, **kind), SessionNode()
        session.start()
        try:
            with Spinner(manager):
                yield manager, session
        finally:
            session.destroy_node()


def written(folder: Path) -> dict:
    return json.loads((folder / "episodes.json").read_text(encoding="utf-8"))


def test_episodes_run_one_after_the_other_and_are_written(tmp_path: Path) -> None:
    codes = [ErrorCode.NONE, ErrorCode.EPISODE_SAFETY_STOP, ErrorCode.NONE]
    with running(codes, arguments(tmp_path, 3, noise_mm=1.0)) as (manager, session):
        assert session.run() == 0
        assert [(g.index, g.seed, g.noise_mm) for g in manager.goals] == [
            (0, 5, 1.0), (1, 6, 1.0), (2, 7, 1.0)
        ]  # fmt: skip
        wait_for(lambda: any(p.phase == "done" for p in manager.progress), 10.0, "the end")
        last = manager.progress[-1]
        assert (last.completed, last.successes, last.failures) == (3, 2, 1)
    data = written(tmp_path)
    assert data["complete"]
    assert [row["valid"] for row in data["episodes"]] == [True, False, True]


def test_an_episode_without_its_recording_fails_the_session_at_the_end(tmp_path: Path) -> None:
    codes = [ErrorCode.RECORDER_NO_SPACE, ErrorCode.NONE]
    with running(codes, arguments(tmp_path, 2)) as (manager, session):
        assert session.run() == 1
        assert len(manager.goals) == 2
    data = written(tmp_path)
    assert not data["complete"]
    assert len(data["episodes"]) == 2


def test_a_lost_graph_ends_the_session(tmp_path: Path) -> None:
    codes = [ErrorCode.EPISODE_NO_STATE, ErrorCode.NONE]
    with running(codes, arguments(tmp_path, 2)) as (manager, session):
        assert session.run() == 1
        assert len(manager.goals) == 1
        wait_for(lambda: any(p.phase == "failed" for p in manager.progress), 10.0, "the end")
        assert manager.progress[-1].message == f"episode 0: code {ErrorCode.EPISODE_NO_STATE}"
    assert not written(tmp_path)["complete"]


def test_a_refused_goal_ends_the_session(tmp_path: Path) -> None:
    with running([], arguments(tmp_path, 1), refuses=True) as (_, session):
        assert session.run() == 1
    assert written(tmp_path)["episodes"] == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"startup_timeout_s": 0.2}, "run_episode is not there after 0.2 s"),
        ({"output_dir": "/proc/none"}, "cannot make output_dir /proc/none: No such file"),
        ({"episodes": 0}, "episodes"),
        ({"noise_mm": "50.0"}, "noise_mm"),
    ],
)
def test_what_cannot_be_run_is_said_without_a_traceback(
    changes: dict, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", str(own_domain()))
    words = arguments(tmp_path, **{"episodes": 1, **changes})
    assert session_node.main(["--ros-args", *words]) in (1, 2)
    error = capfd.readouterr().err
    assert text in error
    assert "Traceback" not in error
