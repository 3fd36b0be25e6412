"""Noise that is kept for some steps, in the learner's hands and in a served policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_core import BundleError, PolicyInput
from sawyer_policies.bundles import load_bundle
from sawyer_policies.held_noise import HeldNoise
from sawyer_policies.testing import write_bundle


def actions(policy: Any, steps: int) -> np.ndarray:
    """(steps, 3) m, on the same observation."""
    policy.reset(np.random.default_rng(1))
    zeros = np.zeros(3)
    return np.array([policy.action(PolicyInput(zeros, zeros, zeros, 0)) for _ in range(steps)])


@given(hold=st.integers(1, 12), draws=st.integers(1, 40), seed=st.integers(0, 99))
def test_numbers_change_every_so_many_draws(hold: int, draws: int, seed: int) -> None:
    noise, plain = HeldNoise(np.random.default_rng(seed), hold), np.random.default_rng(seed)
    wanted = [plain.standard_normal(3) for _ in range(-(-draws // hold))]
    for k in range(draws):
        np.testing.assert_array_equal(noise.standard_normal(3), wanted[k // hold])


def test_a_new_episode_and_another_kind_are_fresh() -> None:
    noise = HeldNoise(np.random.default_rng(0), 10)
    first = noise.standard_normal(3)
    noise.restart()
    second = noise.standard_normal(3)
    uniform = noise.uniform((1, 3))
    assert (first != second).any()
    assert uniform.shape == (1, 3)
    assert (np.abs(uniform) <= 1.0).all()
    np.testing.assert_array_equal(noise.uniform((1, 3)), uniform)


def test_a_served_policy_keeps_its_noise_too(tmp_path: Path) -> None:
    held = write_bundle(tmp_path / "held", sampling="stochastic", noise_hold_steps=4)
    assert load_bundle(held).info.noise_hold_steps == 4
    seen = actions(load_bundle(held).make_policy(), steps=8)
    np.testing.assert_array_equal(seen[:4], np.repeat(seen[:1], 4, axis=0))
    assert (seen[4] != seen[3]).any()


def test_a_uniform_policy_fills_its_range(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p", sampling="uniform", noise_hold_steps=1)
    bundle = load_bundle(folder)
    seen = actions(bundle.make_policy(), steps=200) / bundle.info.action_scale_m
    assert seen.min() < -0.9
    assert seen.max() > 0.9
    assert abs(seen.mean()) < 0.1
    assert np.abs(seen).max() <= 1.0


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "4", 10_001])
def test_a_wrong_hold_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(BundleError, match=r"action\.noise_hold_steps"):
        write_bundle(tmp_path / "p", sampling="stochastic", noise_hold_steps=value)
