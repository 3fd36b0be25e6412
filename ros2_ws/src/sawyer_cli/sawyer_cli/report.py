"""``sawyer report``: runs the studies of the thesis and builds their documents."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawyer_cli.errors import CommandError
from sawyer_cli.paths import repository_root

if TYPE_CHECKING:
    from sawyer_datasets.studies.jobs import Job, JobSet
    from sawyer_datasets.studies.store import Store

MAX_WORKERS = 64  # ours


@dataclass(frozen=True)
class ReportRequest:
    """What ``sawyer report`` was asked for; no path means the usual one."""

    study: str
    only: tuple[str, ...] = ()
    workers: int = 2
    plan: Path | None = None
    work: Path | None = None
    out: Path | None = None
    dry_run: bool = False
    render_only: bool = False
    fresh: bool = False

    def checked(self) -> ReportRequest:
        """Return self, or raise ``CommandError`` with what is allowed."""
        if not 1 <= self.workers <= MAX_WORKERS:
            raise CommandError(f"--workers {self.workers}: allowed is 1 to {MAX_WORKERS}")
        if self.dry_run and self.render_only:
            raise CommandError("--dry-run and --render-only exclude each other")
        if self.fresh and (self.render_only or self.dry_run):
            raise CommandError("--fresh runs cells: it goes with neither of the other two")
        return self


class Report:
    """A study with its folders, ready to run or to render."""

    def __init__(self, request: ReportRequest, root: Path) -> None:
        from sawyer_datasets.studies import catalogue
        from sawyer_datasets.studies.plans import plan_path
        from sawyer_datasets.studies.store import Store, published_records

        self.request, self.root = request, root
        self.plan_file = request.plan or plan_path(request.study)
        self.out = (request.out or root / "docs" / "results" / request.study).resolve()
        self.work = (request.work or root / "runs" / f"report-{request.study}").resolve()
        self.plan = catalogue.load_plan(request.study, self.plan_file)
        self.jobs: JobSet = self.plan.jobs()
        self.store: Store = Store(
            self.work, self.jobs, published_records(self.out / "results.json")
        )
        self.chosen: list[Job] = self.jobs.select(request.only)

    def render(self) -> list[Path]:
        """Build the documents from the records that there are."""
        from sawyer_datasets.studies import catalogue

        return catalogue.render(self.request.study, self.plan, self.store, self.out)


def run_report(
    request: ReportRequest, tell: Callable[[str], None] | None = None, execute: Any = None
) -> int:
    """Run or render a study.

    Args:
        request: what to do.
        tell: takes lines for the user.
        execute: does the work of a job, by default as a command in a process of its own.

    Returns:
        0: everything asked for is finished; 1: something failed; 130: stopped.
    """
    request = request.checked()
    tell = tell or stamped_line
    report = Report(request, repository_root())
    if request.dry_run:
        return dry_run(report)
    if request.render_only:
        return _rendered(report, tell)
    if execute is None:
        _check_settings(report, tell)
    if request.fresh:
        report.store.forget(report.chosen)
    return _run(report, tell, execute)


def _check_settings(report: Report, tell: Callable[[str], None]) -> None:
    """Refuse settings that do not work before anything runs; name cells made with other ones."""
    from sawyer_cli.report_settings import check_plan, outdated

    folder = report.plan_file.parent
    check_plan(report.chosen, folder)
    for line in outdated(report.chosen, report.store, folder):
        tell(f"made with other settings (--fresh runs it again): {line}")


def _run(report: Report, tell: Callable[[str], None], execute: Any) -> int:
    from sawyer_cli.report_commands import CommandExecutor
    from sawyer_datasets.studies.runner import Study, duration

    request = report.request
    executor = execute or CommandExecutor(
        report.root,
        report.store,
        report.jobs,
        report.plan_file.parent,
        shared=request.workers > 1,
    )
    study = Study(report.jobs, report.store, executor, tell)
    pending = study.pending(report.chosen)
    expected = duration(study.remaining_s(pending) / request.workers)
    tell(
        f"{len(report.chosen)} cells asked for, {len(pending)} to run on {request.workers} "
        f"workers, about {expected}; results in {report.work}"
    )
    stop = threading.Event()
    with signals_set(stop):
        outcome = study.run(report.chosen, workers=request.workers, stop=stop)
    for name, reason in outcome.failed.items():
        tell(f"failed: {name}: {reason.splitlines()[0]}")
    if outcome.blocked:
        tell(f"not run, because a training they need failed: {', '.join(outcome.blocked)}")
    status = _rendered(report, tell)
    if outcome.stopped:
        tell("stopped; the same command goes on from here")
        return 130
    return status if outcome.complete else 1


def _rendered(report: Report, tell: Callable[[str], None]) -> int:
    for path in report.render():
        tell(f"wrote {path}")
    return 0


def dry_run(report: Report) -> int:
    """Print the commands that would run, and how long they would take."""
    from sawyer_datasets.studies.runner import Study, duration

    def nothing(job: Job, claim: int, stop: threading.Event) -> dict[str, Any]:
        raise NotImplementedError("a dry run runs nothing")

    study = Study(report.jobs, report.store, nothing, print)
    pending = study.pending(report.chosen)
    for job in pending:
        command = " ".join(report.store.planned_words(job))
        print(f"{duration(study.expected_s(job)):>12}  {job.id}\n              {command}")
    total = study.remaining_s(pending)
    finished = len(report.chosen) - sum(job in pending for job in report.chosen)
    print(
        f"{len(report.chosen)} cells asked for, {finished} finished, {len(pending)} to run: "
        f"{duration(total)} of work, about {duration(total / report.request.workers)} on "
        f"{report.request.workers} workers"
    )
    return 0


def stamped_line(text: str) -> None:
    """Print a line with the time of day."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


@contextlib.contextmanager
def signals_set(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and a closed terminal end the run in order."""

    def heard(number: int, frame: object) -> None:
        stop.set()

    numbers = [
        number
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
    ]
    before = {number: signal.signal(number, heard) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def patterns(only: Sequence[str] | None) -> tuple[str, ...]:
    """Return the patterns of ``--only``, which may be given several times or with commas.

    >>> patterns(["a*,b", "c"])
    ('a*', 'b', 'c')
    """
    return tuple(part.strip() for text in only or () for part in text.split(",") if part.strip())
