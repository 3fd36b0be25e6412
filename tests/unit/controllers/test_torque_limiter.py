from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.torque_limiter import Clamp, LimiterConfig, TorqueLimiter
from sawyer_core.limits import load_joint_limits

LIMITS = load_joint_limits()
ZERO = [0.0] * 7
FAST = LimiterConfig(torque_rate_n_m_per_s=(1e5,) * 7)


def limiter(config: LimiterConfig = FAST) -> TorqueLimiter:
    return TorqueLimiter(config, LIMITS)


def one(joint: int, value: float) -> list[float]:
    vector = list(ZERO)
    vector[joint] = value
    return vector


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_torque_rate_at_the_boundary_and_just_outside(joint: int, sign: float) -> None:
    config = LimiterConfig()
    step = config.torque_rate_n_m_per_s[joint] * 0.001
    at = limiter(config)
    assert at.apply(one(joint, sign * step), ZERO, ZERO, ZERO) == one(joint, sign * step)
    assert at.clamps == Clamp.NONE
    outside = limiter(config)
    out = outside.apply(one(joint, sign * step * 1.001), ZERO, ZERO, ZERO)
    assert out == pytest.approx(one(joint, sign * step))
    assert outside.clamps == Clamp.TORQUE_RATE


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_speed_limit_lets_no_torque_push_further(joint: int, sign: float) -> None:
    limit = float(LIMITS.velocity_rad_per_s[joint])
    push = one(joint, sign * 1.0)
    brake = one(joint, -sign * 1.0)
    at = limiter()
    assert at.apply(push, ZERO, one(joint, sign * limit), ZERO) == push
    assert at.clamps == Clamp.NONE
    outside = limiter()
    assert outside.apply(push, ZERO, one(joint, sign * limit * 1.001), ZERO) == ZERO
    assert outside.clamps == Clamp.SPEED
    assert limiter().apply(brake, ZERO, one(joint, sign * limit * 1.001), ZERO) == brake


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("upper", [True, False])
def test_position_limit_lets_no_torque_push_further(joint: int, upper: bool) -> None:
    limit = float((LIMITS.upper_rad if upper else LIMITS.lower_rad)[joint])
    sign = 1.0 if upper else -1.0
    push, pull = one(joint, sign), one(joint, -sign)
    assert limiter().apply(push, one(joint, limit), ZERO, ZERO) == push
    outside = limiter()
    beyond = one(joint, limit + sign * 1e-6)
    assert outside.apply(push, beyond, ZERO, ZERO) == ZERO
    assert outside.clamps == Clamp.POSITION
    assert limiter().apply(pull, beyond, ZERO, ZERO) == pull


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_effort_limit_holds_for_the_sum_with_gravity(joint: int, sign: float) -> None:
    effort = float(LIMITS.effort_n_m[joint])
    gravity = one(joint, sign * (effort - 1.0))
    at = limiter()
    assert at.apply(one(joint, sign), ZERO, ZERO, gravity) == one(joint, sign * effort)
    assert at.clamps == Clamp.NONE
    outside = limiter()
    out = outside.apply(one(joint, sign * 1.01), ZERO, ZERO, gravity)
    assert out == one(joint, sign * effort)
    assert outside.clamps == Clamp.EFFORT


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("joint", range(7))
def test_measurements_that_are_no_numbers_are_refused(joint: int, value: float) -> None:
    bad = one(joint, value)
    assert limiter().apply(ZERO, bad, ZERO, ZERO) is None
    assert limiter().apply(ZERO, ZERO, bad, ZERO) is None
    assert limiter().apply(ZERO, ZERO, ZERO, bad) is None


def test_measurements_that_cannot_be_true_are_refused_just_outside_only() -> None:
    upper = float(LIMITS.upper_rad[0])
    speed = 5.0 * float(LIMITS.velocity_rad_per_s[0])
    assert limiter().apply(ZERO, one(0, upper + 0.3), ZERO, ZERO) == ZERO
    assert limiter().apply(ZERO, one(0, upper + 0.301), ZERO, ZERO) is None
    assert limiter().apply(ZERO, ZERO, one(0, speed), ZERO) == ZERO
    assert limiter().apply(ZERO, ZERO, one(0, speed * 1.001), ZERO) is None


def test_fade_keeps_gravity_and_lets_the_control_torque_down() -> None:
    config = LimiterConfig()
    faded = limiter(config)
    gravity = [0.0, -18.0, -2.0, -7.0, 1.5, 0.1, 0.0]
    for _ in range(10):
        faded.apply([7.0, *ZERO[1:]], ZERO, ZERO, gravity)
    torques = [faded.fade()[0] for _ in range(5)]
    assert torques == pytest.approx([5.0, 3.0, 1.0, 0.0, 0.0])  # 2 N m per tick
    assert faded.fade() == gravity


number = st.floats(allow_nan=True, allow_infinity=True)
plausible = st.floats(-6.0, 6.0)
vector = st.lists(st.one_of(plausible, number), min_size=7, max_size=7)
torque_vector = st.lists(st.floats(-1e3, 1e3), min_size=7, max_size=7)


@given(st.lists(st.tuples(torque_vector, vector, vector, vector), min_size=1, max_size=6))
def test_effort_and_rate_hold_for_any_input(
    ticks: list[tuple[list[float], list[float], list[float], list[float]]],
) -> None:
    config = LimiterConfig()
    guarded = limiter(config)
    before = list(guarded.control)
    for torque, q, dq, gravity in ticks:
        out = guarded.apply(torque, q, dq, gravity)
        if out is None:
            out = guarded.fade()
        assert all(abs(t) <= top for t, top in zip(out, LIMITS.effort_n_m, strict=True))
        for new, old, rate in zip(
            guarded.control, before, config.torque_rate_n_m_per_s, strict=True
        ):
            assert abs(new - old) <= rate * 0.001 * (1 + 1e-12)
        before = list(guarded.control)
