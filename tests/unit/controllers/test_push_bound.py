"""Guard, Cartesian interface and joint loop together, pushing on a wall that does not give way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pinocchio as pin
import pytest

from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.guard import CommandGuard, GuardConfig, GuardStatus
from sawyer_controllers.impedance import ImpedanceConfig
from sawyer_controllers.joint_loop import JointLoop, JointLoopConfig, LoopStatus
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers.p_controller import PController
from sawyer_controllers.torque_limiter import LimiterConfig
from sawyer_core.errors import CommandRejectedError
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import EeDelta, Wrench

MODEL = ArmModel()
HOME = (0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161)
LAB_CLIPS = (8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0)
# A stiff wall behind a grasp that gives by 1 mm per 10 N.
WALL_N_PER_M, WALL_N_S_PER_M = 1e4, 100.0


@dataclass
class Outcome:
    """What a run of pushing came to."""

    peak_n: float
    last_n: float
    stops: int
    status: LoopStatus
    guard: set[GuardStatus]
    lowest_m: float


class Bench:
    """The arm above a wall, 20 mm below the start and 30 mm above the goal."""

    def __init__(self, task: InsertionTask, loop: JointLoopConfig, cartesian: CartesianConfig):
        self.task = task
        self.q, self.dq, self.tau = np.array(HOME), np.zeros(7), [0.0] * 7
        self.wall_m = float(MODEL.fk(HOME)[0][2]) - 0.02
        self.force_n = 0.0
        self.loop = JointLoop(loop, MODEL.limits, model=MODEL)
        self.loop.start(HOME)
        self.guard = CommandGuard(GuardConfig(), task)
        self.guard.acquire("test")
        self.interface = CartesianInterface(cartesian, MODEL, task)
        self.interface.reset(MODEL.arm_state(0, self.q, self.dq, self.tau))

    def tick(self) -> None:
        q = self.q.tolist()
        tau = self.loop.tick(q, self.dq.tolist(), MODEL.gravity_list(q), (0.0, 0.0, self.force_n))
        jacobian = MODEL.jacobian(self.q)[2]
        depth = self.wall_m - float(MODEL.fk(self.q)[0][2])
        speed = float(jacobian @ self.dq)
        self.force_n = max(0.0, WALL_N_PER_M * depth - WALL_N_S_PER_M * speed) if depth > 0 else 0
        torque = np.array(tau) + jacobian * self.force_n
        self.dq = self.dq + 0.001 * pin.aba(MODEL._model, MODEL._data, self.q, self.dq, torque)
        self.q = self.q + 0.001 * self.dq

    def push(self, steps: int) -> Outcome:
        controller = PController()
        peak, lowest = 0.0, 1.0
        seen: set[GuardStatus] = set()
        for step in range(steps):
            state = MODEL.arm_state(step * 100_000_000, self.q, self.dq, self.tau)
            action = controller.action(state.ee_position_m, self.task.goal)
            wrench = Wrench(state.stamp_ns, np.array([0.0, 0.0, self.force_n]), np.zeros(3))
            command = EeDelta(state.stamp_ns, action, "test", step)
            decision = self.guard.check(command, state, wrench)
            seen.add(decision.status)
            try:
                self.loop.set_target(self.interface.execute(decision, state, 0.1))
            except CommandRejectedError:
                assert self.loop.status is LoopStatus.LATCHED
            for _ in range(100):
                self.tick()
                peak = max(peak, self.force_n)
            lowest = min(lowest, float(MODEL.fk(self.q)[0][2]) - self.wall_m)
        return Outcome(peak, self.force_n, self.loop.stops, self.loop.status, seen, lowest)


@pytest.fixture
def below(task: InsertionTask) -> InsertionTask:
    """Goal 50 mm below the start, so 30 mm inside the wall."""
    x, y, z = task.goal_position_m
    return replace(task, goal_position_m=(x, y, z + 0.01))


@pytest.mark.parametrize("reference", ["measured", "commanded"])
def test_default_settings_push_below_the_contact_stop(
    below: InsertionTask, reference: str
) -> None:
    outcome = Bench(below, JointLoopConfig(), CartesianConfig(reference=reference)).push(50)
    assert outcome.stops == 0
    assert outcome.status is LoopStatus.OK
    assert 5.0 < outcome.last_n < 50.0
    assert outcome.peak_n < 50.0


def test_commanded_reference_pushes_harder_than_measured(below: InsertionTask) -> None:
    forces = [
        Bench(below, JointLoopConfig(), CartesianConfig(reference=reference)).push(30).last_n
        for reference in ("measured", "commanded")
    ]
    assert forces[1] > 1.1 * forces[0]


@pytest.mark.parametrize("offset_mm", [4.0, 6.0, 8.0])
def test_offset_limit_bounds_the_push(below: InsertionTask, offset_mm: float) -> None:
    """Force = Cartesian stiffness along z times the offset, plus the integral's share."""
    config = CartesianConfig(reference="commanded", max_vertical_offset_m=offset_mm * 1e-3)
    no_integral = ImpedanceConfig(integral_n_m_per_rad_s=(0.0,) * 7)
    bench = Bench(below, JointLoopConfig(impedance=no_integral), config)
    outcome = bench.push(30)
    # With the law's stiffness alone: compliance J K^-1 J^T, its z entry.
    jacobian = MODEL.jacobian(bench.q)
    compliance = jacobian @ np.diag(1.0 / np.array(no_integral.stiffness_n_m_per_rad)) @ jacobian.T
    expected = offset_mm * 1e-3 / compliance[2, 2]
    assert outcome.last_n == pytest.approx(expected, rel=0.1)
    with_integral = Bench(below, JointLoopConfig(), config).push(50)
    assert with_integral.last_n < 50.0


@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_torque_clips_bound_the_push_whatever_the_reference(
    below: InsertionTask, scale: float
) -> None:
    clips = tuple(scale * clip for clip in LAB_CLIPS)
    impedance = ImpedanceConfig(torque_limit_n_m=clips)
    greedy = CartesianConfig(reference="commanded", max_vertical_offset_m=0.03)
    bench = Bench(below, JointLoopConfig(impedance=impedance), greedy)
    outcome = bench.push(40)
    # Beyond the bound the first joint yields: at rest the push is exactly that.
    bound = MODEL.push_force_bound(bench.q, clips, (0.0, 0.0, -1.0))
    assert outcome.last_n == pytest.approx(bound, rel=0.02)
    assert outcome.stops == 0


def test_a_push_beyond_the_limit_is_stopped_and_latches(below: InsertionTask) -> None:
    stiff = ImpedanceConfig(
        stiffness_n_m_per_rad=(3000.0, 3000.0, 2000.0, 2000.0, 300.0, 200.0, 60.0),
        damping_n_m_s_per_rad=(110.0, 110.0, 60.0, 60.0, 8.0, 5.0, 0.4),
        anti_windup_n_m_per_rad=(3000.0,) * 7,
        torque_limit_n_m=(80.0, 80.0, 40.0, 40.0, 9.0, 9.0, 9.0),
    )
    greedy = CartesianConfig(reference="commanded", max_vertical_offset_m=0.05)
    quick = LimiterConfig(torque_rate_n_m_per_s=(1e4, 1e4, 5e3, 5e3, 2e3, 2e3, 2e3))
    loop = JointLoopConfig(impedance=stiff, limiter=quick)
    outcome = Bench(below, loop, greedy).push(30)
    assert outcome.stops == 3
    assert outcome.status is LoopStatus.LATCHED
    # It is over the limit only for the ticks the stop needs, and let go of afterwards.
    assert 50.0 < outcome.peak_n < 1.25 * 50.0
    assert outcome.last_n < 50.0
