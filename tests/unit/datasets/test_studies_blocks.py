"""The study of chapter 8: its plan, its jobs and its documents from made-up records."""

import copy
import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets.studies import blocks_pictures, blocks_report
from sawyer_datasets.studies.blocks_plan import BlocksPlan
from sawyer_datasets.studies.blocks_summary import blocks_cells
from sawyer_datasets.studies.documents import write_all
from sawyer_datasets.studies.jobs import EVAL, TRAIN
from sawyer_datasets.studies.plans import plan_path
from sawyer_datasets.studies.runner import Study
from sawyer_datasets.studies.store import Store
from sawyer_datasets.studies.testing import FakeExecutor

SHIPPED = plan_path("ch8")
PLAN = BlocksPlan.load(SHIPPED)
VALUES: dict[str, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))


def filled_store(folder: Path, *only: str, **options: Any) -> Store:
    jobs = PLAN.jobs()
    store = Store(folder, jobs)
    if only:
        study = Study(jobs, store, FakeExecutor(store, **options), lambda line: None)
        study.run(jobs.select(only), workers=1, stop=threading.Event())
    return store


def written(store: Store, out: Path) -> str:
    write_all(out, blocks_report.texts(PLAN, store, out))
    return (out / "report.md").read_text(encoding="utf-8")


def test_sweeps_are_those_of_the_thesis() -> None:
    points = {
        name: [setting.x for setting in experiment.settings.values()]
        for name, experiment in PLAN.experiments.items()
        if experiment.kind == "sweep"
    }
    assert points["rotation"] == [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    assert (min(points["noise"]), max(points["noise"])) == (0.01, 0.1)
    assert (min(points["bias"]), max(points["bias"])) == (0.0, 0.2)
    for setting in PLAN.experiments["bias"].settings.values():
        assert setting.train["env.control_sigma"] == setting.evaluate["control-sigma"] == 0.05
        assert setting.train["env.control_mu"] == setting.evaluate["control-mu"] == setting.x


def test_published_trials_and_what_is_to_be_reached() -> None:
    entries = PLAN.experiments["turned"].entries
    assert entries["hand"].published == (2.0, 20.0)
    assert entries["residual"].published == (15.0, 20.0)
    assert (entries["residual"].at_least, entries["hand"].at_most) == (18 / 20, 5 / 20)
    assert len(entries["residual"].budget.train_seeds) == 3


def test_training_and_evaluation_meet_the_same_scene() -> None:
    names = {
        "env.block_yaw_rad": "yaw-rad",
        "env.block_yaw_set": "yaw-set",
        "env.control_sigma": "control-sigma",
        "env.control_mu": "control-mu",
        "env.scene": "scene",
    }
    for name, experiment in PLAN.experiments.items():
        for setting in experiment.settings.values():
            trained = {names[k]: v for k, v in setting.train.items() if k.startswith("env.")}
            others = {k: v for k, v in setting.train.items() if not k.startswith("env.")}
            # no mirror turns a bias round
            assert others == ({"mirror_copies": False} if name == "bias" else {})
            assert trained == {**trained, **setting.evaluate}
            assert set(trained) - set(setting.evaluate) <= {"scene"}


def test_simulated_policy_is_base_or_beginning_in_the_other_twin() -> None:
    jobs = PLAN.jobs()
    source = "sim_to_real/sim/twin_a/s0/train"
    begun = jobs["sim_to_real/residual_sim/twin_b/s1/train"]
    stood = jobs["sim_to_real/residual_on_sim/twin_b/s1/train"]
    assert f"init_from={{run:{source}}}" in begun.words
    assert f"base_policy={{policy:{source}}}" in stood.words
    assert begun.needs == stood.needs == (source,)
    assert "env.scene=blocks" in jobs[source].words
    assert "env.scene=blocks_b" in begun.words
    assert jobs.continued(source)
    assert not jobs.continued(begun.id)


def test_training_without_the_checkpoint_that_others_need_is_done_again(tmp_path: Path) -> None:
    store = filled_store(tmp_path, "sim_to_real/sim")
    jobs = PLAN.jobs()
    source = jobs["sim_to_real/sim/twin_a/s0/train"]
    assert not store.usable(source)
    store.checkpoint(source).mkdir(parents=True)
    assert store.usable(source)


def test_every_method_is_evaluated_wherever_it_is_trained() -> None:
    jobs = PLAN.jobs()
    trained = {job.id.rsplit("/", 1)[0] for job in jobs if job.kind == TRAIN}
    evaluated = {job.id.rsplit("/", 1)[0] for job in jobs if job.kind == EVAL}
    assert {name.split("/")[1] for name in trained - evaluated} == {"residual_on_sim"}
    assert {name.split("/")[1] for name in evaluated - trained} == {"hand"}


@pytest.mark.parametrize(
    ("keys", "value", "words"),
    [
        (("methods", "residual", "policy"), "x", ("exactly one",)),
        (("methods", "residual_sim", "needs"), "simm", ("'sim'",)),
        (("experiments", "turned", "kind"), "trial", ("'trials'", "sweep")),
        (("experiments", "turned", "methods", "residuall"), {}, ("'residual'",)),
        (("experiments", "turned", "methods", "hand", "budget"), "full", ("without training",)),
        (("experiments", "turned", "methods", "residual", "budget"), "hand", ("with training",)),
        (("experiments", "turned", "settings"), {}, ("one setting or more",)),
        (("experiments", "turned", "settings", "20deg", "eva"), {}, ("'eval'",)),
        (("experiments", "turned", "methods", "rl_sim"), {"budget": "full"}, ("sim_rl",)),
        (("experiments",), {}, ("one experiment or more",)),
    ],
)
def test_bad_plans_are_refused_with_what_is_allowed(
    tmp_path: Path, keys: tuple[str, ...], value: Any, words: tuple[str, ...]
) -> None:
    values = copy.deepcopy(VALUES)
    place = values
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    with pytest.raises((ConfigError, UnknownNameError)) as caught:
        BlocksPlan.load(path)
    for word in words:
        assert word in str(caught.value)


def test_report_without_any_run_says_so(tmp_path: Path) -> None:
    text = written(filled_store(tmp_path / "work"), tmp_path / "out")
    cells = blocks_cells(PLAN, filled_store(tmp_path / "work"))
    assert text.count("| not run |") == len(cells)
    assert "Nothing has been run yet." in text
    data = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert {cell["status"] for cell in data["summary"]} == {"not run"}


def test_report_sets_ours_beside_the_seeds(tmp_path: Path) -> None:
    store = filled_store(
        tmp_path / "work", "turned", rate=lambda job: float(job.id.startswith("turned/residual"))
    )
    text = written(store, tmp_path / "out")
    hand, residual = (
        next(line for line in text.splitlines() if f"| {label} | **" in line)
        for label in ("Hand controller", "Residual RL")
    )
    assert "**0 %** (0/60)" in hand
    assert hand.endswith("| 2/20 |")
    assert "**100 %** (60/60) | 94 to 100 % | 20 20 20 | -2.00, -2.00 to -2.00 | 15/20" in residual
    assert "- Hand controller: under 25 % was to be reached, 0.0 % is: yes." in text
    assert "- Residual RL: at least 90 % was to be reached, 100.0 % is: yes." in text
    # Newcombe by hand: Wilson of 60/60 is (0.940, 1), of 15/20 (0.531, 0.888);
    # 0.25 - hypot(0.060, 0.138) = 0.099 and 0.25 + hypot(0, 0.219) = 0.469
    assert "difference +10 to +47 points: different" in text


def colours(picture: bytes) -> int:
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).reshape(-1, 3)
    return len(np.unique(pixels.astype(np.uint32) @ np.array([1, 256, 65536], dtype=np.uint32)))


def test_pictures_show_something_and_more_when_more_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks_pictures, "DPI", 40)
    empty = blocks_report.pictures(PLAN, filled_store(tmp_path / "a"))
    full = blocks_report.pictures(PLAN, filled_store(tmp_path / "b", "*/s0", "*/hand"))
    assert set(empty) == {f"{name}.png" for name in PLAN.experiments}
    for name in empty:
        assert 20 < colours(empty[name]) < colours(full[name]), name
