"""How the twin follows the P-controller in free space, against the ideal 0.7^n of eq. (50)."""

from dataclasses import replace

import numpy as np
import pytest

from sawyer_controllers.cartesian import CartesianConfig
from sawyer_controllers.episode import EpisodeSpec
from sawyer_controllers.joint_loop import JointLoopConfig
from sawyer_sim.session import InsertionSession, SessionConfig
from sawyer_sim.twin import Twin

IDEAL_MM = 50.0 * 0.7 ** np.arange(1, 5)  # 35.0, 24.5, 17.2, 12.0: above the mouth at 11.75


def heights_mm(cartesian, loop):
    with Twin("usb", joint_loop=loop) as twin:
        session = InsertionSession(twin, SessionConfig(cartesian=cartesian))
        session.begin(EpisodeSpec(connector="usb", seed=0))
        heights = []
        for _ in IDEAL_MM:
            session.step(np.zeros(3))
            heights.append(session.frame.arm.ee_position_m[2] - twin.task.goal_position_m[2])
    return 1e3 * np.array(heights)


def test_first_steps_lag_by_up_to_three_and_a_half_millimetres_then_catch_up():
    heights = heights_mm(CartesianConfig(), JointLoopConfig())
    assert heights == pytest.approx([37.9, 27.9, 18.9, 12.5], abs=0.5)
    lag = heights - IDEAL_MM
    assert (lag > 0.0).all()
    assert lag.max() < 3.6
    assert lag[-1] < 1.0


def test_the_lag_is_that_of_the_two_limits_not_of_the_law():
    loop = JointLoopConfig()
    rate = tuple(5.0 * value for value in loop.limiter.torque_rate_n_m_per_s)
    loop = replace(loop, limiter=replace(loop.limiter, torque_rate_n_m_per_s=rate))
    far = CartesianConfig(reference="measured", max_vertical_offset_m=0.03)
    assert heights_mm(far, loop) == pytest.approx(IDEAL_MM, abs=0.5)
