from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sawyer_core.force_bias
from sawyer_calibration import ForceBiasConfig, ForceBiasEstimator
from sawyer_core.errors import CalibrationError, ConfigError

STILL = np.zeros(7)


def test_the_core_has_the_same_class() -> None:
    assert sawyer_core.force_bias.ForceBiasEstimator is ForceBiasEstimator


def test_bias_is_the_mean_of_the_samples() -> None:
    estimator = ForceBiasEstimator(ForceBiasConfig(samples=4))
    for z in (1.0, 2.0, 3.0, 2.0):
        assert not estimator.done
        assert estimator.add((0.5, -1.0, z), STILL)
    assert estimator.done
    assert estimator.bias.tolist() == [0.5, -1.0, 2.0]
    assert not estimator.bias.flags.writeable
    assert not estimator.add((9.0, 9.0, 9.0), STILL)
    estimator.reset()
    assert not estimator.done


@pytest.mark.parametrize(("speed", "still"), [(0.00999, True), (0.01, False), (-0.02, False)])
def test_motion_starts_the_average_anew(speed: float, still: bool) -> None:
    estimator = ForceBiasEstimator(ForceBiasConfig(samples=3))
    estimator.add((0.0, 0.0, 1.0), STILL)
    estimator.add((0.0, 0.0, 1.0), STILL)
    moving = STILL.copy()
    moving[4] = speed
    assert estimator.add((0.0, 0.0, 1.0), moving) is still
    assert estimator.count == (3 if still else 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_left_out(bad: float) -> None:
    estimator = ForceBiasEstimator(ForceBiasConfig(samples=2))
    assert not estimator.add((bad, 0.0, 0.0), STILL)
    assert not estimator.add((0.0, 0.0, 0.0), np.full(7, bad))
    estimator.add((0.0, 0.0, 1.0), STILL)
    estimator.add((0.0, 0.0, 1.0), STILL)
    assert estimator.bias.tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(("spread", "failed"), [(0.999, False), (1.001, True)])
@pytest.mark.parametrize("axis", range(3))
def test_unsteady_force_is_refused_just_above_the_bound(
    axis: int, spread: float, failed: bool
) -> None:
    estimator = ForceBiasEstimator(ForceBiasConfig(samples=2, max_std_n=1.0))
    for sign in (-1.0, 1.0):
        force = np.zeros(3)
        force[axis] = sign * spread / np.sqrt(2.0)  # two samples: std = sqrt(2) |x|
        estimator.add(force, STILL)
    assert estimator.failed is failed
    assert estimator.done is not failed
    if failed:
        assert "standard deviation" in estimator.message
        with pytest.raises(CalibrationError, match="standard deviation"):
            _ = estimator.bias


def test_arm_that_never_stands_still_fails_in_the_end() -> None:
    estimator = ForceBiasEstimator(ForceBiasConfig(samples=3, max_attempts=10))
    for _ in range(10):
        assert not estimator.failed
        estimator.add((0.0, 0.0, 0.0), np.full(7, 0.1))
    assert estimator.failed
    assert "does not stand still" in estimator.message


def test_bias_is_refused_before_it_is_ready() -> None:
    with pytest.raises(CalibrationError, match="0 of 5"):
        _ = ForceBiasEstimator().bias


def test_bad_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="samples"):
        ForceBiasConfig(samples=1)


@given(
    st.lists(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3), min_size=5, max_size=5),
    st.lists(st.floats(-100, 100), min_size=3, max_size=3),
)
def test_bias_recovers_an_offset(noise: list[list[float]], offset: list[float]) -> None:
    estimator = ForceBiasEstimator()
    for sample in noise:
        estimator.add(np.array(sample) + offset, STILL)
    assert np.abs(estimator.bias - offset).max() <= 0.5 + 1e-9
