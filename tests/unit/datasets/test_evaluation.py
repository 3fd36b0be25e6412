from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sawyer_core.errors import ConfigError
from sawyer_datasets._files import write_atomic
from sawyer_datasets.evaluation import EvalResult, table, wilson_interval


@given(st.integers(0, 300), st.data())
def test_wilson_agrees_with_scipy(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson_interval(successes, trials)
    assert 0.0 <= low <= high <= 1.0
    if trials:
        known = binomtest(successes, trials).proportion_ci(method="wilson")
        assert low == pytest.approx(known.low, abs=1e-12)
        assert high == pytest.approx(known.high, abs=1e-12)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, -1)])
def test_wilson_refuses_nonsense(successes: int, trials: int) -> None:
    with pytest.raises(ConfigError, match="successes"):
        wilson_interval(successes, trials)


def _result() -> EvalResult:
    rows = [
        {"success": True, "steps": 20, "final_distance_mm": 0.5, "peak_force_n": 12.0},
        SimpleNamespace(success=False, steps=50, final_distance_m=0.0095, peak_force_n=30.0),
        SimpleNamespace(success=False, valid=False, steps=1, peak_force_n=1.0),
    ]
    return EvalResult.from_outcomes(
        rows,
        connector="usb",
        policy="p_controller",
        noise_mm=1,
        seed=4,
        backend="gym",
        wall_s=1.5,
        sim_s=7.0,
    )


def test_json_has_the_agreed_fields() -> None:
    result = _result()
    values = json.loads(result.to_json())
    assert list(values) == [
        "connector",
        "policy",
        "noise_mm",
        "episodes",
        "successes",
        "success_rate",
        "ci95",
        "mean_steps",
        "final_distance_mm",
        "peak_force_n",
        "seed",
        "backend",
        "wall_s",
        "sim_s",
    ]
    assert values["episodes"] == 2
    assert values["successes"] == 1
    assert values["success_rate"] == 0.5
    assert values["mean_steps"] == 35.0
    assert values["final_distance_mm"] == [0.5, 9.5]
    assert EvalResult.from_mapping(values) == result


def test_not_a_number_becomes_null() -> None:
    rows = [{"success": False, "steps": 1, "final_distance_mm": math.nan, "peak_force_n": 1.0}]
    result = EvalResult.from_outcomes(
        rows, connector="u", policy="p", noise_mm=0, seed=0, backend="ros", wall_s=0, sim_s=0
    )
    assert json.loads(result.to_json())["final_distance_mm"] == [None]


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "eval.json"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="no"):
        write_atomic(path, _result().to_json())
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["eval.json"]


def test_table() -> None:
    header, row = table([_result()])
    assert len(header) == len(row)
    assert dict(zip(header, row, strict=True))["successes"] == "1/2"
    assert "9 % to 91 %".replace(" %", "%") in row


def test_no_episodes_and_missing_keys() -> None:
    with pytest.raises(ConfigError, match="episodes"):
        EvalResult.from_outcomes(
            [], connector="u", policy="p", noise_mm=0, seed=0, backend="gym", wall_s=0, sim_s=0
        )
    with pytest.raises(ConfigError, match="connector"):
        EvalResult.from_mapping({})
