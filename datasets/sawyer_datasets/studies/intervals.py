"""Success rates over several trainings, with intervals that know of the trainings.

Episodes of one trained policy are not independent samples of the method: a second training may
have come out better or worse. With k trainings of m episodes each, pooled rate p and sample
variance s² of the k rates, the variance of p is estimated as

    V = p(1-p)/n + max(0, s²/k - p(1-p)/n),   n = k m,

the binomial part plus what the spread over trainings adds to it. The interval is Wilson's with
n replaced by n' = p(1-p)/V and the normal quantile by Student's with

    dof = V² (k-1) / (V - p(1-p)/n)²          (Satterthwaite; the binomial part is known),

so that it is Wilson's own where the trainings agree and widens towards Student's with k-1
degrees of freedom where they do not. With k = 3 the spread itself is poorly known; the counts of
each training are therefore always shown beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sawyer_core.errors import ConfigError
from sawyer_datasets.evaluation import Z_95, wilson_interval

_PANELS: Final = 2000  # of the numerical integration; ours
_MOST_DOF: Final = 1e4  # from here on Student's quantile is the normal one to four digits


@dataclass(frozen=True)
class Pooled:
    """Successes of several trainings; one entry of ``successes`` and ``trials`` each."""

    successes: tuple[int, ...]
    trials: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.successes) != len(self.trials) or not self.trials:
            raise ConfigError("successes", self.successes, "as many counts as trials, one or more")
        for good, count in zip(self.successes, self.trials, strict=True):
            if count < 1 or not 0 <= good <= count:
                raise ConfigError("successes", good, f"0 to {count}, of 1 or more trials")

    @property
    def good(self) -> int:
        """Successes of all trainings."""
        return sum(self.successes)

    @property
    def count(self) -> int:
        """Episodes of all trainings."""
        return sum(self.trials)

    @property
    def rate(self) -> float:
        """Pooled success rate."""
        return self.good / self.count

    @property
    def wilson(self) -> tuple[float, float]:
        """95 % Wilson interval as if all episodes were of one policy."""
        return wilson_interval(self.good, self.count)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval that takes the spread over trainings into account."""
        k, rate, count = len(self.trials), self.rate, self.count
        binomial = rate * (1.0 - rate) / count
        if k == 1 or binomial == 0.0:
            return self.wilson
        rates = np.divide(self.successes, self.trials)
        weights = np.divide(self.trials, count)
        between = float(np.sum(weights * (rates - rate) ** 2)) / (k - 1)
        excess = max(0.0, between - binomial)
        if excess == 0.0:
            return self.wilson
        variance = binomial + excess
        dof = variance**2 * (k - 1) / excess**2
        return _score_interval(rate, rate * (1.0 - rate) / variance, student_quantile(dof))


def _score_interval(rate: float, count: float, z: float) -> tuple[float, float]:
    centre = rate + z * z / (2 * count)
    spread = z * math.sqrt(rate * (1 - rate) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def student_quantile(dof: float) -> float:
    """Return the 97.5 % quantile of Student's t distribution.

    >>> [round(student_quantile(dof), 3) for dof in (2, 4, 10, 30)]
    [4.303, 2.776, 2.228, 2.042]
    """
    if dof >= _MOST_DOF:
        return Z_95
    low, high = 1.5, 1e3
    while high - low > 1e-9 * high:
        middle = 0.5 * (low + high)
        if _mass_between_0_and(middle, dof) < 0.475:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _mass_between_0_and(t: float, dof: float) -> float:
    """Integrate the density over angles: with x = sqrt(dof) tan a it is cos(a)^(dof-1)."""
    angles = np.linspace(0.0, math.atan(t / math.sqrt(dof)), _PANELS + 1)
    values = np.cos(angles) ** (dof - 1.0)
    weights = np.ones(_PANELS + 1)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0  # Simpson's rule
    integral = float(np.sum(weights * values)) * (angles[1] - angles[0]) / 3.0
    logarithm = math.lgamma((dof + 1.0) / 2.0) - math.lgamma(dof / 2.0)
    return float(integral * math.exp(logarithm) / math.sqrt(math.pi))


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of one number per training (Student's t).

    One number alone has no interval; both bounds are then NaN.
    """
    if len(values) < 2:
        return math.nan, math.nan
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    half = student_quantile(len(values) - 1) * spread / math.sqrt(len(values))
    return mean - half, mean + half


def difference_interval(
    ours: float,
    our_interval: tuple[float, float],
    theirs: float,
    their_interval: tuple[float, float],
) -> tuple[float, float]:
    """Return the 95 % interval of ``ours - theirs`` from two intervals (Newcombe, 1998).

    >>> [round(x, 2) for x in difference_interval(
    ...     1.0, (0.95, 1.0), 0.8, (0.61, 0.91))]
    [0.08, 0.39]
    """
    difference = ours - theirs
    low = math.hypot(ours - our_interval[0], their_interval[1] - theirs)
    high = math.hypot(our_interval[1] - ours, theirs - their_interval[0])
    return difference - low, difference + high
