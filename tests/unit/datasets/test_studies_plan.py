"""The plan of chapter 9: what is shipped, and what is refused with the choices."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets.studies.insertion_plan import GOALS, InsertionPlan
from sawyer_datasets.studies.jobs import EVAL, TRAIN, JobSet
from sawyer_datasets.studies.plans import plan_path

SHIPPED = InsertionPlan.load(plan_path("ch9"))

# Thesis tables 3 and 4, typed off the page: (row, connector) -> percent (perfect, noisy).
PRINTED = {
    ("rl_sac_dense", "dsub"): (16, 0),
    ("rl_sac_image", "dsub"): (0, 0),
    ("rl_td3_image", "dsub"): (12, 12),
    ("lfd_td3_image", "dsub"): (52, 52),
    ("residual_sac_dense", "dsub"): (100, 60),
    ("residual_sac_image", "dsub"): (100, 64),
    ("residual_td3_image", "dsub"): (52, 52),
    ("p_controller", "dsub"): (100, 44),
    ("rl_sac_dense", "model_e"): (0, 0),
    ("rl_sac_image", "model_e"): (0, 0),
    ("rl_td3_image", "model_e"): (0, 0),
    ("lfd_td3_image", "model_e"): (20, 20),
    ("residual_sac_dense", "model_e"): (100, 76),
    ("residual_sac_image", "model_e"): (100, 76),
    ("residual_td3_image", "model_e"): (0, 0),
    ("p_controller", "model_e"): (52, 24),
    ("rl_sac_dense", "usb"): (28, 20),
    ("rl_sac_sparse", "usb"): (16, 8),
    ("rl_td3_sparse", "usb"): (44, 28),
    ("rl_sac_image", "usb"): (36, 32),
    ("rl_td3_image", "usb"): (28, 28),
    ("lfd_td3_sparse", "usb"): (100, 32),
    ("lfd_td3_image", "usb"): (88, 60),
    ("residual_sac_dense", "usb"): (100, 84),
    ("residual_sac_sparse", "usb"): (88, 84),
    ("residual_td3_sparse", "usb"): (100, 36),
    ("residual_sac_image", "usb"): (100, 80),
    ("residual_td3_image", "usb"): (0, 0),
    ("p_controller", "usb"): (100, 60),
}

SMALL: dict[str, Any] = {
    "format": "sawyer-study",
    "study": "ch9",
    "title": "Small",
    "budgets": {
        "full": {"train_seeds": [0, 1], "steps": 400, "episodes": 5, "backend": "ros"},
        "baseline": {"train_seeds": [], "episodes": 10, "backend": "ros"},
    },
    "estimates": {
        "train_state_s_per_1000": 30,
        "train_image_s_per_1000": 45,
        "eval_ros_s": 2,
        "eval_gym_s": 0.6,
        "eval_start_s": 10,
    },
    "rows": {
        "p_controller": {
            "group": "Hand-written",
            "label": "P-controller",
            "policy": "p_controller",
            "budget": "baseline",
            "cells": {"usb": {"published": [100, 60]}},
        },
        "residual_sac_dense": {
            "group": "Residual RL",
            "label": "Dense, SAC",
            "train": {"preset": "residual_sac_state", "algorithm": "sac", "reward": "dense"},
            "budget": "full",
            "cells": {"usb": {"published": [100, 84]}, "dsub": {"published": None}},
        },
    },
}


def loaded(folder: Path, values: dict[str, Any]) -> InsertionPlan:
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return InsertionPlan.load(path)


def changed(*keys: str, value: Any) -> dict[str, Any]:
    values = copy.deepcopy(SMALL)
    place = values
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return values


def test_shipped_plan_has_every_published_number() -> None:
    published = {
        (row.name, cell.connector): cell.published
        for row in SHIPPED.rows.values()
        for cell in row.cells.values()
        if cell.published is not None
    }
    assert published == {key: tuple(map(float, value)) for key, value in PRINTED.items()}


def test_shipped_residual_sac_rows_are_not_cut() -> None:
    rows = [row for name, row in SHIPPED.rows.items() if name.startswith("residual_sac")]
    assert {row.reward for row in rows} == {"image", "dense", "sparse"}
    for cell in (cell for row in rows for cell in row.cells.values()):
        budget = cell.budget
        assert (len(budget.train_seeds), budget.episodes, budget.backend) == (3, 25, "ros")
        assert budget.steps <= 8000
        assert cell.bar is not None


def test_every_cut_budget_says_why() -> None:
    for budget in SHIPPED.budgets.values():
        if budget.train_seeds and (len(budget.train_seeds) < 3 or budget.backend != "ros"):
            assert budget.reason


def test_trainings_of_a_cell_meet_different_evaluation_seeds() -> None:
    seen: dict[tuple[str, str, str], list[int]] = {}
    for job in SHIPPED.jobs():
        if job.kind == EVAL:
            first = int(job.words[job.words.index("--seed") + 1])
            count = int(job.words[job.words.index("--episodes") + 1])
            row, connector, *_, goal = job.id.split("/")
            seen.setdefault((row, connector, goal), []).extend(range(first, first + count))
    for seeds in seen.values():
        assert len(set(seeds)) == len(seeds)
        assert set(seeds) <= set(range(100))
    assert set(seen["p_controller", "usb", "exact"]) == set(
        seen["residual_sac_image", "usb", "exact"]
    )


def test_commands_are_those_of_the_command_line(tmp_path: Path) -> None:
    jobs = loaded(tmp_path, SMALL).jobs()
    training = jobs["residual_sac_dense/usb/s1/train"]
    assert " ".join(training.words) == (
        "train residual --connector usb --preset residual_sac_state --noise-mm 1 --steps 400 "
        "--seed 1 --out {out}"
    )
    evaluation = jobs["residual_sac_dense/usb/s1/noisy"]
    assert " ".join(evaluation.words) == (
        "eval insertion --connector usb --policy {policy:residual_sac_dense/usb/s1/train} "
        "--noise-mm 1 --episodes 5 --seed 5 --backend ros --json {json}"
    )
    assert evaluation.needs == (training.id,)


def test_one_training_serves_both_goals(tmp_path: Path) -> None:
    jobs = list(loaded(tmp_path, SMALL).jobs())
    assert sum(job.kind == TRAIN for job in jobs) == 4  # 2 connectors x 2 seeds
    assert sum(job.kind == EVAL for job in jobs) == (4 + 1) * len(GOALS)


def fingerprints(jobs: JobSet) -> dict[str, str]:
    return {job.id: jobs.fingerprint(job.id) for job in jobs}


@pytest.mark.parametrize(
    ("keys", "value", "touched"),
    [
        (("rows", "residual_sac_dense", "label"), "Renamed", ()),
        (("estimates", "eval_ros_s"), 9, ()),
        (("rows", "residual_sac_dense", "cells", "usb", "published"), [1, 2], ()),
        (
            ("rows", "residual_sac_dense", "cells", "usb", "set"),
            {"learner.batch_size": 64},
            ("residual_sac_dense/usb/",),
        ),
        (
            ("rows", "residual_sac_dense", "cells", "dsub", "revision"),
            1,
            ("residual_sac_dense/dsub/",),
        ),
        (("budgets", "baseline", "episodes"), 9, ("p_controller/",)),
    ],
)
def test_changed_entry_touches_its_own_cells_only(
    tmp_path: Path, keys: tuple[str, ...], value: Any, touched: tuple[str, ...]
) -> None:
    before = fingerprints(loaded(tmp_path, SMALL).jobs())
    after = fingerprints(loaded(tmp_path, changed(*keys, value=value)).jobs())
    different = {name for name in before if before[name] != after[name]}
    assert different == {name for name in before if name.startswith(touched or ("-",))}


def test_config_file_counts_with_its_content(tmp_path: Path) -> None:
    values = changed("rows", "residual_sac_dense", "cells", "usb", "config", value="tuned.yaml")
    (tmp_path / "tuned.yaml").write_text("batch: 1\n", encoding="utf-8")
    one = loaded(tmp_path, values).jobs()
    assert "{plan}/tuned.yaml" in one["residual_sac_dense/usb/s0/train"].words
    (tmp_path / "tuned.yaml").write_text("batch: 2\n", encoding="utf-8")
    two = loaded(tmp_path, values).jobs()
    assert one.fingerprint("residual_sac_dense/usb/s0/noisy") != two.fingerprint(
        "residual_sac_dense/usb/s0/noisy"
    )


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("rows", "residual_sac_dense", "budget"), "ful", ("'full'", "baseline")),
        (("rows", "residual_sac_dense", "bugdet"), "full", ("'budget'",)),
        (("rows", "residual_sac_dense", "train", "algorithm"), "ppo", ("sac", "td3")),
        (("rows", "residual_sac_dense", "train", "reward"), "images", ("'image'",)),
        (("rows", "residual_sac_dense", "cells", "usbc"), {}, ("'usb'", "model_e")),
        (("rows", "residual_sac_dense", "cells", "usb", "published"), [100], ("2 numbers",)),
        (("rows", "residual_sac_dense", "cells", "usb", "config"), "no.yaml", ("no.yaml",)),
        (("rows", "residual_sac_dense", "policy"), "x", ("exactly one",)),
        (("rows", "residual_sac_dense", "budget"), "baseline", ("training seeds",)),
        (("budgets", "full", "episodes"), 51, ("at most 50",)),
        (("budgets", "full", "episodes"), 0, ("1 to 100",)),
        (("budgets", "full", "backend"), "gazebo", ("ros", "gym")),
        (("budgets", "full", "train_seeds"), [0, 0], ("different integers",)),
        (("budgets", "full", "steps"), True, ("int",)),
        (("study",), "ch10", ("ch9",)),
        (("format",), "else", ("sawyer-study",)),
        (("rows",), {}, ("one row or more",)),
    ],
)
def test_bad_plans_are_refused_with_what_is_allowed(
    tmp_path: Path, keys: tuple[str, ...], value: Any, words: tuple[str, ...]
) -> None:
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        loaded(tmp_path, changed(*keys, value=value))
    for word in words:
        assert word in str(caught.value)


def test_unknown_row_lists_the_rows() -> None:
    with pytest.raises(UnknownNameError) as caught:
        SHIPPED.jobs().select(["residual_sac_imag"])
    assert caught.value.nearest == "residual_sac_image"
    assert "p_controller" in caught.value.choices
    with pytest.raises(UnknownNameError, match="residual_sac_image"):
        SHIPPED.row("residual_sac_imag")


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("residual_sac*", 2 * 2 * 3),
        ("residual_sac_dense", 2 * 2 * 3),
        ("residual_sac_dense/usb", 2 * 3),
        ("residual_sac_dense/*/s0", 2 * 3),
        ("*/noisy", 2 * 2 + 1),
        ("p_controller/usb/exact", 1),
    ],
)
def test_patterns_choose_rows_cells_and_parts(tmp_path: Path, pattern: str, count: int) -> None:
    assert len(loaded(tmp_path, SMALL).jobs().select([pattern])) == count
