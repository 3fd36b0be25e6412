"""`sawyer report`: refusals, dry run, rendering, and commands as processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from sawyer_cli import report_commands
from sawyer_cli.app import run
from sawyer_cli.report import ReportRequest, run_report
from sawyer_cli.report_commands import CommandExecutor
from sawyer_cli.report_settings import outdated, resolved_settings
from sawyer_datasets.studies import insertion_report
from sawyer_datasets.studies.catalogue import load_plan
from sawyer_datasets.studies.insertion_plan import InsertionPlan
from sawyer_datasets.studies.jobs import Job, JobSet
from sawyer_datasets.studies.plans import plan_path
from sawyer_datasets.studies.runner import JobFailedError, StudyStoppedError
from sawyer_datasets.studies.store import Store
from sawyer_datasets.studies.testing import FakeExecutor, made_up_rows

ROW = {
    "group": "Residual RL",
    "label": "Dense, SAC",
    "train": {"preset": "debug", "algorithm": "sac", "reward": "dense"},
    "budget": "full",
    "cells": {"usb": {"published": [100, 84], "bar": [96, 90]}},
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    values = yaml.safe_load(plan_path("ch9").read_text(encoding="utf-8"))
    values["budgets"] = {
        "full": {"train_seeds": [0, 1], "steps": 100, "episodes": 2, "backend": "gym"}
    }
    values["rows"] = {"residual_sac_dense": ROW}
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insertion_report, "pictures", lambda plan, store: {})


def request(tmp_path: Path, plan: Path, **options: Any) -> ReportRequest:
    return ReportRequest("ch9", plan=plan, work=tmp_path / "w", out=tmp_path / "o", **options)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "0"], "allowed is 1 to 64"),
        (["--dry-run", "--render-only"], "exclude each other"),
        (["--fresh", "--dry-run"], "--fresh runs cells"),
        (["--only", "residual_sac_imag"], "did you mean 'residual_sac_image'"),
        (["--plan", "no_such_plan.yaml"], "no_such_plan.yaml"),
    ],
)
def test_refusals(words: "list[str]", said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "ch9", *words]) != 0
    assert said in capsys.readouterr().err


def test_dry_run_lists_commands_and_time_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--work", str(tmp_path / "w"), "--out", str(tmp_path / "o"), "--dry-run"]
    assert run(["report", "ch9", "--only", "residual_sac_image/usb/s0", *words]) == 0
    text = capsys.readouterr().out
    assert "./sawyer train residual --connector usb --preset residual_sac_image" in text
    assert text.count("./sawyer eval insertion --connector usb") == 2
    assert "3 cells asked for, 0 finished, 3 to run" in text
    assert list(tmp_path.iterdir()) == []


def test_render_only_builds_documents_from_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--work", str(tmp_path / "w"), "--out", str(tmp_path / "o"), "--render-only"]
    assert run(["report", "ch9", *words]) == 0
    assert "not run" in (tmp_path / "o" / "report.md").read_text(encoding="utf-8")
    assert "report.md" in capsys.readouterr().out


def executor_for(tmp_path: Path, plan: Path, **options: Any) -> FakeExecutor:
    jobs = InsertionPlan.load(plan).jobs()
    return FakeExecutor(Store(tmp_path / "w", jobs), **options)


@pytest.mark.usefixtures("no_pictures")
def test_run_goes_on_where_it_stopped_and_then_renders(tmp_path: Path, plan: Path) -> None:
    failing = executor_for(tmp_path, plan, failing=frozenset({"residual_sac_dense/usb/s1/train"}))
    lines: list[str] = []
    assert run_report(request(tmp_path, plan, workers=1), lines.append, failing) == 1
    assert any(line.startswith("failed: residual_sac_dense/usb/s1/train") for line in lines)
    again = executor_for(tmp_path, plan)
    assert run_report(request(tmp_path, plan), lines.append, again) == 0
    assert sorted(again.done) == [
        f"residual_sac_dense/usb/s1/{word}" for word in ("exact", "noisy", "train")
    ]
    fresh = executor_for(tmp_path, plan)
    only = ("residual_sac_dense/usb/s0",)
    assert run_report(request(tmp_path, plan, only=only, fresh=True), lines.append, fresh) == 0
    assert len(fresh.done) == 3
    data = json.loads((tmp_path / "o" / "results.json").read_text(encoding="utf-8"))
    assert [cell["status"] for cell in data["summary"]] == ["complete", "complete"]


@pytest.mark.usefixtures("no_pictures")
def test_signal_stops_the_run_in_order(tmp_path: Path, plan: Path) -> None:
    def press(job: Job) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.05)
        raise StudyStoppedError

    lines: list[str] = []
    executor = executor_for(tmp_path, plan, before=press)
    assert run_report(request(tmp_path, plan, workers=1), lines.append, executor) == 130
    assert "goes on from here" in lines[-1]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_settings_that_would_be_refused_are_refused_before_anything_runs(
    tmp_path: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = yaml.safe_load(plan.read_text(encoding="utf-8"))
    values["rows"]["residual_sac_dense"]["train"]["set"] = {"learner.batch": 8}
    plan.write_text(yaml.safe_dump(values), encoding="utf-8")
    words = ["--plan", str(plan), "--work", str(tmp_path / "w"), "--out", str(tmp_path / "o")]
    assert run(["report", "ch9", *words]) == 2
    error = capsys.readouterr().err
    assert "residual_sac_dense/usb/s0/train" in error
    assert "'learner.batch_size'" in error
    assert not (tmp_path / "w").exists()


def test_every_training_of_the_shipped_plan_would_be_accepted() -> None:
    plan_file = plan_path("ch9")
    plan = InsertionPlan.load(plan_file)
    for job in plan.jobs():
        if job.kind == "train" and "/s0/" in job.id:
            settings = resolved_settings(job, plan_file.parent)
            row = plan.row(job.id.split("/")[0])
            assert (settings["algorithm"], settings["reward"]) == (row.algorithm, row.reward)
            residual = settings["base_controller"] == "p_controller"
            assert residual == (row.group == "Residual RL")
            assert bool(settings["demos"]) == (row.group == "RL + LfD")


def test_every_block_training_of_the_shipped_plan_would_be_accepted() -> None:
    import inspect

    from sawyer_cli.quiet import import_quietly

    import_quietly("pybullet")
    from sawyer_sim.blocks.env import BlocksEnv

    plan_file = plan_path("ch8")
    scene = set(inspect.signature(BlocksEnv).parameters)
    for job in load_plan("ch8", plan_file).jobs():
        if job.kind == "train" and "/s0/" in job.id:
            settings = resolved_settings(job, plan_file.parent)
            assert settings["task"] == "blocks"
            assert set(settings["env"]) <= scene
            assert (settings["base_controller"] == "none") == ("rl" in job.id.split("/")[1])


def test_cells_made_with_other_settings_are_named(tmp_path: Path, plan: Path) -> None:
    jobs = InsertionPlan.load(plan).jobs()
    store = Store(tmp_path / "w", jobs)
    job = jobs["residual_sac_dense/usb/s0/train"]
    settings = resolved_settings(job, plan.parent)
    store.save(job, {"result": {"config": settings}})
    assert outdated(jobs, store, plan.parent) == []
    store.save(job, {"result": {"config": {**settings, "gone": 1, "horizon": 49}}})
    (line,) = outdated(jobs, store, plan.parent)
    assert line == "residual_sac_dense/usb/s0/train: horizon was 49, is 50"
    older = {name: value for name, value in settings.items() if name != "goal_copies"}
    store.save(job, {"result": {"config": older}})
    (line,) = outdated(jobs, store, plan.parent)
    assert line == "residual_sac_dense/usb/s0/train: goal_copies was 0, is 7"


# ---- commands as processes; a small program stands in for `python -m sawyer_cli`

PROGRAM = """
import json, pathlib, sys, time
words = sys.argv[1:]
def value(option):
    return words[words.index(option) + 1]
if words[0] == "train":
    out = pathlib.Path(value("--out"))
    resumed = "--resume" in words
    if not resumed:
        out.mkdir(parents=True)
        (out / "config.json").write_text("{}")
    (out / "checkpoint").mkdir(exist_ok=True)
    if "SLOW" in words[1] and not resumed:
        print("slow", flush=True)
        time.sleep(60)
    bundle = out / "bundle" / "p"
    bundle.mkdir(parents=True)
    (bundle / "policy.json").write_text(json.dumps({"name": "p", "resumed": resumed}))
    (out / "metrics.jsonl").write_text(ROWS)
else:
    if value("--policy") == "refused":
        print("unknown policy", flush=True)
        sys.exit(1)
    row = {"success": True, "reason": "success", "steps": 3, "final_distance_mm": 0.5,
           "peak_force_n": None}
    pathlib.Path(value("--json")).write_text(json.dumps({
        "successes": 2, "episodes": 2, "invalid": 1, "seed": 0, "backend": "gym",
        "results": [row] * 3}))
    sys.exit(1)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    rows = "\n".join(json.dumps(row) for row in made_up_rows(100, np.random.default_rng(0)))
    file = tmp_path / "program.py"
    file.write_text(f"ROWS = {rows!r}\n{PROGRAM}", encoding="utf-8")
    interpreter = tmp_path / "python"
    interpreter.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {file} "$@"\n')
    interpreter.chmod(0o755)
    monkeypatch.setattr(report_commands.sys, "executable", str(interpreter))


def small_jobs(task: str = "residual", policy: str = "{policy:a/train}") -> JobSet:
    words = ("train", task, "--steps", "100", "--out", "{out}")
    evaluation = ("eval", "insertion", "--policy", policy, "--json", "{json}")
    return JobSet([
        Job("a/train", "train", words),
        Job("a/exact", "eval", evaluation, ("a/train",)),
    ])  # fmt: skip


def executor(tmp_path: Path, jobs: JobSet) -> tuple[CommandExecutor, Store]:
    store = Store(tmp_path / "w", jobs)
    return CommandExecutor(tmp_path, store, jobs, tmp_path, shared=True), store


def carry_out(made: CommandExecutor, store: Store, job: Job) -> dict[str, Any]:
    with store.claim(job) as claim:
        assert claim is not None
        values = made(job, claim, threading.Event())
    return store.save(job, values)


def test_commands_hold_no_path_of_this_machine(tmp_path: Path) -> None:
    jobs, checkout = small_jobs(), tmp_path / "checkout"
    checkout.mkdir()
    store = Store(tmp_path / "elsewhere", jobs)
    made = CommandExecutor(checkout, store, jobs, checkout, shared=False)
    command = made.origin(jobs["a/train"])["command"]
    assert "--out ../elsewhere/train/" in command
    assert str(tmp_path) not in command


@pytest.mark.usefixtures("program")
def test_commands_become_records(tmp_path: Path) -> None:
    jobs = small_jobs()
    made, store = executor(tmp_path, jobs)
    record = carry_out(made, store, jobs["a/train"])
    folder = store.path("train", jobs["a/train"]).relative_to(tmp_path)
    assert record["command"] == f"./sawyer train residual --steps 100 --out {folder}"
    assert record["result"]["env_steps"] == 100
    assert not (tmp_path / folder / "checkpoint").exists()  # large, and of no more use
    record = carry_out(made, store, jobs["a/exact"])
    assert f"--policy {folder}/bundle/p " in record["command"]
    result = record["result"]
    assert (result["successes"], result["episodes"], result["invalid"]) == (2, 2, 1)
    assert result["reasons"] == {"success": 3}


@pytest.mark.usefixtures("program")
def test_finished_training_of_a_killed_runner_is_taken_over(tmp_path: Path) -> None:
    jobs = small_jobs()
    made, store = executor(tmp_path, jobs)
    carry_out(made, store, jobs["a/train"])
    store.path("cells", jobs["a/train"], ".json").unlink()
    log = store.path("logs", jobs["a/train"], ".log")
    log.unlink()
    carry_out(made, store, jobs["a/train"])
    assert not log.exists()


@pytest.mark.usefixtures("program")
def test_failed_command_shows_the_end_of_its_log(tmp_path: Path) -> None:
    jobs = small_jobs(policy="refused")
    made, store = executor(tmp_path, jobs)
    carry_out(made, store, jobs["a/train"])
    with pytest.raises(JobFailedError, match=r"exit 1.*\n.*\nunknown policy"):
        carry_out(made, store, jobs["a/exact"])


@pytest.mark.usefixtures("program")
def test_evaluation_does_not_run_without_the_policy_it_needs(tmp_path: Path) -> None:
    jobs = small_jobs()
    made, store = executor(tmp_path, jobs)
    with pytest.raises(JobFailedError, match="the run of a/train is not in the work folder"):
        carry_out(made, store, jobs["a/exact"])


@pytest.mark.usefixtures("program")
def test_stopped_command_ends_and_its_training_is_resumed(tmp_path: Path) -> None:
    jobs = small_jobs(task="SLOW")
    made, store = executor(tmp_path, jobs)
    stop = threading.Event()
    job = jobs["a/train"]
    log = store.path("logs", job, ".log")

    def stop_when_it_runs() -> None:
        while not (log.is_file() and "slow" in log.read_text(encoding="utf-8").splitlines()):
            time.sleep(0.02)
        stop.set()

    threading.Thread(target=stop_when_it_runs, daemon=True).start()
    with store.claim(job) as claim:
        assert claim is not None
        with pytest.raises(StudyStoppedError):
            made(job, claim, stop)
    carry_out(made, store, job)
    policy = store.path("train", job) / "bundle" / "p" / "policy.json"
    assert json.loads(policy.read_text(encoding="utf-8"))["resumed"] is True


def test_command_of_a_killed_runner_still_holds_its_job(tmp_path: Path) -> None:
    jobs = small_jobs()
    store = Store(tmp_path / "w", jobs)
    with store.claim(jobs["a/train"]) as claim:
        assert claim is not None
        child = subprocess.Popen(["sleep", "60"], pass_fds=[claim])
    try:
        with store.claim(jobs["a/train"]) as second:
            assert second is None
    finally:
        child.kill()
        child.wait()
    with store.claim(jobs["a/train"]) as third:
        assert third is not None
