"""Runs of a study with made-up results: what is resumed, repeated, blocked and said."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sawyer_core.errors import ConfigError, RecordingError, UnknownNameError
from sawyer_datasets.studies import runner
from sawyer_datasets.studies.jobs import EVAL, TRAIN, Job, JobSet
from sawyer_datasets.studies.runner import Outcome, Study, StudyStoppedError
from sawyer_datasets.studies.store import Store, published_records
from sawyer_datasets.studies.testing import FakeExecutor


def training(name: str, **facts: Any) -> Job:
    words = ("train", "residual", "--steps", "100", "--out", "{out}")
    return Job(f"{name}/train", TRAIN, words, facts=facts, estimate_s=100.0, rate="train")


def evaluation(name: str, goal: str, **facts: Any) -> Job:
    words = (
        *("eval", "insertion", "--policy", f"{{policy:{name}/train}}", "--episodes", "5"),
        *("--seed", "0", "--backend", "ros", "--json", "{json}"),
    )
    return Job(f"{name}/{goal}", EVAL, words, (f"{name}/train",), facts, estimate_s=10.0)


def two_cells(**facts: Any) -> JobSet:
    return JobSet(
        [
            training("a/usb", **facts),
            evaluation("a/usb", "exact"),
            evaluation("a/usb", "noisy"),
            training("b/usb"),
            evaluation("b/usb", "exact"),
        ]
    )


def go(
    folder: Path,
    jobs: JobSet,
    *only: str,
    workers: int = 1,
    published: "list[dict[str, Any]] | None" = None,
    stop: "threading.Event | None" = None,
    **options: Any,
) -> tuple[list[str], Outcome, list[str]]:
    store = Store(folder, jobs, published or [])
    executor = FakeExecutor(store, **options)
    lines: list[str] = []
    study = Study(jobs, store, executor, lines.append)
    outcome = study.run(jobs.select(only), workers=workers, stop=stop or threading.Event())
    return executor.done, outcome, lines


def test_everything_runs_once_and_then_nothing(tmp_path: Path) -> None:
    done, outcome, lines = go(tmp_path, two_cells())
    assert done == [job.id for job in two_cells()]  # in the plan's order on one worker
    assert outcome.complete
    assert "[5 of 5, about 0 s left]" in lines[-1]
    done, outcome, _ = go(tmp_path, two_cells())
    assert (done, outcome.complete) == ([], True)


def test_two_workers_do_every_job_once(tmp_path: Path) -> None:
    done, outcome, _ = go(tmp_path, two_cells(), workers=2)
    assert sorted(done) == sorted(job.id for job in two_cells())
    assert outcome.complete
    assert done.index("a/usb/train") < done.index("a/usb/noisy")


def test_changed_entry_runs_its_own_cells_again_and_back_again_none(tmp_path: Path) -> None:
    go(tmp_path, two_cells())
    done, _, _ = go(tmp_path, two_cells(revision=1))
    assert done == ["a/usb/train", "a/usb/exact", "a/usb/noisy"]
    done, _, _ = go(tmp_path, two_cells())
    assert done == []


def test_chosen_evaluation_brings_the_training_it_needs(tmp_path: Path) -> None:
    done, _, _ = go(tmp_path, two_cells(), "a/usb/noisy")
    assert done == ["a/usb/train", "a/usb/noisy"]


def test_killed_run_loses_the_running_job_only(tmp_path: Path) -> None:
    class KilledError(BaseException):
        pass

    def kill(job: Job) -> None:
        if job.id == "a/usb/noisy":
            raise KilledError

    with pytest.raises(KilledError):
        go(tmp_path, two_cells(), before=kill)
    done, outcome, _ = go(tmp_path, two_cells())
    assert done == ["a/usb/noisy", "b/usb/train", "b/usb/exact"]
    assert outcome.complete


def test_stop_ends_in_order_and_is_no_failure(tmp_path: Path) -> None:
    stop = threading.Event()

    def stopping(job: Job) -> None:
        if job.id == "a/usb/exact":
            stop.set()
            raise StudyStoppedError

    done, outcome, _ = go(tmp_path, two_cells(), before=stopping, stop=stop)
    assert done == ["a/usb/train"]
    assert outcome.stopped
    assert not outcome.complete
    assert outcome.failed == {}


def test_failure_is_tried_again_blocks_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    tries: list[str] = []

    def count(job: Job) -> None:
        tries.append(job.id)

    failing = frozenset({"a/usb/train"})
    done, outcome, lines = go(tmp_path, two_cells(), failing=failing, before=count)
    assert tries.count("a/usb/train") == runner.ATTEMPTS
    assert done == ["b/usb/train", "b/usb/exact"]
    assert list(outcome.failed) == ["a/usb/train"]
    assert outcome.blocked == ["a/usb/exact", "a/usb/noisy"]
    assert not outcome.complete
    assert any(line.startswith("FAILED a/usb/train: it was told to fail") for line in lines)
    done, outcome, _ = go(tmp_path, two_cells())  # the next run tries again
    assert done == ["a/usb/train", "a/usb/exact", "a/usb/noisy"]
    assert outcome.complete


def test_fault_of_the_program_is_not_swallowed(tmp_path: Path) -> None:
    def fault(job: Job) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go(tmp_path, two_cells(), before=fault, workers=2)


def test_job_held_by_another_process_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BUSY_POLL_S", 0.01)
    jobs = two_cells()
    other = Store(tmp_path, jobs)
    lines: list[str] = []
    with other.claim(jobs["a/usb/train"]) as claim:
        assert claim is not None
        with other.claim(jobs["a/usb/train"]) as second:
            assert second is None
        thread = threading.Thread(
            target=lambda: lines.extend(go(tmp_path, jobs, "a", "b/usb/train")[0])
        )
        thread.start()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(20.0)
    assert lines == ["b/usb/train", "a/usb/train", "a/usb/exact", "a/usb/noisy"]


def test_what_another_runner_finished_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "BUSY_POLL_S", 0.01)
    jobs, done = two_cells(), []

    def elsewhere(job: Job) -> None:
        if job.id == "a/usb/train":  # meanwhile the other runner does the second cell
            done.extend(go(tmp_path, jobs, "b")[0])

    mine, outcome, _ = go(tmp_path, jobs, before=elsewhere)
    assert done == ["b/usb/train", "b/usb/exact"]
    assert mine == ["a/usb/train", "a/usb/exact", "a/usb/noisy"]
    assert outcome.complete


def published(folder: Path) -> list[dict[str, Any]]:
    return Store(folder, two_cells()).records()


def test_published_records_count_without_running(tmp_path: Path) -> None:
    go(tmp_path / "first", two_cells())
    records = published(tmp_path / "first")
    done, _, _ = go(tmp_path / "second", two_cells(), published=records)
    assert done == []
    assert not (tmp_path / "second" / "cells").exists()


def test_training_done_again_repeats_all_that_used_its_policy(tmp_path: Path) -> None:
    """The policy of a published training is not in the repository."""
    go(tmp_path / "first", two_cells())
    records = [r for r in published(tmp_path / "first") if r["id"] != "a/usb/noisy"]
    done, outcome, _ = go(tmp_path / "second", two_cells(), "a", published=records)
    assert done == ["a/usb/train", "a/usb/exact", "a/usb/noisy"]
    assert outcome.complete
    store = Store(tmp_path / "second", two_cells(), records)
    assert [r["id"] for r in store.records()] == [job.id for job in two_cells()]


def test_forgotten_jobs_run_again_whatever_was_published(tmp_path: Path) -> None:
    go(tmp_path / "first", two_cells())
    records = published(tmp_path / "first")
    jobs = two_cells()
    Store(tmp_path / "second", jobs, records).forget([jobs["a/usb/train"]])
    done, _, _ = go(tmp_path / "second", jobs, published=records)
    assert done == ["a/usb/train", "a/usb/exact", "a/usb/noisy"]
    done, _, _ = go(tmp_path / "second", jobs, published=records)
    assert done == []


def test_measured_times_replace_the_estimates(tmp_path: Path) -> None:
    jobs = two_cells()
    store = Store(tmp_path, jobs)
    study = Study(jobs, store, FakeExecutor(store), lambda line: None)
    assert study.remaining_s(list(jobs)) == 2 * 100.0 + 3 * 10.0
    store.save(jobs["a/usb/train"], {"wall_s": 40.0, "result": {}})
    assert study.remaining_s(list(jobs)) == 2 * 40.0 + 3 * 10.0


def test_run_waits_for_disk_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FULL_DISK_POLL_S", 0.001)
    free = iter([0, 10])
    monkeypatch.setattr(Store, "free_bytes", lambda self: next(free, 10**12))
    done, _, lines = go(tmp_path, two_cells())
    assert len(done) == 5
    assert sum("waiting for space" in line for line in lines) == 2


def spoil(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("how", [spoil(""), spoil('{"format"'), spoil("{}"), spoil("[]")])
def test_damaged_record_is_named_not_ignored(tmp_path: Path, how: Callable[[Path], None]) -> None:
    jobs = two_cells()
    go(tmp_path, jobs)
    store = Store(tmp_path, jobs)
    path = store.path("cells", jobs["a/usb/exact"], ".json")
    how(path)
    with pytest.raises(RecordingError, match=r"a\.usb\.exact.*delete it to run it again"):
        store.record(jobs["a/usb/exact"])


def test_damaged_results_are_refused(tmp_path: Path) -> None:
    assert published_records(tmp_path / "results.json") == []
    (tmp_path / "results.json").write_text('{"records": 3}', encoding="utf-8")
    with pytest.raises(RecordingError, match="no list of records"):
        published_records(tmp_path / "results.json")


def test_record_says_what_made_it(tmp_path: Path) -> None:
    go(tmp_path, two_cells())
    text = next((tmp_path / "cells").glob("a.usb.exact-*.json")).read_text(encoding="utf-8")
    record = json.loads(text)
    assert {"id", "fingerprint", "command", "git_commit", "started", "wall_s", "machine"} <= set(
        record
    )
    assert record["result"]["episodes"] == 5


def test_job_sets_refuse_repeated_ids_and_unknown_needs() -> None:
    with pytest.raises(ConfigError, match="once"):
        JobSet([training("a/usb"), training("a/usb")])
    with pytest.raises(UnknownNameError, match="a/usb/train"):
        JobSet([evaluation("a/usb", "exact")])
    with pytest.raises(UnknownNameError, match="a/usb/train"):
        two_cells()["a/usb/tain"]
