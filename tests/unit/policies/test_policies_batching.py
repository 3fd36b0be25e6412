"""Batching: who waits, for how long, and that nobody gets another robot's action."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sawyer_core import ActionSpec, PolicyInput, PolicySpec, ShapeError, StaleDataError
from sawyer_core.specs import EE_POSITION, ObservationSpec
from sawyer_core.testing import FakePolicy
from sawyer_policies import HostConfig, Observation, PolicyHost, PolicyRegistry
from sawyer_policies.serving.batching import BatchConfig, MicroBatcher

WINDOW_S = 0.001


class Model:
    """Answers with the position it was sent; remembers how many shared each pass."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.fails = False

    def run(self, requests: Sequence[Any]) -> np.ndarray:
        if self.fails:
            raise RuntimeError("a mistake in the model")
        self.batches.append(len(requests))
        return np.array(requests)


class Shared:
    """Policy of a model that all sessions share."""

    def __init__(self, group: Model) -> None:
        self.group = group

    def reset(self, rng: np.random.Generator) -> None:
        pass

    def prepare(self, observation: PolicyInput) -> Any:
        return observation.ee_position_m

    def action(self, observation: PolicyInput) -> np.ndarray:
        return self.group.run([self.prepare(observation)])[0]


class Bench:
    """A batcher with a clock that is set by hand."""

    def __init__(self, **config: Any) -> None:
        self.now = 100.0
        self.model = Model()
        registry = PolicyRegistry()
        spec = ObservationSpec((EE_POSITION,))
        for name, factory in (("shared", lambda: Shared(self.model)), ("own", FakePolicy)):
            registry.register(PolicySpec(name, spec, ActionSpec(), 10.0, "none", ""), factory)
        self.host = PolicyHost(registry, HostConfig(max_queue_s=0.1), clock=lambda: self.now)
        settings = BatchConfig(window_s=WINDOW_S, **config)
        self.batcher = MicroBatcher(self.host, settings, clock=lambda: self.now)
        self.answers: dict[str, list[Any]] = {}
        self.steps: dict[str, int] = {}

    def open(self, *sessions: str, policy: str = "shared") -> None:
        for session in sessions:
            self.host.reset(session, policy, seed=0)

    def ask(self, session: str, x: float = 0.0, **changes: Any) -> None:
        step = self.steps[session] = self.steps.get(session, -1) + 1
        arrays = {"ee_position": np.array((x, 0.0, 0.0)), **changes}
        answers = self.answers.setdefault(session, [])
        self.batcher.add(session, Observation(step + 1, step, arrays), answers.append)


def test_a_lone_robot_never_waits() -> None:
    bench = Bench()
    bench.open("a", "b")
    for _ in range(3):
        bench.ask("a")
        assert bench.batcher.waiting == 0
        assert bench.batcher.due_in_s() is None
    assert [reply.batch for reply in bench.answers["a"]] == [1, 1, 1]
    assert [reply.queue_s for reply in bench.answers["a"]] == [0.0, 0.0, 0.0]


def test_robots_that_ask_together_share_a_pass() -> None:
    bench = Bench()
    bench.open("a", "b", "c")
    for session in "abc":
        bench.ask(session)
        bench.batcher.flush()
    bench.model.batches.clear()
    for x, session in enumerate("abc"):
        bench.ask(session, float(x))
    assert bench.model.batches == [3]  # the last one that was expected sets it off
    assert [bench.answers[s][-1].action_m[0] for s in "abc"] == [0.0, 1.0, 2.0]
    assert {bench.answers[s][-1].batch for s in "abc"} == {3}


def test_nobody_waits_longer_than_the_window() -> None:
    bench = Bench()
    bench.open("a", "b", "c")
    for session in "abc":
        bench.ask(session)
        bench.batcher.flush()
    bench.ask("a")
    assert bench.batcher.due_in_s() == pytest.approx(WINDOW_S)
    bench.now += 0.4 * WINDOW_S
    bench.ask("b")
    assert bench.batcher.due_in_s() == pytest.approx(0.6 * WINDOW_S)
    bench.now += 0.6 * WINDOW_S
    assert bench.batcher.due_in_s() == pytest.approx(0.0, abs=1e-9)
    bench.batcher.flush()
    assert bench.answers["a"][-1].queue_s == pytest.approx(WINDOW_S)
    assert bench.answers["b"][-1].queue_s == pytest.approx(0.6 * WINDOW_S)
    assert bench.answers["b"][-1].batch == 2


def test_a_robot_that_has_gone_silent_is_not_waited_for() -> None:
    bench = Bench(active_s=1.0)
    bench.open("a", "b")
    bench.ask("a")
    bench.ask("b")
    bench.batcher.flush()
    bench.ask("a")
    assert bench.batcher.waiting == 1
    bench.batcher.flush()
    bench.now += 1.1
    bench.ask("a")
    assert bench.batcher.waiting == 0


def test_a_full_batch_is_computed_at_once() -> None:
    bench = Bench(max_batch=2)
    bench.open(*"abcd")
    for session in "abcd":
        bench.ask(session)
        bench.batcher.flush()
    bench.model.batches.clear()
    for session in "abcd":
        bench.ask(session)
    assert bench.model.batches == [2, 2]


def test_a_policy_of_its_own_is_computed_at_once_and_stays_out_of_the_batch() -> None:
    bench = Bench()
    bench.open("a", "b")
    bench.open("alone", policy="own")
    bench.ask("a")
    bench.ask("b")
    bench.batcher.flush()
    bench.ask("a")
    bench.ask("alone")
    assert (bench.batcher.waiting, len(bench.answers["alone"])) == (1, 1)


def test_a_refused_request_does_not_hold_up_the_others() -> None:
    bench = Bench()
    bench.open("a", "b")
    bench.ask("a")
    bench.ask("b")
    bench.batcher.flush()
    bench.ask("a")
    bench.ask("b", ee_position=np.zeros(2))
    assert isinstance(bench.answers["b"][-1], ShapeError)
    bench.batcher.flush()
    assert bench.answers["a"][-1].batch == 1


def test_what_has_waited_a_whole_period_is_refused() -> None:
    bench = Bench()
    bench.open("a", "b")
    bench.ask("a")
    bench.ask("b")
    bench.batcher.flush()
    bench.ask("a")
    bench.now += 0.2
    bench.ask("b")
    assert isinstance(bench.answers["a"][-1], StaleDataError)
    assert bench.answers["b"][-1].batch == 1


def test_a_model_that_fails_is_said_to_everybody_who_asked() -> None:
    bench = Bench()
    bench.open("a", "b")
    bench.ask("a")
    bench.ask("b")
    bench.batcher.flush()
    bench.model.fails = True
    bench.ask("a")
    bench.ask("b")
    assert all(isinstance(bench.answers[s][-1], RuntimeError) for s in "ab")
    bench.model.fails = False
    bench.ask("a")
    bench.batcher.flush()
    assert bench.answers["a"][-1].batch == 1
