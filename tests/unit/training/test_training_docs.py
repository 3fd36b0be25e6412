"""docs/training.md names every setting, its default and what a run of insertion really gets."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from sawyer_core.config import describe
from sawyer_policies.learners import config_class
from sawyer_policies.training import TrainingSettings, training_config

PAGE = Path(__file__).parents[3] / "docs" / "training.md"
BY_REWARD: dict[str, dict[str, Any]] = {
    "dense": {"reward": "dense"},
    "sparse": {"reward": "sparse"},
    "image": {"reward": "image"},
    "without a base, image": {"reward": "image", "base_controller": "none"},
}


def table(first: str) -> dict[str, dict[str, str]]:
    """Cells of the table whose first column has this title, by row and column."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition(f"| {first} |")
    head, _, *lines = f"| {first} |{below}".partition("\n\n")[0].splitlines()
    titles = [cell.strip() for cell in head.strip("|").split("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): dict(zip(titles, row, strict=True)) for row in rows}


def shown(value: object) -> str:
    return "empty" if value == "" else f"`{value}`"


def test_every_setting_is_documented_with_its_default_and_that_of_insertion() -> None:
    rows, insertion = table("setting"), asdict(training_config({}))
    for info in describe(TrainingSettings):
        assert rows[info.name]["default"] == shown(info.default)
        assert rows[info.name]["insertion"] == shown(insertion[info.name]), info.name
    assert len(rows) == len(describe(TrainingSettings))


@pytest.mark.parametrize("column", BY_REWARD)
def test_what_depends_on_the_reward_is_what_a_run_gets(column: str) -> None:
    rows, config = table("by reward"), asdict(training_config(BY_REWARD[column]))
    assert len(rows) == 10
    for name, cells in rows.items():
        assert cells[column] == shown(config[name]), name


@pytest.mark.parametrize("reward", ["dense", "sparse", "image"])
def test_what_differs_without_a_base_controller_is_said(reward: str) -> None:
    based = asdict(training_config({"reward": reward}))
    alone = asdict(training_config({"reward": reward, "base_controller": "none"}))
    listed = {"base_controller", "action_scale_m", "action_penalty"}
    if reward != "sparse":
        listed |= {"goal_copies"}
    if reward == "image":
        listed |= {"observation", "critic_observation", "representation_updates_per_step"}
    differ = {name for name, value in based.items() if alone[name] != value} - {"learner"}
    assert differ <= listed
    learners = (based["learner"], alone["learner"])
    other = {name for name, value in learners[0].items() if learners[1][name] != value}
    assert other == ({"tau"} if reward == "image" else set())
    assert (learners[0]["tau"], learners[1]["tau"]) in ((0.005, 0.005), (0.02, 0.005))
    assert (
        "`learner.tau` is `0.02` for residual policies that see pictures, else `0.005`."
        in PAGE.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("algorithm", ["sac", "td3"])
def test_settings_of_the_learners_are_what_a_run_gets(algorithm: str) -> None:
    rows, title = table("learner"), algorithm.upper()
    plain = asdict(config_class(algorithm)())
    used = asdict(training_config({"algorithm": algorithm}).learner)
    for name, cells in rows.items():
        key = re.sub(r"^learner\.", "", name)
        missing = "-" if key not in used else None
        assert cells[title] == (missing or shown(plain[key])), name
        assert cells[f"{title}, insertion"] == (missing or shown(used[key])), name
    named = {re.sub(r"^learner\.", "", name) for name in rows}
    assert {key for key in used if used[key] != plain[key]} <= named
