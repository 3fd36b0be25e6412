from collections.abc import Iterator

import numpy as np
import pytest

from sawyer_core import (
    ActionSpec,
    ConfigError,
    PolicyInput,
    PolicySpec,
    ShapeError,
    StaleDataError,
    UnknownNameError,
)
from sawyer_core.specs import EE_POSITION, FORCE, GOAL_POSITION, IMAGE_32, ObservationSpec
from sawyer_core.testing import FakePolicy
from sawyer_policies import HostConfig, Observation, PolicyHost, PolicyRegistry


class Counting:
    """Policy whose action says how often it was asked since its reset."""

    def __init__(self) -> None:
        self.calls = 0
        self.draw = 0.0

    def reset(self, rng: np.random.Generator) -> None:
        self.calls = 0
        self.draw = float(rng.uniform())

    def action(self, observation: PolicyInput) -> np.ndarray:
        self.calls += 1
        return np.array((self.calls * 1e-3, self.draw, 0.0))


class Bad(Counting):
    def action(self, observation: PolicyInput) -> np.ndarray:
        return np.array((np.nan, 0.0, 0.0))


def spec(name: str, *extra) -> PolicySpec:
    arrays = (EE_POSITION, GOAL_POSITION, FORCE, *extra)
    return PolicySpec(name, ObservationSpec(arrays), ActionSpec(), 10.0, "none", "for tests")


@pytest.fixture
def registry() -> PolicyRegistry:
    made = PolicyRegistry()
    made.register(spec("counting"), Counting)
    made.register(spec("bad"), Bad)
    made.register(spec("seeing", IMAGE_32), FakePolicy)
    return made


@pytest.fixture
def host(registry: PolicyRegistry) -> PolicyHost:
    return PolicyHost(registry)


def observe(step: int = 0, stamp_ns: int | None = None, **arrays) -> Observation:
    values = {
        "ee_position": np.zeros(3),
        "goal_position": np.zeros(3),
        "force": np.zeros(3),
        **arrays,
    }
    stamp = (step + 1) * 100_000_000 if stamp_ns is None else stamp_ns
    return Observation(stamp, step, values)


def test_reply_carries_action_identity_and_timing(registry: PolicyRegistry) -> None:
    ticks: Iterator[float] = iter((1.0, 1.25))
    host = PolicyHost(registry, clock=lambda: next(ticks))
    host.reset("s", "counting", seed=1)
    reply = host.act("s", observe(3, 42))
    assert (reply.stamp_ns, reply.step, reply.compute_s) == (42, 3, 0.25)
    assert reply.action_m[0] == 1e-3
    assert not reply.action_m.flags.writeable


def test_reset_forgets_the_session_and_seeds_it_anew(host: PolicyHost) -> None:
    host.reset("s", "counting", seed=1)
    first = host.act("s", observe(0)).action_m
    host.act("s", observe(1))
    host.reset("s", "counting", seed=1)
    np.testing.assert_array_equal(host.act("s", observe(0)).action_m, first)
    host.reset("s", "counting", seed=2)
    assert host.act("s", observe(0)).action_m[1] != first[1]


def test_sessions_do_not_share_state(host: PolicyHost) -> None:
    host.reset("a", "counting", seed=1)
    host.reset("b", "counting", seed=1)
    host.act("a", observe(0))
    host.act("a", observe(1))
    assert host.act("b", observe(0)).action_m[0] == 1e-3


def test_a_session_must_be_reset_first(host: PolicyHost) -> None:
    with pytest.raises(UnknownNameError, match="reset it first"):
        host.act("nobody", observe())


def test_the_oldest_session_goes_when_there_are_too_many(registry: PolicyRegistry) -> None:
    host = PolicyHost(registry, HostConfig(max_sessions=2))
    for name in ("a", "b"):
        host.reset(name, "counting", seed=0)
    host.act("a", observe(0))
    host.reset("c", "counting", seed=0)
    assert host.sessions() == ("a", "c")


@pytest.mark.parametrize(
    ("arrays", "error", "text"),
    [
        ({"ee_position": np.zeros(2)}, ShapeError, "ee_position"),
        ({"force": np.array((0.0, np.nan, 0.0))}, ConfigError, "force"),
        ({"goal_position": np.full(3, np.inf)}, ConfigError, "goal_position"),
    ],
)
def test_wrong_arrays_are_refused_by_name(host: PolicyHost, arrays, error, text) -> None:
    host.reset("s", "counting", seed=0)
    with pytest.raises(error, match=text):
        host.act("s", observe(0, **arrays))
    assert host.act("s", observe(0)).action_m[0] == 1e-3  # the refused one left no trace


@pytest.mark.parametrize(
    "image", [np.zeros((32, 33), np.uint8), np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32))]
)
def test_a_wrong_image_is_refused(host: PolicyHost, image: np.ndarray) -> None:
    host.reset("s", "seeing", seed=0)
    with pytest.raises(ShapeError, match="image"):
        host.act("s", observe(0, image=image))


def test_a_missing_image_is_refused(host: PolicyHost) -> None:
    host.reset("s", "seeing", seed=0)
    with pytest.raises(ShapeError, match="image has shape or type missing"):
        host.act("s", observe(0))


@pytest.mark.parametrize("stamp_ns", [1_000, 999])
def test_a_stale_observation_is_refused(host: PolicyHost, stamp_ns: int) -> None:
    host.reset("s", "counting", seed=0)
    host.act("s", observe(0, 1_000))
    with pytest.raises(StaleDataError):
        host.act("s", observe(1, stamp_ns))


@pytest.mark.parametrize("step", [4, 3, -1])
def test_steps_only_go_up(host: PolicyHost, step: int) -> None:
    host.reset("s", "counting", seed=0)
    host.act("s", observe(4, 1_000))
    with pytest.raises(ConfigError, match="step"):
        host.act("s", observe(step, 2_000))


def test_a_policy_that_answers_nonsense_is_refused(host: PolicyHost) -> None:
    host.reset("s", "bad", seed=0)
    with pytest.raises(ConfigError, match="ee_displacement"):
        host.act("s", observe(0))


def test_unknown_policy_and_nameless_session(host: PolicyHost) -> None:
    with pytest.raises(UnknownNameError, match="counting"):
        host.reset("s", "counting2", seed=0)
    with pytest.raises(ConfigError, match="session"):
        host.reset("", "counting", seed=0)
