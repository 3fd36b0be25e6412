from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.impedance import ImpedanceConfig, JointImpedanceController
from sawyer_core.errors import ConfigError
from sawyer_core.limits import load_joint_limits

LIMITS = load_joint_limits()
ZERO = [0.0] * 7
# The figures of the lab: 100 N m/rad, 2 N m s/rad, clips of 8 to 2 N m.
LAB = ImpedanceConfig(
    stiffness_n_m_per_rad=(100.0,) * 7,
    integral_n_m_per_rad_s=(20.0,) * 7,
    damping_n_m_s_per_rad=(2.0,) * 7,
    anti_windup_n_m_per_rad=(100.0,) * 7,
    torque_limit_n_m=(8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0),
    ramp_s=0.0,
)


def law(config: ImpedanceConfig = LAB) -> JointImpedanceController:
    return JointImpedanceController(config, LIMITS)


def test_first_tick_is_stiffness_times_error_minus_damping() -> None:
    reference = [0.01 * (j + 1) for j in range(2)] + [0.0] * 5
    torque = law().step(reference, ZERO, ZERO, [0.1] * 7)
    assert torque[0] == pytest.approx(100 * 0.01 - 2 * 0.1)
    assert torque[1] == pytest.approx(100 * 0.02 - 2 * 0.1)
    assert torque[6] == pytest.approx(-0.2)


def test_feedforward_is_added() -> None:
    assert law().step(ZERO, [0.5] * 7, ZERO, ZERO) == pytest.approx([0.5] * 7)


def test_integral_grows_with_the_error_and_time() -> None:
    controller = law()
    for _ in range(100):
        controller.step([0.01] * 7, ZERO, ZERO, ZERO)
    # K_i e t = 20 * 0.01 * 0.1
    assert controller.integral_n_m == pytest.approx([0.02] * 7)


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_torque_is_clipped_at_the_limit_and_just_below_it_is_not(joint: int, sign: float) -> None:
    limit = LAB.torque_limit_n_m[joint]
    for share, expected in ((0.999, 0.999 * limit), (1.001, limit), (1000.0, limit)):
        reference = list(ZERO)
        reference[joint] = sign * share * limit / 100.0
        assert law().step(reference, ZERO, ZERO, ZERO)[joint] == pytest.approx(sign * expected)


def test_integral_torque_is_clamped_to_its_share() -> None:
    controller = law()
    small = [0.0005 * limit for limit in LAB.torque_limit_n_m]  # far from saturation
    for _ in range(400_000):
        controller.step(small, ZERO, ZERO, ZERO)
        if controller.integral_n_m[0] >= 0.3 * 8.0:
            break
    for _ in range(100_000):
        controller.step(small, ZERO, ZERO, ZERO)
    shares = np.array(controller.integral_n_m) / LAB.torque_limit_n_m
    assert shares == pytest.approx([0.3] * 7)


@pytest.mark.parametrize(
    ("anti_windup", "integral", "turns_at_once"), [(50.0, -2.0, True), (5000.0, 2.4, False)]
)
def test_anti_windup_recovers(anti_windup: float, integral: float, turns_at_once: bool) -> None:
    """Held off for 10 s: back-calculation settles at w = tau_max - (K_p - K_aw) e.

    With K_aw = 5000 it is as good as absent and the integral winds up to its clamp.
    """
    config = ImpedanceConfig(
        stiffness_n_m_per_rad=(100.0,) * 7,
        integral_n_m_per_rad_s=(200.0,) * 7,
        damping_n_m_s_per_rad=(0.0,) * 7,
        anti_windup_n_m_per_rad=(anti_windup,) * 7,
        torque_limit_n_m=(8.0,) * 7,
        ramp_s=0.0,
    )
    controller = law(config)
    for _ in range(10_000):
        torque = controller.step([0.2] * 7, ZERO, ZERO, ZERO)  # 20 N m asked, 8 given
    assert torque == pytest.approx([8.0] * 7)
    assert controller.integral_n_m == pytest.approx([integral] * 7, abs=1e-6)
    # Let go, now 4 mrad beyond the reference: the torque has to point back.
    ticks = 0
    while controller.step(ZERO, ZERO, [0.004] * 7, ZERO)[0] >= 0.0:
        ticks += 1
    assert (ticks == 0) is turns_at_once
    assert turns_at_once or ticks > 1000


def test_stiffness_is_ramped_up_on_engage() -> None:
    config = ImpedanceConfig(
        stiffness_n_m_per_rad=(100.0,) * 7,
        integral_n_m_per_rad_s=(0.0,) * 7,
        damping_n_m_s_per_rad=(0.0,) * 7,
        torque_limit_n_m=(8.0,) * 4 + (8.0,) * 3,
        ramp_s=0.1,
    )
    controller = law(config)
    torques = [controller.step([0.01] * 7, ZERO, ZERO, ZERO)[0] for _ in range(120)]
    assert torques[0] == pytest.approx(0.01)
    assert torques[49] == pytest.approx(0.5)
    assert torques[99:] == pytest.approx([1.0] * 21)
    controller.reset()
    assert controller.step([0.01] * 7, ZERO, ZERO, ZERO)[0] == pytest.approx(0.01)


any_float = st.floats(allow_nan=True, allow_infinity=True)
any_vector = st.lists(any_float, min_size=7, max_size=7)


@given(st.lists(st.tuples(any_vector, any_vector, any_vector, any_vector), max_size=8))
def test_torque_never_exceeds_its_limit_for_any_input(
    ticks: list[tuple[list[float], list[float], list[float], list[float]]],
) -> None:
    controller = law(ImpedanceConfig())
    limit = ImpedanceConfig().torque_limit_n_m
    for reference, feedforward, q, dq in [*ticks, (ZERO, ZERO, ZERO, ZERO)]:
        torque = controller.step(reference, feedforward, q, dq)
        assert all(abs(value) <= top for value, top in zip(torque, limit, strict=True))
        assert all(
            abs(value) <= 0.3 * top + 1e-12
            for value, top in zip(controller.integral_n_m, limit, strict=True)
        )


def test_limit_above_the_arms_effort_is_refused() -> None:
    with pytest.raises(ConfigError, match="right_j6"):
        law(ImpedanceConfig(torque_limit_n_m=(8.0,) * 6 + (9.01,)))
    law(ImpedanceConfig(torque_limit_n_m=(8.0,) * 6 + (9.0,)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stiffness_n_m_per_rad", (-1.0,) * 7),
        ("stiffness_n_m_per_rad", (100.0,) * 6),
        ("damping_n_m_s_per_rad", (float("nan"),) * 7),
        ("torque_limit_n_m", (81.0,) * 7),
        ("integral_share", 1.01),
        ("ramp_s", -0.1),
    ],
)
def test_bad_settings_are_refused(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        ImpedanceConfig(**{field: value})
