"""Episode files, tables and the evaluation's JSON."""

import json
import math
from pathlib import Path

import pytest

from sawyer_cli.errors import CommandError
from sawyer_cli.evaluate import EvaluationRequest, json_text, summary
from sawyer_cli.results import EpisodeRow, read_episodes

ENTRY = {
    "index": 0,
    "seed": 7,
    "success": True,
    "valid": True,
    "reason": "inserted",
    "steps": 21,
    "time_s": 2.1,
    "peak_force_n": 14.5,
    "final_distance_mm": 0.3,
    "wall_s": 0.4,
}


def row(**changes: object) -> EpisodeRow:
    return EpisodeRow(**{**ENTRY, **changes})  # type: ignore[arg-type]


def test_episodes_are_read_and_null_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / "episodes.json"
    content = {"complete": True, "episodes": [ENTRY, {**ENTRY, "final_distance_mm": None}]}
    path.write_text(json.dumps(content), encoding="utf-8")
    rows = read_episodes(tmp_path)
    assert rows[0].peak_force_n == 14.5
    assert math.isnan(rows[1].final_distance_mm)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("3", "list of episodes"),
        ('[{"seed": 1}]', "episode 0"),
        ('[{"seed": "x", "success": 1}]', "episode 0"),
    ],
)
def test_malformed_episode_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "episodes.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=message):
        read_episodes(tmp_path)


def test_missing_episode_file_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no usable results"):
        read_episodes(tmp_path)


REQUEST = EvaluationRequest("usb", "p_controller", 1.0, 3, 5, "gym")
FIELDS = {
    "connector", "policy", "noise_mm", "episodes", "successes", "success_rate", "ci95",
    "mean_steps", "final_distance_mm", "peak_force_n", "seed", "backend", "wall_s", "sim_s",
}  # fmt: skip


def test_summary_counts_only_valid_episodes() -> None:
    rows = [row(), row(index=1, success=False, steps=50, time_s=5.0), row(index=2, valid=False)]
    result = summary(REQUEST, rows, wall_s=1.0)
    assert set(result) >= FIELDS
    assert (result["successes"], result["episodes"]) == (1, 2)
    assert result["success_rate"] == pytest.approx(0.5)
    assert result["mean_steps"] == pytest.approx((21 + 50) / 2)
    assert result["sim_s"] == pytest.approx(9.2)
    assert result["invalid"] == 1


def test_summary_of_nothing_valid_is_refused() -> None:
    rows = [row(valid=False)] * 3
    with pytest.raises(CommandError, match="nothing to count"):
        summary(REQUEST, rows, wall_s=1.0)


def test_summary_refuses_missing_episodes() -> None:
    with pytest.raises(CommandError, match="1 results for 3"):
        summary(REQUEST, [row()], wall_s=1.0)


def test_json_is_strict() -> None:
    rows = [row(final_distance_mm=math.nan), row(), row()]
    text = json_text(summary(REQUEST, rows, wall_s=1.0))
    data = json.loads(text, parse_constant=lambda name: pytest.fail(name))
    assert data["final_distance_mm"][0] is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"connector": "ubs"}, "Did you mean 'usb'"),
        ({"policy": "p_controler"}, "Did you mean 'p_controller'"),
        ({"backend": "gymm"}, "gym, ros"),
        ({"noise_mm": math.nan}, "--noise-mm"),
        ({"noise_mm": -1.0}, "--noise-mm"),
        ({"episodes": 0}, "--episodes"),
        ({"seed": -1}, "--seed"),
        ({"workers": 0}, "--workers"),
    ],
)
def test_bad_requests_are_refused_with_what_is_allowed(
    changes: "dict[str, object]", message: str
) -> None:
    values = {**REQUEST.__dict__, **changes}
    with pytest.raises(CommandError, match=message):
        EvaluationRequest(**values).checked()
