"""The bench says what it compared with, and how to get what is missing."""

import pytest

from sawyer_cli.bench_learners import table
from sawyer_policies.learners import CONFIGS
from sawyer_policies.learners.bench import rivals, run
from sawyer_policies.training.defaults import LEARNER_DEFAULTS


def test_without_the_rival_there_is_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "MODULES", ("stable_baselines3_of_another_world",))
    monkeypatch.setattr(run, "SPACES", {"state": run.SPACES["state"]})
    monkeypatch.setattr(run, "REPLAY", {"state": 64})
    small = {case: {**changes, "batch_size": 8} for case, changes in run.CASES.items()}
    monkeypatch.setattr(run, "CASES", small)
    monkeypatch.setattr(run, "TURN_S", 0.01)
    found = run.run(seconds=0.02, threads=(1,))
    assert found["sb3"] is None
    assert "pip install --no-deps stable-baselines3" in found["sb3_install"]
    rows = [row for row in found["learners"] if row["device"] == "cpu"]
    assert [(row["case"], row["algorithm"]) for row in rows] == [
        ("usual", "sac"),
        ("usual", "td3"),
        ("training", "sac"),
        ("training", "td3"),
    ]
    assert all(row["fast_over_sb3"] is None for row in rows)
    assert all(row["updates_per_s"]["fast"] > 0 for row in rows)
    assert all(row["fast_over_plain"] > 0 for row in rows)
    assert table(found).count("\n") == 1 + len(found["learners"])


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_one_case_is_what_insertion_trains_with(name: str) -> None:
    config = CONFIGS[name](**run.CASES["training"])
    trained = LEARNER_DEFAULTS[name]
    assert config.hidden == CONFIGS[name]().hidden
    assert config.batch_size == trained["batch_size"]
    assert config.critic_layer_norm is trained["critic_layer_norm"] is True


def test_the_ratio_is_against_the_faster_variant() -> None:
    rates = {"fast": [30.0, 40.0], "sb3_separate": [10.0, 10.0], "sb3_shared": [15.0, 20.0]}
    assert run._ratios(rates)["fast_over_sb3"] == pytest.approx(2.0)
