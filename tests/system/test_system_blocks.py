"""Block assembly: the environment and the ROS graph are the same robot, bit for bit."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeStep, ObjectState

from sawyer_controllers.blocks import make_blocks_reward
from sawyer_controllers.episode import EpisodeSpec
from sawyer_ros_common import qos
from sawyer_ros_common.testing import LaunchedGraph, wait_for
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

OPTIONS = {
    "block_yaw_rad": 0.349,
    "block_yaw_set": "discrete",
    "control_sigma": 0.05,
    "control_mu": 0.1,
}


def in_process(scene: str, seed: int) -> dict[str, Any]:
    """The episode without ROS, with everything that the graph publishes about its steps."""
    seen: dict[str, Any] = {"objects": [], "actions": [], "positions": [], "rewards": []}
    with Twin(scene) as twin:
        session = InsertionSession(twin)
        spec = EpisodeSpec(scene, seed=seed, horizon=25, learned_clip_m=0.01, **OPTIONS)
        session.begin(spec)
        score = make_blocks_reward("blocks", twin.task)
        done = False
        while not done:
            done = session.step(np.zeros(3)).done
            frame = session.frame
            seen["actions"].append(session.core.last_action)
            seen["objects"].append(frame.objects)
            seen["positions"].append(frame.arm.ee_position_m)
            seen["rewards"].append(score(frame.arm.ee_position_m, frame.objects))
        seen["result"] = session.result()
    return seen


@pytest.fixture(scope="module", params=["blocks", "blocks_b"])
def graph(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, LaunchedGraph]]:
    scene = request.param
    folder = tmp_path_factory.mktemp(scene)
    launched = LaunchedGraph(
        "bringup.launch.py",
        [f"connector:={scene}", "camera:=false", f"output_dir:={folder}"],
        folder / "launch.log",
    )
    try:
        yield scene, launched
    finally:
        status = launched.stop()
    assert status == 0, launched.text()


@pytest.mark.ros
def test_graph_and_environment_are_equal_to_the_last_bit(
    graph: tuple[str, LaunchedGraph],
) -> None:
    scene, launched = graph
    client = launched.client
    tracked = client.listen(ObjectState, "object_state", qos.STATE)
    steps = client.listen(EpisodeStep, "episode/step", qos.EVENT)
    wait_for(lambda: launched.node.count_publishers("object_state") > 0, 60.0, "the tracker")
    goal = RunEpisode.Goal(
        connector=scene, policy="p_controller", seed=20_017, horizon=25, **OPTIONS
    )
    result = client.run_goal(RunEpisode, "run_episode", goal).result
    expected = in_process(scene, 20_017)

    assert result.reason == expected["result"].reason
    assert result.steps == expected["result"].steps
    assert result.peak_force_n == expected["result"].peak_force_n
    assert result.reward_name == "blocks"
    assert result.reward_sum == sum(expected["rewards"])
    assert result.reward_last == expected["rewards"][-1]
    wait_for(lambda: len(steps) >= result.steps, 10.0, "all steps")
    moved = 0
    for index, step in enumerate(steps):
        action = expected["actions"][index]
        for message, value in (
            (step.base_action, action.base_m),
            (step.disturbance, action.disturbance_m),
            (step.command, action.command_m),
            (step.next_ee_position, expected["positions"][index]),
        ):
            assert (message.x, message.y, message.z) == tuple(value)
        assert list(step.next_object_state) == expected["objects"][index].tolist()
        assert step.reward == expected["rewards"][index]
        moved += bool(action.disturbance_m.any())
    assert moved == result.steps  # the control noise was there, and logged
    assert list(tracked[-1].names) == ["left", "right"]
    assert list(tracked[-1].state) == expected["objects"][-1].tolist()


@pytest.mark.ros
def test_a_yaw_out_of_range_is_refused(
    graph: tuple[str, LaunchedGraph],
) -> None:
    scene, launched = graph
    goal = RunEpisode.Goal(connector=scene, policy="p_controller", block_yaw_rad=0.9)
    result = launched.client.run_goal(RunEpisode, "run_episode", goal).result
    assert not result.valid
    assert "block_yaw_rad" in result.error_msg
    assert "0.5" in result.error_msg
