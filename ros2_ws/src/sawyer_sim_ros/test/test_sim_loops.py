"""The two clocks of the driver, on a fake twin."""

import time
from typing import Any

import numpy as np
import pytest

from sawyer_controllers.joint_loop import JointLoopConfig
from sawyer_core import CommandRejectedError, JointTarget
from sawyer_core.errors import RejectionCode
from sawyer_core.testing import FakeArm
from sawyer_sim.realtime import RealtimeLoop
from sawyer_sim_ros.lockstep import LockstepStepper

PERIOD_NS = 100_000_000


class FakeLoop:
    def __init__(self, *, latched: bool = False) -> None:
        self.config = JointLoopConfig()
        self.targets: list[JointTarget] = []
        self.periods_s: list[float] = []
        self.latched = latched

    def set_target(self, target: JointTarget) -> None:
        if self.latched:
            raise CommandRejectedError(RejectionCode.LATCHED, "latched")
        self.targets.append(target)

    def note_period(self, period_s: float) -> bool:
        self.periods_s.append(period_s)
        return False


class FakeTwin:
    """Counts ticks; some of them can be made slow."""

    def __init__(self, slow: dict[int, float] | None = None, *, latched: bool = False) -> None:
        self.arm = FakeArm()
        self.loop = FakeLoop(latched=latched)
        self.ticks = 0
        self.slow = slow or {}
        self.latched = latched
        self.advanced: list[tuple[Any, int]] = []

    @property
    def time_ns(self) -> int:
        return self.arm.stamp_ns

    def tick(self) -> None:
        self.ticks += 1
        self.arm.stamp_ns += 1_000_000
        time.sleep(self.slow.get(self.ticks, 0.0))

    def frame(self) -> Any:
        return self.arm.frame()

    def advance(self, target: JointTarget | None, ticks: int) -> Any:
        if self.latched and target is not None:
            raise CommandRejectedError(RejectionCode.LATCHED, "latched")
        self.advanced.append((target, ticks))
        self.arm.stamp_ns += ticks * 1_000_000
        return self.arm.frame()


def target(stamp_ns: int, duration_s: float = 0.1) -> JointTarget:
    return JointTarget(stamp_ns, np.zeros(7), duration_s)


def test_lockstep_passes_one_period_per_target() -> None:
    twin = FakeTwin()
    stepper = LockstepStepper(twin, 0.1)
    assert stepper.step(target(0)).stamp_ns == PERIOD_NS
    assert stepper.step(target(PERIOD_NS)).stamp_ns == 2 * PERIOD_NS
    assert [ticks for _, ticks in twin.advanced] == [100, 100]
    assert stepper.periods == 2


@pytest.mark.parametrize("stamp_ns", [-1, 1, PERIOD_NS])
def test_lockstep_refuses_another_state_and_stands_still(stamp_ns: int) -> None:
    twin = FakeTwin()
    with pytest.raises(CommandRejectedError, match="newest state 0 ns"):
        LockstepStepper(twin, 0.1).step(target(stamp_ns))
    assert twin.advanced == []


def test_lockstep_refuses_another_duration() -> None:
    with pytest.raises(CommandRejectedError, match=r"lasts 0.2 s, allowed: 0.1 s"):
        LockstepStepper(FakeTwin(), 0.1).step(target(0, 0.2))


def test_time_passes_without_target_when_the_joint_loop_is_latched() -> None:
    twin = FakeTwin(latched=True)
    assert LockstepStepper(twin, 0.1).step(target(0)).stamp_ns == PERIOD_NS
    assert twin.advanced == [(None, 100)]


def run(twin: FakeTwin, seconds: float, *targets: JointTarget) -> tuple[RealtimeLoop, list[int]]:
    stamps: list[int] = []
    loop = RealtimeLoop(twin, 10, twin.frame, lambda frame: stamps.append(frame.stamp_ns))
    loop.start()
    for wanted in targets:
        loop.set_target(wanted)
    time.sleep(seconds)
    loop.stop()
    assert not loop.is_alive()
    assert loop.error is None
    return loop, stamps


def test_realtime_publishes_every_tenth_tick_and_takes_targets() -> None:
    twin = FakeTwin()
    wanted = target(0)
    loop, stamps = run(twin, 0.3, wanted)
    assert stamps == [10_000_000 * (i + 1) for i in range(len(stamps))]
    assert len(stamps) == loop.ticks // 10
    assert twin.loop.targets == [wanted]


def test_realtime_never_rushes_and_counts_what_was_late() -> None:
    twin = FakeTwin({50: 0.1})
    began = time.perf_counter()
    loop, _ = run(twin, 0.4)
    elapsed = time.perf_counter() - began
    assert loop.overruns >= 1
    assert loop.worst_late_s > 0.09
    # 99 ms were lost for good: at most one tick per millisecond of the rest, both ends counted
    assert loop.ticks <= (elapsed - 0.099) / 0.001 + 2


def test_a_prepared_episode_is_no_overrun() -> None:
    twin = FakeTwin()
    loop = RealtimeLoop(twin, 10, twin.frame, lambda frame: None)
    loop.start()
    with loop.lock:
        time.sleep(0.05)
        loop.restart_schedule()
        before = loop.overruns
    time.sleep(0.02)
    loop.stop()
    assert loop.worst_late_s < 0.05 or loop.overruns == before


def test_an_error_in_the_loop_is_kept_for_the_node() -> None:
    def fail(frame: Any) -> None:
        raise CommandRejectedError(RejectionCode.STALE, "broken")

    twin = FakeTwin()
    loop = RealtimeLoop(twin, 10, twin.frame, fail)
    loop.start()
    loop.join(timeout=5.0)
    assert isinstance(loop.error, CommandRejectedError)


def test_every_period_is_reported_to_the_joint_loop() -> None:
    twin = FakeTwin({50: 0.02})
    loop, _ = run(twin, 0.2)
    assert len(twin.loop.periods_s) == loop.ticks - 1
    assert max(twin.loop.periods_s) >= 0.02
    assert loop.late_periods >= 1


def test_a_latched_joint_loop_does_not_end_the_thread() -> None:
    twin = FakeTwin(latched=True)
    loop, _ = run(twin, 0.05, target(0))
    assert loop.refused_targets == 1
    assert loop.ticks > 1


def test_punctuality_counts_by_the_definition() -> None:
    loop = RealtimeLoop(FakeTwin(), 10, lambda: None, lambda _: None)
    due = loop._note(1.0, 0.5)  # the first tick is on time
    assert due == 1.0
    for late_s in (0.0, 0.0004, 0.0006, 0.0009, 0.0011, 0.0):
        loop.ticks += 1
        due += 0.001
        now = due + late_s
        due = loop._note(now, due)
        assert due == (now if late_s > 0.001 else pytest.approx(now - late_s))
    figures = loop.punctuality()
    assert (figures.ticks, figures.overruns) == (6, 1)
    assert figures.half_late == 3
    assert figures.max_us == pytest.approx(1100.0, abs=1.0)
