"""Learned policies on the graph: same episodes as in one process, versions, servers elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.node import Node
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import EpisodeStep, ErrorCode
from sawyer_interfaces.srv import ListPolicies

from sawyer_controllers.episode import EpisodeResult, EpisodeSpec
from sawyer_policies import PolicyHost, default_registry
from sawyer_policies.testing import BackgroundServer, write_bundle
from sawyer_ros_common import qos
from sawyer_ros_common.testing import LaunchedGraph, wait_for
from sawyer_sim.connectors import load_connector_task
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

pytestmark = [pytest.mark.ros, pytest.mark.timeout(180)]

TOLERANCE = 1e-6
HORIZON = 12
SCALE_M = 0.002  # not the default clip, so that a clip to the default would be seen
BUNDLES = {
    "feeling": ("state", {}),
    "seeing": ("image32_goal", {}),
    "alone": ("state_goal", {"base_controller": "none"}),
}


@dataclass
class InProcess:
    """What the loop without ROS did."""

    actions: list[Any] = field(default_factory=list)
    images: list[np.ndarray] = field(default_factory=list)
    result: EpisodeResult | None = None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    goal = load_connector_task("usb").goal_position_m
    for name, (observation, changes) in BUNDLES.items():
        write_bundle(
            folder / name,
            observation,
            position_reference_m=tuple(goal),
            action_scale_m=SCALE_M,
            **changes,
        )
    return folder


def run_in_process(folder: Path, policy: str, seed: int) -> InProcess:
    registered = default_registry([folder]).get(policy)
    spec = EpisodeSpec(
        connector="usb",
        policy=policy,
        base_controller=registered.spec.base_controller,
        noise_mm=1.0,
        horizon=HORIZON,
        seed=seed,
        learned_clip_m=SCALE_M,
    )
    seen, acting = InProcess(), registered.factory()
    with Twin("usb") as twin:
        session = InsertionSession(twin)
        acting.reset(np.random.default_rng(session.begin(spec).policy_seed))
        done = False
        while not done:
            seen.images.append(twin.render_policy_view())
            observed = session.policy_input(seen.images[-1])
            done = session.step(acting.action(observed)).done
            seen.actions.append(session.core.last_action)
        seen.result = session.result()
    return seen


def launched(folder: Path, *arguments: str) -> Iterator[LaunchedGraph]:
    graph = LaunchedGraph(
        "bringup.launch.py",
        ["connector:=usb", f"output_dir:={folder}", *arguments],
        folder / "launch.log",
    )
    try:
        yield graph
    finally:
        status = graph.stop()
    assert status == 0, graph.text()


@pytest.fixture(scope="module")
def graph(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedGraph]:
    yield from launched(
        tmp_path_factory.mktemp("graph"), f"policy_path:={folder}", "policy:=seeing"
    )


def run(graph: LaunchedGraph, policy: str, seed: int = 0, **goal: Any) -> Any:
    wait_for(lambda: graph.node.count_publishers("joint_states") > 0, 20.0, "the driver")
    values = {"connector": "usb", "noise_mm": 1.0, "horizon": HORIZON, **goal}
    request = RunEpisode.Goal(policy=policy, seed=seed, **values)
    return graph.client.run_goal(RunEpisode, "run_episode", request, timeout_s=100.0).result


def test_the_server_lists_bundles_beside_the_scripted_policies(graph: LaunchedGraph) -> None:
    listed = graph.client.call(ListPolicies, "policy/list", timeout_s=60.0).policies
    policies = {info.name: info for info in listed}
    assert {*BUNDLES, "p_controller", "spiral_search"} <= set(policies)
    seeing = policies["seeing"]
    assert [array.name for array in seeing.observation] == [
        "ee_position", "goal_position", "image",
    ]  # fmt: skip
    assert list(seeing.action.high) == [SCALE_M]
    assert len(seeing.version) == 12


@pytest.mark.parametrize(("policy", "seed"), [("feeling", 3), ("seeing", 3), ("alone", 4)])
def test_graph_and_loop_agree(graph: LaunchedGraph, folder: Path, policy: str, seed: int) -> None:
    steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
    result = run(graph, policy, seed)
    expected = run_in_process(folder, policy, seed)
    assert expected.result is not None
    assert (result.error_code, result.late_policy_replies) == (0, 0), result.error_msg
    assert (result.reason, result.steps) == (expected.result.reason, expected.result.steps)
    assert result.policy_version == default_registry([folder]).get(policy).spec.version
    assert result.peak_force_n == pytest.approx(expected.result.peak_force_n, abs=TOLERANCE)
    assert result.final_distance_mm == pytest.approx(
        expected.result.final_distance_m * 1e3, abs=TOLERANCE
    )
    wait_for(lambda: len(steps) >= result.steps, 10.0, "all steps")
    for step, action in zip(steps, expected.actions, strict=True):
        for message, value in (
            (step.base_action, action.base_m),
            (step.learned_action, action.learned_clipped_m),
            (step.command, action.command_m),
        ):
            np.testing.assert_allclose((message.x, message.y, message.z), value, atol=TOLERANCE)
    assert max(np.abs(action.learned_m).max() for action in expected.actions) > 1e-3
    if policy == "seeing":
        for step, image in zip(steps, expected.images, strict=True):
            assert step.image.header.stamp == step.header.stamp
            assert bytes(step.image.data) == image.tobytes()


def test_new_weights_are_taken_over_between_episodes_only(
    graph: LaunchedGraph, folder: Path
) -> None:
    versions = folder / "run" / "policy"
    write_bundle(versions / "v000001", "state", seed=1, name="learning")
    steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
    wait_for(lambda: graph.node.count_publishers("episode/step") > 0, 10.0, "steps")

    def write_second(_: EpisodeStep) -> None:
        if not (versions / "v000002").exists():
            write_bundle(versions / "v000002", "state", seed=2, name="learning")

    subscription = graph.node.create_subscription(
        EpisodeStep, "episode/step", write_second, qos.EVENT
    )
    first = run(graph, "learning")
    graph.node.destroy_subscription(subscription)
    wait_for(lambda: len(steps) >= first.steps, 10.0, "all steps")
    assert (versions / "v000002").exists()
    assert {step.policy_version for step in steps} == {"v000001"}
    second = run(graph, "learning")
    assert (second.policy_version, second.error_msg) == ("v000002", "")
    (write_bundle(versions / "v000003", "state", name="learning") / "policy.json").write_text("{")
    assert run(graph, "learning").policy_version == "v000002"


def test_a_bundle_that_is_refused_ends_the_episode_before_anything_moves(
    graph: LaunchedGraph, folder: Path
) -> None:
    bad = write_bundle(folder / "bad")
    (bad / "weights.safetensors").write_bytes(b"cut")
    result = run(graph, "bad")
    assert (result.error_code, result.steps) == (ErrorCode.EPISODE_BAD_SPEC, 0)
    assert "cut short or changed" in result.error_msg


def test_a_policy_that_sees_works_in_realtime(folder: Path, tmp_path: Path) -> None:
    for graph in launched(tmp_path, f"policy_path:={folder}", "policy:=seeing", "clock:=realtime"):
        steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
        result = run(graph, "seeing", 3, horizon=8)
        assert result.error_code == 0, result.error_msg
        assert result.steps == 8
        wait_for(lambda: len(steps) >= result.steps, 10.0, "all steps")  # noqa: B023
        for step in steps:
            age_s = _seconds(step.header.stamp) - _seconds(step.image.header.stamp)
            assert -0.1 < age_s < 0.16


def _seconds(stamp: Any) -> float:
    return stamp.sec + stamp.nanosec * 1e-9


def test_a_server_elsewhere_stands_in_and_may_go_away(folder: Path, tmp_path: Path) -> None:
    host = PolicyHost(default_registry([folder]))
    host.preload("seeing")
    server = BackgroundServer(host)
    with server:
        for graph in launched(tmp_path, f"policy_server:={server.url}"):
            assert "seeing" in _names(graph)
            expected = run_in_process(folder, "seeing", 3)
            assert expected.result is not None
            for _ in range(5):  # an episode without a late reply, also on a busy machine
                result = run(graph, "seeing", 3)
                if not result.late_policy_replies:
                    break
            assert (result.error_code, result.late_policy_replies) == (0, 0), result.error_msg
            assert (result.reason, result.steps) == (
                expected.result.reason,
                expected.result.steps,
            )
            assert result.final_distance_mm == pytest.approx(
                expected.result.final_distance_m * 1e3, abs=TOLERANCE
            )
            steps = graph.client.listen(EpisodeStep, "episode/step", qos.EVENT)
            wait_for(lambda: graph.node.count_publishers("episode/step") > 0, 10.0, "steps")  # noqa: B023
            _stop_at_first_step(graph.node, server)
            result = run(graph, "seeing", 3, horizon=50)
            assert (result.reason, result.error_code) == (
                "policy_fault",
                ErrorCode.EPISODE_POLICY_FAILED,
            )
            assert result.late_policy_replies >= 3
            wait_for(lambda: len(steps) >= result.steps, 10.0, "all steps")  # noqa: B023
            late = steps[-3:]
            assert all(step.policy_late for step in late)
            assert late[0].command == late[0].base_action
            assert late[0].base_action.z < 0.0
            refused = run(graph, "seeing", 3)
            assert refused.error_code == ErrorCode.EPISODE_POLICY_FAILED
            assert "127.0.0.1" in refused.error_msg


def _names(graph: LaunchedGraph) -> set[str]:
    listed = graph.client.call(ListPolicies, "policy/list", timeout_s=60.0).policies
    return {info.name for info in listed}


def _stop_at_first_step(node: Node, server: BackgroundServer) -> None:
    node.create_subscription(EpisodeStep, "episode/step", lambda _: server.stop(), qos.EVENT)
