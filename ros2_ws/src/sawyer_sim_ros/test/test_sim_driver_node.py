"""The driver node itself: preparing while the loop runs, bias, stops, engaging anew."""

import gc
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Vector3
from rclpy.node import Node
from sawyer_interfaces.msg import DriverState, ErrorCode, TwinVisualState
from sawyer_interfaces.srv import PrepareEpisode, SetForceBias
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

from sawyer_controllers.joint_loop import LoopStatus
from sawyer_core import JointTarget
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for
from sawyer_sim_ros.snapshot import take_snapshot
from sawyer_sim_ros.twin_driver_node import TwinDriverNode

pytestmark = pytest.mark.ros

PERIOD_NS = 100_000_000


def arguments(clock: str) -> list[str]:
    return ["-p", "connector:=usb", "-p", f"clock:={clock}"]


def prepare(driver: TwinDriverNode, seed: int) -> PrepareEpisode.Response:
    reply = driver._prepare(PrepareEpisode.Request(seed=seed), PrepareEpisode.Response())
    assert not reply.error_code, reply.error_msg
    return reply


@pytest.fixture
def process_settings() -> Iterator[None]:
    """The realtime driver settles its process; the next tests want theirs as it was."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)
    gc.unfreeze()


@pytest.fixture
def realtime(process_settings: None) -> Iterator[TwinDriverNode]:
    with ros_arguments(arguments("realtime")):
        driver = TwinDriverNode()
        driver.start()
        try:
            yield driver
        finally:
            driver.close()
            driver.destroy_node()


def test_a_state_taken_before_an_episode_was_prepared_is_not_published_after(
    realtime: TwinDriverNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[Any] = []
    monkeypatch.setattr(realtime._outputs, "state", lambda frame: published.append(frame.stamp_ns))
    monkeypatch.setattr(
        realtime._outputs, "visual", lambda shot: published.append((shot.seed, shot.tick))
    )
    prepare(realtime, 1)
    time.sleep(0.05)
    with realtime._loop.lock:
        old = take_snapshot(realtime._twin)  # what the loop's thread holds as it leaves the lock
    start_ns = to_ns(prepare(realtime, 2).stamp)
    assert published[-1] == (2, 0)
    realtime._give(old)
    realtime._publish_queued()
    realtime._since_visual = realtime._visual_every
    time.sleep(0.03)
    realtime._publish_queued()
    stamps = [entry for entry in published[published.index((2, 0)) :] if isinstance(entry, int)]
    assert stamps
    assert min(stamps) > start_ns
    assert {entry[0] for entry in published[published.index((2, 0)) :] if entry not in stamps} == {
        2
    }


def test_preparing_over_and_over_while_the_loop_runs(realtime: TwinDriverNode) -> None:
    """The world is rebuilt under a running loop; stamps and seeds only go up."""
    other = Node("other")
    client = Client(other)
    visuals = client.listen(TwinVisualState, "twin/visual_state", qos.VISUAL)
    joints = client.listen(JointState, "joint_states", qos.STATE)
    spinner = Spinner(realtime, other)
    with spinner:
        wait_for(lambda: other.count_publishers("joint_states") > 0, 10.0, "the driver")
        for seed in range(15):
            reply = client.call(
                PrepareEpisode, "driver/prepare_episode", PrepareEpisode.Request(seed=seed)
            )
            assert not reply.error_code
            time.sleep(0.02)
        wait_for(lambda: visuals and visuals[-1].seed == 14, 10.0, "the last seed")
    assert spinner.error is None
    assert realtime._loop.error is None
    stamps = [to_ns(state.header.stamp) for state in joints]
    assert stamps == sorted(set(stamps))
    seeds = [state.seed for state in visuals]
    assert seeds == sorted(seeds)
    assert max(state.tick for state in visuals) < 1000


def test_late_periods_hold_the_arm_and_are_published(realtime: TwinDriverNode) -> None:
    prepare(realtime, 1)
    loop, joint_loop = realtime._loop, realtime._twin.loop
    slow = realtime._twin.tick
    q_rad = realtime._twin.home_q_rad
    loop.set_target(JointTarget(realtime._twin.time_ns, q_rad, 10.0))
    wait_for(lambda: joint_loop.status is LoopStatus.OK, 2.0, "the target")

    def tick() -> None:
        time.sleep(0.005)
        slow()

    realtime._twin.tick = tick
    wait_for(lambda: joint_loop.status is LoopStatus.HOLD, 2.0, "hold")
    del realtime._twin.tick
    assert loop.late_periods >= joint_loop.config.late_ticks
    assert loop.overruns >= joint_loop.config.late_ticks
    sent: list[DriverState] = []
    realtime._report._publisher.publish = sent.append
    realtime._report.now()
    assert sent[0].loop_status == "hold"
    assert sent[0].late_periods >= joint_loop.config.late_ticks
    assert sent[0].overruns >= joint_loop.config.late_ticks


class Lockstep:
    """A driver in lockstep and a client of it."""

    def __init__(self, driver: TwinDriverNode, other: Node) -> None:
        self.driver = driver
        self.client = Client(other)
        self.states = self.client.listen(DriverState, "driver/state", qos.LATCHED)
        self.joints = self.client.listen(JointState, "joint_states", qos.STATE)
        self.targets = other.create_publisher(JointTrajectory, "joint_target", qos.COMMAND)

    def wait_ready(self) -> None:
        wait_for(lambda: self.states and self.targets.get_subscription_count(), 10.0, "driver")

    def prepare(self) -> int:
        request = PrepareEpisode.Request(seed=3)
        reply = self.client.call(PrepareEpisode, "driver/prepare_episode", request)
        assert not reply.error_code
        return to_ns(reply.stamp)

    def step(self, stamp_ns: int) -> DriverState:
        target = JointTarget(stamp_ns, self.driver._twin.home_q_rad, 0.1)
        self.targets.publish(conversions.joint_target_message(target))
        wanted = stamp_ns + PERIOD_NS
        wait_for(lambda: to_ns(self.states[-1].header.stamp) >= wanted, 10.0, "the state")
        return self.states[-1]


@pytest.fixture(scope="module")
def lockstep() -> Iterator[Lockstep]:
    with ros_arguments(arguments("lockstep")):
        driver, other = TwinDriverNode(), Node("other")
        driver.start()
        made = Lockstep(driver, other)
        with Spinner(driver, other):
            made.wait_ready()
            yield made


def test_every_period_has_its_driver_state(lockstep: Lockstep) -> None:
    start_ns = lockstep.prepare()
    for period in range(3):
        state = lockstep.step(start_ns + period * PERIOD_NS)
        assert to_ns(state.header.stamp) == start_ns + (period + 1) * PERIOD_NS
        assert (state.loop_status, state.contact_stops) == ("ok", 0)
    newest = start_ns + 3 * PERIOD_NS
    wait_for(
        lambda: lockstep.joints and to_ns(lockstep.joints[-1].header.stamp) == newest,
        10.0,
        "the last joint state",
    )


def test_the_force_bias_reaches_the_contact_stop_until_the_next_episode(
    lockstep: Lockstep,
) -> None:
    start_ns = lockstep.prepare()
    loop = lockstep.driver._twin.loop
    request = SetForceBias.Request(bias=Vector3(x=1.0, y=-2.0, z=3.0))
    reply = lockstep.client.call(SetForceBias, "driver/set_force_bias", request)
    assert not reply.error_code
    assert loop.force_bias_n == (1.0, -2.0, 3.0)
    told = lockstep.step(start_ns).force_bias
    assert (told.x, told.y, told.z) == (1.0, -2.0, 3.0)
    bad = SetForceBias.Request(bias=Vector3(x=float("nan")))
    reply = lockstep.client.call(SetForceBias, "driver/set_force_bias", bad)
    assert reply.error_code == ErrorCode.DRIVER_BAD_BIAS
    assert "finite" in reply.error_msg
    assert loop.force_bias_n == (1.0, -2.0, 3.0)
    lockstep.prepare()
    assert loop.force_bias_n == (0.0, 0.0, 0.0)


def test_a_latched_loop_says_so_and_is_engaged_anew(lockstep: Lockstep) -> None:
    stamp_ns = lockstep.prepare()
    client, loop = lockstep.client, lockstep.driver._twin.loop
    bias = SetForceBias.Request(bias=Vector3(z=1e3))  # every sample is far beyond the limit
    client.call(SetForceBias, "driver/set_force_bias", bias)
    for _ in range(loop.config.contact.latch_after * 2):
        state = lockstep.step(stamp_ns)
        stamp_ns += PERIOD_NS
    assert (state.loop_status, state.contact_stops) == ("latched", 3)
    client.call(SetForceBias, "driver/set_force_bias", SetForceBias.Request())

    reply = client.call(Trigger, "driver/engage")
    assert reply.success
    assert reply.message == "joint loop: latched -> ok"
    wait_for(lambda: lockstep.states[-1].loop_status == "ok", 10.0, "ok")
    state = lockstep.step(stamp_ns)
    assert (state.loop_status, state.contact_stops) == ("ok", 0)
    measured = np.array(lockstep.driver._twin.arm_state().q_rad)
    assert np.abs(measured - lockstep.driver._twin.home_q_rad).max() < 0.05
    assert client.call(Trigger, "driver/engage").message == "joint loop: ok -> ok"
