from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.velocity import JointVelocityController, VelocityConfig
from sawyer_core.errors import ConfigError
from sawyer_core.limits import load_joint_limits

LIMITS = load_joint_limits()
CONFIG = VelocityConfig()
ZERO = [0.0] * 7


def law() -> JointVelocityController:
    return JointVelocityController(CONFIG, LIMITS)


def test_command_is_spline_speed_plus_correction() -> None:
    controller = law()
    torque = controller.step([0.1] * 7, [0.2] * 7, ZERO, [0.4] * 7)
    assert controller.command_rad_per_s == pytest.approx([0.2 + 2.0 * 0.1] * 7)
    assert torque == pytest.approx(ZERO)  # already that fast


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_speed_cap_at_the_boundary_and_just_outside(joint: int, sign: float) -> None:
    cap = CONFIG.speed_cap_rad_per_s[joint]
    for share, expected in ((1.0, cap), (1.001, cap), (100.0, cap), (0.5, 0.5 * cap)):
        controller = law()
        speed = list(ZERO)
        speed[joint] = sign * share * cap
        controller.step(ZERO, speed, ZERO, ZERO)
        assert controller.command_rad_per_s[joint] == pytest.approx(sign * expected)


@pytest.mark.parametrize("joint", range(7))
def test_servo_torque_is_clipped(joint: int) -> None:
    limit, servo = CONFIG.torque_limit_n_m[joint], CONFIG.servo_n_m_s_per_rad[joint]
    for share in (0.99, 1.01):
        dq = list(ZERO)
        dq[joint] = -share * limit / servo
        torque = law().step(ZERO, ZERO, ZERO, dq)[joint]
        assert torque == pytest.approx(min(share, 1.0) * limit)


anything = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=7, max_size=7)


@given(anything, anything, anything, anything)
def test_limits_hold_for_any_input(
    reference: list[float], speed: list[float], q: list[float], dq: list[float]
) -> None:
    controller = law()
    torque = controller.step(reference, speed, q, dq)
    assert all(abs(t) <= top for t, top in zip(torque, CONFIG.torque_limit_n_m, strict=True))
    assert all(
        abs(v) <= cap
        for v, cap in zip(controller.command_rad_per_s, CONFIG.speed_cap_rad_per_s, strict=True)
    )


def test_settings_above_the_arms_limits_are_refused() -> None:
    with pytest.raises(ConfigError, match="right_j1"):
        JointVelocityController(VelocityConfig(speed_cap_rad_per_s=(1.4,) * 7), LIMITS)
    with pytest.raises(ConfigError, match="right_j4"):
        JointVelocityController(VelocityConfig(torque_limit_n_m=(9.1,) * 7), LIMITS)
