"""Each step of the graph is the transition of the training environment, reward included."""

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeStep

from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]

HORIZON = 22
NOISE_MM = 1.0


@pytest.fixture(scope="module", params=["image", "dense"])
def graph(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[LaunchedGraph]:
    folder = tmp_path_factory.mktemp(f"transitions_{request.param}")
    launched = LaunchedGraph(
        "bringup.launch.py",
        ["connector:=usb", f"reward:={request.param}", f"output_dir:={folder}"],
        folder / "launch.log",
    )
    launched.reward = request.param  # type: ignore[attr-defined]
    try:
        yield launched
    finally:
        status = launched.stop()
    assert status == 0, launched.text()


def in_process(reward: str, seed: int) -> list[tuple[Any, ...]]:
    """(observation, reward, next observation, terminated, truncated) of each step."""
    env = gymnasium.make(
        "sawyer_sim:Sawyer/Insertion-v0",
        connector="usb",
        observation="named",
        with_image=True,
        noise_mm=NOISE_MM,
        reward=reward,
        horizon=HORIZON,
        disable_env_checker=True,
    ).unwrapped
    steps = []
    seen, _ = env.reset(seed=seed)
    done = False
    while not done:
        after, value, terminated, truncated, _ = env.step(np.zeros(3, np.float32))
        steps.append((seen, value, after, terminated, truncated))
        seen, done = after, terminated or truncated
    env.close()
    return steps


def assert_seen(message: EpisodeStep, prefix: str, named: dict[str, Any], *, image: bool) -> None:
    position = conversions.xyz(getattr(message, f"{prefix}ee_position"))
    np.testing.assert_array_equal(position, named["ee_position"])
    np.testing.assert_array_equal(
        conversions.xyz(getattr(message, f"{prefix}force")), named["force"]
    )
    np.testing.assert_array_equal(conversions.xyz(message.goal_position), named["goal_position"])
    picture = getattr(message, f"{prefix}image")
    if image:
        np.testing.assert_array_equal(conversions.image_array(picture), named["image"])
    else:
        assert len(picture.data) == 0


@pytest.mark.parametrize("seed", [3, 0])  # a success; the joint loop latches
def test_steps_are_the_transitions_of_the_environment(graph: LaunchedGraph, seed: int) -> None:
    reward: str = graph.reward  # type: ignore[attr-defined]
    client = graph.client
    steps = client.listen(EpisodeStep, "episode/step", qos.EVENT)
    wait_for(lambda: graph.node.count_publishers("episode/step") > 0, 30.0, "the manager")
    goal = RunEpisode.Goal(
        connector="usb", policy="p_controller", seed=seed, noise_mm=NOISE_MM, horizon=HORIZON
    )
    result = client.run_goal(RunEpisode, "run_episode", goal).result
    wait_for(lambda: len(steps) >= result.steps, 10.0, "all steps")
    expected = in_process(reward, seed)
    assert len(steps) == len(expected) == result.steps
    for message, (seen, value, after, terminated, truncated) in zip(steps, expected, strict=True):
        assert message.reward_name == reward
        assert message.reward == value
        assert (message.terminal, message.truncated) == (terminated, truncated)
        assert_seen(message, "", seen, image=reward == "image")
        assert_seen(message, "next_", after, image=reward == "image")
    assert (steps[-1].terminal or steps[-1].truncated) is True
    assert result.reward_name == reward
    assert result.reward_sum == pytest.approx(sum(entry[1] for entry in expected), rel=1e-12)
    stamps = [to_ns(message.header.stamp) for message in steps]
    assert [to_ns(message.next_stamp) for message in steps[:-1]] == stamps[1:]


def test_a_reader_that_comes_late_gets_the_steps_of_the_episode(graph: LaunchedGraph) -> None:
    goal = RunEpisode.Goal(connector="usb", policy="p_controller", seed=3, index=77)
    result = graph.client.run_goal(RunEpisode, "run_episode", goal).result
    late = graph.client.listen(EpisodeStep, "episode/step", qos.STEPS)
    wait_for(lambda: [s.index for s in late].count(77) == result.steps, 10.0, "the steps")
