"""The twin's own loop and the ROS graph are the same robot: same seed, same everything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import WrenchStamped
from sawyer_interfaces.action import RunEpisode
from sawyer_interfaces.msg import DriverState, EpisodeStep
from sensor_msgs.msg import JointState

from sawyer_controllers.episode import EpisodeResult, EpisodeSpec
from sawyer_controllers.scripted import make_scripted, scripted_spec
from sawyer_core import SensorFrame
from sawyer_ros_common import qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import LaunchedGraph, wait_for
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

TOLERANCE = 1e-6
HORIZON = 25


@dataclass
class InProcess:
    """What the loop without ROS did: frames and actions by stamp."""

    frames: list[SensorFrame] = field(default_factory=list)
    actions: list[Any] = field(default_factory=list)
    result: EpisodeResult | None = None
    force_bias_n: tuple[float, ...] = ()


def run_in_process(policy: str, seed: int, noise_mm: float) -> InProcess:
    seen = InProcess()
    spec = EpisodeSpec(
        connector="usb",
        policy=policy,
        base_controller=scripted_spec(policy).base_controller,
        noise_mm=noise_mm,
        horizon=HORIZON,
        seed=seed,
    )
    with Twin("usb") as twin:
        session = InsertionSession(twin, listener=seen.frames.append)
        draw = session.begin(spec)
        acting = make_scripted(policy)
        acting.reset(np.random.default_rng(draw.policy_seed))
        done = False
        while not done:
            done = session.step(acting.action(session.policy_input())).done
            seen.actions.append(session.core.last_action)
        seen.result = session.result()
        seen.force_bias_n = twin.loop.force_bias_n
    return seen


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LaunchedGraph]:
    folder = tmp_path_factory.mktemp("parity")
    launched = LaunchedGraph(
        "bringup.launch.py",
        ["connector:=usb", "camera:=false", f"output_dir:={folder}"],
        folder / "launch.log",
    )
    try:
        yield launched
    finally:
        status = launched.stop()
    assert status == 0, launched.text()


@pytest.mark.ros
@pytest.mark.parametrize(
    ("policy", "seed", "noise_mm"),
    [
        ("p_controller", 3, 0.0),
        ("p_controller", 11, 1.0),
        ("p_controller", 0, 1.0),  # the joint loop latches: both end at the same step
        ("random_search", 5, 1.0),
    ],
)
def test_graph_and_loop_agree(
    graph: LaunchedGraph, policy: str, seed: int, noise_mm: float
) -> None:
    client = graph.client
    joints = client.listen(JointState, "joint_states", qos.STATE)
    peaks = client.listen(WrenchStamped, "wrench_peak", qos.STATE)
    drivers = client.listen(DriverState, "driver/state", qos.STATE)
    steps = client.listen(EpisodeStep, "episode/step", qos.EVENT)
    wait_for(lambda: graph.node.count_publishers("joint_states") > 0, 20.0, "the driver")
    goal = RunEpisode.Goal(
        connector="usb", policy=policy, seed=seed, noise_mm=noise_mm, horizon=HORIZON
    )
    result = client.run_goal(RunEpisode, "run_episode", goal).result
    expected = run_in_process(policy, seed, noise_mm)

    assert expected.result is not None
    assert (result.success, result.reason) == (expected.result.success, expected.result.reason)
    assert result.steps == expected.result.steps
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

    end_ns = to_ns(result.header.stamp)
    wait_for(lambda: joints and to_ns(joints[-1].header.stamp) >= end_ns, 10.0, "all states")
    wait_for(lambda: peaks and to_ns(peaks[-1].header.stamp) >= end_ns, 10.0, "all peaks")
    wait_for(lambda: drivers and to_ns(drivers[-1].header.stamp) >= end_ns, 10.0, "the driver")
    bias = drivers[-1].force_bias
    assert (bias.x, bias.y, bias.z) == expected.force_bias_n != (0.0, 0.0, 0.0)

    own_joints, own_peaks = joints[-len(expected.frames) :], peaks[-len(expected.frames) :]
    assert len(own_joints) == len(expected.frames)
    for joint, peak, frame in zip(own_joints, own_peaks, expected.frames, strict=True):
        np.testing.assert_allclose(joint.position, frame.arm.q_rad, atol=TOLERANCE)
        np.testing.assert_allclose(joint.velocity, frame.arm.dq_rad_per_s, atol=TOLERANCE)
        np.testing.assert_allclose(joint.effort, frame.arm.tau_n_m, atol=TOLERANCE)
        force = peak.wrench.force
        np.testing.assert_allclose(
            (force.x, force.y, force.z), frame.wrench_peak.force_n, atol=TOLERANCE
        )
