from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sawyer_controllers.joint_loop import (
    ContactStopConfig,
    JointLoopConfig,
    LoopStatus,
)
from sawyer_controllers.testing import (
    GRAVITY,
    HOME,
    NO_FORCE,
    ZERO,
)
from sawyer_controllers.testing import (
    joint_target as target,
)
from sawyer_controllers.testing import (
    started_loop as started,
)
from sawyer_core.errors import CommandRejectedError, RejectionCode
from sawyer_core.tasks import InsertionTask

LIMIT_CASES = [(0, 30.0), (1, 30.0), (2, 50.0)]


@pytest.mark.parametrize(("axis", "limit"), LIMIT_CASES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_contact_stop_at_the_limit_and_just_above(axis: int, limit: float, sign: float) -> None:
    loop = started()
    force = [0.0, 0.0, 0.0]
    force[axis] = sign * limit
    for _ in range(20):
        loop.tick(HOME, ZERO, GRAVITY, force)
    assert loop.stops == 0
    force[axis] = sign * (limit + 0.01)
    for _ in range(loop.config.contact.persist_ticks):
        loop.tick(HOME, ZERO, GRAVITY, force)
    assert loop.stops == 1
    assert loop.status is LoopStatus.CONTACT_STOP


def test_task_may_lower_the_contact_limits_but_not_raise_them(task: InsertionTask) -> None:
    careful = replace(task, lateral_force_limit_n=10.0, vertical_force_limit_n=60.0)
    contact = JointLoopConfig().for_task(careful).contact
    assert (contact.lateral_n, contact.vertical_n) == (10.0, 50.0)


def test_force_step_of_60_n_stops_within_5_ms() -> None:
    loop = started()
    ticks = 0
    while loop.status is LoopStatus.OK:
        loop.tick(HOME, ZERO, GRAVITY, (0.0, 0.0, 60.0))
        ticks += 1
        assert ticks <= 5


def test_force_bias_shifts_the_window() -> None:
    loop = started()
    loop.set_force_bias((5.0, 0.0, -4.0))
    for _ in range(10):
        loop.tick(HOME, ZERO, GRAVITY, (35.0, -30.0, 46.0))
        loop.tick(HOME, ZERO, GRAVITY, (-25.0, 30.0, -54.0))
    assert loop.stops == 0
    for _ in range(2):
        loop.tick(HOME, ZERO, GRAVITY, (35.01, 0.0, 0.0))
    assert loop.stops == 1
    with pytest.raises(CommandRejectedError):
        loop.set_force_bias((math.nan, 0.0, 0.0))


def test_contact_stop_goes_back_to_the_last_safe_position() -> None:
    loop = started()
    pressed = np.array(HOME) + 0.01
    loop.set_target(target(pressed))  # HOME, without force, is safe
    for _ in range(100):
        loop.tick(pressed.tolist(), ZERO, GRAVITY, (0.0, 0.0, 40.0))
    loop.set_target(target(np.array(HOME) + 0.02))  # pressed with 40 N of 50: not safe
    for _ in range(3):
        loop.tick(pressed.tolist(), ZERO, GRAVITY, (0.0, 0.0, 51.0))
    assert loop.status is LoopStatus.CONTACT_STOP
    assert loop.integral_n_m == pytest.approx(ZERO, abs=0.02)
    for _ in range(100):
        loop.tick(pressed.tolist(), ZERO, GRAVITY, NO_FORCE)
    assert loop.reference_rad == pytest.approx(HOME)
    loop.set_target(target(HOME))
    assert loop.status is LoopStatus.OK
    assert loop.stops == 1


def test_contact_stop_forgets_the_integral() -> None:
    loop = started()
    off = [value + 0.02 for value in HOME]
    for _ in range(1000):
        loop.tick(off, ZERO, GRAVITY, NO_FORCE)
    assert max(map(abs, loop.integral_n_m)) > 0.3  # 20 N m/(rad s) * 0.02 rad * 1 s
    for _ in range(2):
        loop.tick(off, ZERO, GRAVITY, (31.0, 0.0, 0.0))
    assert max(map(abs, loop.integral_n_m)) < 1e-3


def test_contact_stop_latches_after_three_and_start_clears_it() -> None:
    loop = started()
    for count in range(1, 4):
        for _ in range(2):
            loop.tick(HOME, ZERO, GRAVITY, (31.0, 0.0, 0.0))
        assert loop.stops == count
        for _ in range(150):
            loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
        assert (loop.status is LoopStatus.LATCHED) is (count == 3)
        if count < 3:
            loop.set_target(target(HOME))
    with pytest.raises(CommandRejectedError) as error:
        loop.set_target(target(np.array(HOME) + 0.01))
    assert error.value.code is RejectionCode.LATCHED
    loop.start(HOME)
    loop.set_target(target(HOME))
    assert (loop.status, loop.stops) == (LoopStatus.OK, 0)


def test_one_lasting_contact_counts_once_per_return() -> None:
    loop = started(JointLoopConfig(contact=ContactStopConfig(return_s=0.05, latch_after=100)))
    for _ in range(50):
        loop.tick(HOME, ZERO, GRAVITY, (40.0, 0.0, 0.0))
    assert loop.stops == 1
    for _ in range(10):
        loop.tick(HOME, ZERO, GRAVITY, (40.0, 0.0, 0.0))
    assert loop.stops == 2


def test_single_sample_above_the_limit_is_noise() -> None:
    loop = started()
    for _ in range(10):
        loop.tick(HOME, ZERO, GRAVITY, (100.0, 0.0, 0.0))
        loop.tick(HOME, ZERO, GRAVITY, NO_FORCE)
    assert loop.stops == 0
