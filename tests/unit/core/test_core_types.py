from __future__ import annotations

import numpy as np
import pytest

from sawyer_core.errors import ShapeError
from sawyer_core.testing import FakeArm, FakePolicy
from sawyer_core.types import EeDelta, JointTarget, PolicyInput, Wrench, frozen_vector


def test_vectors_are_read_only_copies() -> None:
    q = np.arange(7.0)
    target = JointTarget(1, q, 0.1)
    q[0] = 99.0
    assert target.q_rad[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        target.q_rad[0] = 1.0


def test_read_only_arrays_are_not_copied_again() -> None:
    first = frozen_vector("x", [1.0, 2.0, 3.0], 3)
    assert frozen_vector("x", first, 3) is first
    view = np.arange(6.0)[:3]
    view.flags.writeable = False  # its owner can still write
    assert frozen_vector("x", view, 3) is not view


def test_integers_and_float32_become_float64() -> None:
    assert frozen_vector("x", [1, 2, 3], 3).dtype == np.float64
    assert frozen_vector("x", np.ones(3, dtype=np.float32), 3).dtype == np.float64


@pytest.mark.parametrize("value", [(1.0, 2.0), np.zeros((3, 1)), "abc", None, [1.0, "x", 2.0]])
def test_wrong_shape_or_type_names_the_field(value: object) -> None:
    with pytest.raises(ShapeError, match=r"EeDelta.translation_m"):
        EeDelta(0, value, "test", 0)  # type: ignore[arg-type]


def test_wrong_shape_of_an_array_names_both_shapes() -> None:
    with pytest.raises(ShapeError, match=r"Wrench.force_n.*\(4,\).*\(3,\)"):
        Wrench(0, np.zeros(4), np.zeros(3))


def test_values_are_not_judged_here() -> None:
    assert np.isnan(EeDelta(0, np.full(3, np.nan), "test", 0).translation_m).all()


def test_fake_arm_moves_stops_at_its_floor_and_keeps_one_stamp() -> None:
    arm = FakeArm((0.6, 0.1, 0.01))
    arm.floor_z_m = 0.0
    frame = arm.move((0.001, 0.0, -0.02))
    assert frame.arm.ee_position_m == pytest.approx([0.601, 0.1, 0.0])
    assert frame.stamp_ns == frame.wrench.stamp_ns == frame.wrench_peak.stamp_ns == 100_000_000
    arm.electrical_contact = True
    assert arm.command(JointTarget(0, np.ones(7), 0.1)).contact_duration_s == 0.0
    assert arm.move(np.zeros(3)).contact_duration_s == pytest.approx(0.1)
    assert arm.state().q_rad.tolist() == [1.0] * 7


def test_fake_policy_plays_back_and_repeats_the_last() -> None:
    policy = FakePolicy([(0.0, 0.0, 1.0), (0.0, 0.0, 2.0)])
    seen = PolicyInput(np.zeros(3), np.zeros(3), np.zeros(3), 0)
    assert [policy.action(seen)[2] for _ in range(3)] == [1.0, 2.0, 2.0]
    policy.reset(np.random.default_rng(0))
    assert policy.action(seen)[2] == 1.0
