"""The demo with two policies, where no graph is needed."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from sawyer_cli import contrast, torch_needed
from sawyer_cli.app import run
from sawyer_cli.contrast import Side, bundle_facts, contrast_table, learned_policy, write_summary
from sawyer_cli.demo import DemoRequest
from sawyer_cli.dev.results import telling_moment_s
from sawyer_cli.results import EpisodeRow
from sawyer_datasets.sessions import bag_path
from sawyer_datasets.testing import SyntheticEpisode, write_episode
from sawyer_policies.testing import write_bundle


def row(index: int, *, success: bool, peak_n: float = 12.0) -> EpisodeRow:
    return EpisodeRow(index, index, success, True, "why", 10, 1.0, peak_n, 0.2, 0.1)


def side(policy: str, folder: Path, *successes: bool, interrupted: bool = False) -> Side:
    rows = tuple(row(i, success=success) for i, success in enumerate(successes))
    request = DemoRequest(policy=policy, episodes=len(rows), noise_mm=1.0)
    problems = ("it was interrupted",) if interrupted else ()
    return Side(request, folder / policy, rows, problems, interrupted)


@pytest.fixture
def bundles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bundles"
    training = {"algorithm": "sac", "reward": "image", "steps": 8000, "seed": 3, "env": {}}
    name = learned_policy("usb")
    write_bundle(folder / name, "image32", training=training, git_commit="0123456789abcdef")
    monkeypatch.setenv("SAWYER_POLICY_PATH", str(folder))
    return folder


def test_missing_bundle_is_said_with_what_can_be_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAWYER_POLICY_PATH", str(tmp_path))
    out = tmp_path / "out"
    assert run(["demo", "--learned", "residual_nobody", "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert "'residual_nobody' is missing" in error
    assert str(tmp_path) in error
    assert "./sawyer demo --connector usb --policy p_controller" in error
    assert not out.exists()


def test_damaged_bundle_is_no_missing_one(
    bundles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = bundles.parent / "nothing"
    monkeypatch.setattr("sawyer_policies.bundles.search.shipped_folder", lambda: nothing)
    (bundles / learned_policy("usb") / "policy.json").write_text("{", encoding="utf-8")
    assert run(["demo"]) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_hand_written_policy_is_not_the_learned_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--learned", "p_controller"]) == 2
    assert "not a bundle" in capsys.readouterr().err
    assert run(["demo", "--learned", "x", "--policy", "p_controller"]) == 2
    assert "--policy shows one policy alone" in capsys.readouterr().err


def test_environment_without_torch_is_said(
    bundles: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch_needed, "has_torch", lambda: False)
    assert run(["demo"]) == 1
    assert "SAWYER_TORCH=auto ./sawyer setup" in capsys.readouterr().err


@pytest.mark.parametrize(("interrupted", "policies"), [(False, 2), (True, 1)])
def test_both_run_the_same_seeds_unless_interrupted(
    bundles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    interrupted: bool,
    policies: int,
) -> None:
    asked: list[DemoRequest] = []

    def fake(request: DemoRequest, folder: Path, console: Console) -> Side:
        asked.append(request)
        return side(request.policy, tmp_path, True, interrupted=interrupted)

    monkeypatch.setattr(contrast, "run_side", fake)
    monkeypatch.setattr(contrast, "make_contrast", lambda *given: [])
    words = ["demo", "--episodes", "1", "--seed", "5", "--out", str(tmp_path / "out")]
    assert run(words) == (1 if interrupted else 0)
    assert [request.policy for request in asked] == ["p_controller", learned_policy("usb")][
        :policies
    ]
    assert {(request.seed, request.noise_mm, request.episodes) for request in asked} == {
        (5, 1.0, 1)
    }


def test_missed_sockets_are_no_problem_but_a_broken_graph_is(
    bundles: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fake(request: DemoRequest, folder: Path, console: Console) -> Side:
        return side(request.policy, tmp_path, request.policy != "p_controller")

    monkeypatch.setattr(contrast, "run_side", fake)
    monkeypatch.setattr(contrast, "make_contrast", lambda *given: [])
    assert run(["demo", "--episodes", "1", "--out", str(tmp_path / "a")]) == 0
    monkeypatch.setattr(contrast, "make_contrast", lambda *given: ["no video was made"])
    assert run(["demo", "--episodes", "1", "--out", str(tmp_path / "b")]) == 1


def test_table_has_both_and_fits_eighty_columns(tmp_path: Path) -> None:
    sides = [side("p_controller", tmp_path, False, True), side("learned", tmp_path, True, True)]
    spec = SyntheticEpisode(seed=7, noise_mm=1.0, max_steps=4)
    write_episode(bag_path(sides[0].folder, 0), spec)
    console = Console(file=io.StringIO(), width=80)
    console.print(contrast_table(sides))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "peak force" in text
    for words in ("P-controller", "Residual policy", "1 of 2", "2 of 2", "±1 mm"):
        assert words in text
    write_summary(tmp_path, sides)
    summary = json.loads((tmp_path / "contrast.json").read_text(encoding="utf-8"))
    assert [s["successes"] for s in summary["sides"]] == [1, 2]
    offset = summary["sides"][0]["goal_error_mm"][0]
    assert f"{offset[0]:+.2f}, {offset[1]:+.2f}" in text
    assert summary["sides"][0]["goal_error_mm"][1] is None


def test_kept_picture_shows_the_episode_that_tells_them_apart() -> None:
    def rows(*given: "tuple[bool, float]") -> "dict[str, object]":
        return {"episodes": [{"success": won, "time_s": time_s} for won, time_s in given]}

    summary = {"sides": [rows((True, 1.5), (False, 1.0)), rows((True, 2.0), (True, 3.0))]}
    # The first lasts 0.6 + 2.0 + 1.2 s; the second is at its end half a hold before its own.
    assert telling_moment_s(summary) == pytest.approx(3.8 + 0.6 + 3.0 + 0.6)
    same = {"sides": [rows((True, 1.5)), rows((True, 2.0))]}
    assert telling_moment_s(same) == pytest.approx(0.6 + 2.0 + 0.6)


def test_page_says_where_the_policy_comes_from(bundles: Path) -> None:
    facts = bundle_facts(bundles / learned_policy("usb"))
    assert facts["algorithm"] == "sac"
    assert facts["steps"] == 8000
    assert facts["sees"] == "image"
    assert facts["correction"] == "up to ±1 mm per step"
    assert facts["code"] == "0123456789ab"
    assert "bundle" in bundle_facts(bundles)
