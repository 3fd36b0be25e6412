"""From the policy's answer to the motor torque: nothing bad gets through, whatever comes in."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.episode import EpisodeCore, EpisodeDraw, EpisodeSpec, StopReason
from sawyer_controllers.guard import CommandGuard, GuardConfig, GuardStatus
from sawyer_controllers.joint_loop import JointLoop, JointLoopConfig
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers.workspace import Workspace
from sawyer_core.errors import CommandRejectedError
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import SensorFrame, Wrench

MODEL = ArmModel()
HOME = (0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161)
GRAVITY = MODEL.gravity_list(HOME)
POSITION, QUAT = MODEL.fk(HOME)
TASK = InsertionTask(
    connector="test",
    goal_position_m=(float(POSITION[0]), float(POSITION[1]), float(POSITION[2]) - 0.05),
    goal_quat_xyzw=tuple(QUAT.tolist()),
    mouth_height_m=0.012,
    insertion_depth_m=0.012,
)
SPACE = Workspace.of_task(TASK)

number = st.one_of(st.floats(-0.2, 0.2), st.floats(allow_nan=True, allow_infinity=True))
answer = st.one_of(st.none(), st.tuples(number, number), st.tuples(number, number, number))
newtons = st.one_of(st.floats(-80, 80), st.floats(allow_nan=True, allow_infinity=True))
force = st.tuples(newtons, newtons, newtons)


def frame_at(step: int, force_n: tuple[float, ...]) -> SensorFrame:
    stamp = step * 100_000_000
    state = MODEL.arm_state(stamp, np.array(HOME), np.zeros(7), np.zeros(7))
    wrench = Wrench(stamp, np.array(force_n), np.zeros(3))
    return SensorFrame(state, wrench, wrench, False, 0.0)


@given(
    st.lists(st.tuples(answer, force), min_size=1, max_size=8),
    st.sampled_from(["p_controller", "none"]),
    st.sampled_from(["measured", "commanded"]),
)
def test_only_bounded_finite_commands_reach_the_arm(
    steps: list[tuple[tuple[float, ...] | None, tuple[float, ...]]], base: str, reference: str
) -> None:
    core = EpisodeCore(TASK, source="test")
    core.begin(EpisodeSpec(connector="test", base_controller=base), EpisodeDraw(np.zeros(3), 1, 2))
    guard = CommandGuard(GuardConfig(), TASK)
    guard.acquire("test")
    interface = CartesianInterface(CartesianConfig(reference=reference), MODEL, TASK)
    interface.reset(frame_at(0, (0.0, 0.0, 0.0)).arm)
    loop = JointLoop(JointLoopConfig(), MODEL.limits, model=MODEL)
    loop.start(HOME)
    for step, (action, force_n) in enumerate(steps):
        if core.done:
            assert core.result().reason == StopReason.POLICY_FAULT.value
            break
        frame = frame_at(step, force_n)
        command = core.act(frame, None, action)
        assert np.isfinite(command.translation_m).all()
        decision = guard.check(command, frame.arm, core.centered(frame.wrench))
        assert np.abs(decision.delta_m).max() <= 0.015
        if decision.status is GuardStatus.OK:
            assert decision.delta_m.tolist() == command.translation_m.tolist()
        target = interface.execute(decision, frame.arm, 0.1)
        reached = MODEL.fk(target.q_rad)[0]
        assert SPACE.contains(reached, 1e-6)
        assert np.abs(reached - POSITION).max() <= 0.015 + 1e-6
        latched = False
        try:
            loop.set_target(target)
        except CommandRejectedError:
            latched = True
        before = loop.reference_rad
        for _ in range(12):
            torque = loop.tick(HOME, [0.0] * 7, GRAVITY, force_n)
            assert all(math.isfinite(t) for t in torque)
            assert all(
                abs(t) <= top for t, top in zip(torque, MODEL.limits.effort_n_m, strict=True)
            )
        moved = np.abs(np.array(loop.reference_rad) - before).max()
        assert moved < 0.05
        assert not latched or loop.stops >= 3 or loop.faults >= 10
