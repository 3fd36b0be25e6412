"""Intervals of success rates over trainings: known values and properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_core.errors import ConfigError
from sawyer_datasets.evaluation import wilson_interval
from sawyer_datasets.studies.intervals import (
    Pooled,
    difference_interval,
    mean_interval,
    student_quantile,
)

counts = st.lists(st.integers(0, 25), min_size=1, max_size=5).map(
    lambda values: Pooled(tuple(values), (25,) * len(values))
)


# Tables of Student's distribution, 97.5 %.
@pytest.mark.parametrize(
    ("dof", "value"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (20, 2.086), (1e9, 1.960)]
)
def test_student_quantile(dof: float, value: float) -> None:
    assert student_quantile(dof) == pytest.approx(value, abs=6e-4)


def test_trainings_that_agree_give_the_pooled_wilson_interval() -> None:
    assert Pooled((25, 25, 25), (25, 25, 25)).interval == wilson_interval(75, 75)
    assert Pooled((12, 13, 12), (25, 25, 25)).interval == wilson_interval(37, 75)


def test_trainings_that_differ_give_students_interval_in_the_limit() -> None:
    # 5000, 5500 and 6000 of 10000: the binomial part vanishes, what remains is t(2) on 3 rates.
    low, high = Pooled((5000, 5500, 6000), (10_000,) * 3).interval
    half = 4.303 * 0.05 / math.sqrt(3)
    assert (high - low) / 2 == pytest.approx(half, rel=0.05)


@given(counts)
def test_interval_holds_the_rate_and_is_never_narrower_than_wilsons(pooled: Pooled) -> None:
    low, high = pooled.interval
    assert 0.0 <= low <= pooled.rate <= high <= 1.0
    plain_low, plain_high = pooled.wilson
    assert high - low >= plain_high - plain_low - 1e-12


@given(counts)
def test_interval_is_symmetric_in_success_and_failure(pooled: Pooled) -> None:
    failures = Pooled(tuple(25 - good for good in pooled.successes), pooled.trials)
    low, high = pooled.interval
    assert failures.interval == pytest.approx((1.0 - high, 1.0 - low), abs=1e-9)


@given(st.integers(0, 12))
def test_interval_widens_with_the_spread_over_trainings(spread: int) -> None:
    near = Pooled((13 - spread, 13, 13 + spread), (25,) * 3).interval
    far = Pooled((13 - spread - 1, 13, 13 + spread + 1), (26,) * 3).interval
    assert far[1] - far[0] >= (near[1] - near[0]) * 0.97  # 0.97: one more episode in each


@pytest.mark.parametrize(
    ("successes", "trials"), [((), ()), ((1, 2), (3,)), ((4,), (3,)), ((0,), (0,)), ((-1,), (3,))]
)
def test_impossible_counts_are_refused(
    successes: tuple[int, ...], trials: tuple[int, ...]
) -> None:
    with pytest.raises(ConfigError, match="successes"):
        Pooled(successes, trials)


def test_difference_of_equal_rates_holds_zero() -> None:
    ours, theirs = wilson_interval(60, 75), wilson_interval(20, 25)
    low, high = difference_interval(0.8, ours, 0.8, theirs)
    assert low < 0.0 < high


def test_difference_against_newcombes_own_example() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 873, table II: 56/70 - 48/80, method 10.
    bounds = difference_interval(
        56 / 70, wilson_interval(56, 70), 48 / 80, wilson_interval(48, 80)
    )
    assert bounds == pytest.approx((0.0524, 0.3339), abs=1e-4)


def test_mean_of_three_numbers() -> None:
    low, high = mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.303 / math.sqrt(3), 2 + 4.303 / math.sqrt(3)), 1e-3)
    assert all(math.isnan(bound) for bound in mean_interval([1.0]))
