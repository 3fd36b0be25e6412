"""Runs the jobs of a study on a few workers; whatever has finished stays finished."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sawyer_datasets.studies.jobs import TRAIN, Job, JobSet
from sawyer_datasets.studies.store import Store

ATTEMPTS: Final = 3  # of a job within one run: a graph may fail to start on a busy machine; ours
BUSY_POLL_S: Final = 2.0  # while all that is left is in the hands of another process; ours
LEAST_FREE_BYTES: Final = 500 * 2**20  # below it no job is begun; ours
FULL_DISK_POLL_S: Final = 30.0  # ours


class JobFailedError(Exception):
    """A job's command did not do its work; the text says how it ended."""


class StudyStoppedError(Exception):
    """The run is being stopped; the job counts neither as finished nor as failed."""


class Executor(Protocol):
    """Does the work of one job."""

    def __call__(self, job: Job, claim: int, stop: threading.Event) -> dict[str, Any]:
        """Run the job and return what goes into its record.

        Args:
            job: what to do.
            claim: descriptor that a child process inherits.
            stop: set when the run is to end; the job then raises `StudyStoppedError`.

        Raises:
            JobFailedError: it did not work out.
        """
        ...


@dataclass
class Outcome:
    """What became of the jobs of a run."""

    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def complete(self) -> bool:
        """Everything that was asked for is finished."""
        return not (self.failed or self.blocked or self.stopped)


class Study:
    """One run over some jobs.

    Args:
        jobs: all jobs of the plan.
        store: their records.
        execute: does the work.
        tell: takes lines for the user.
    """

    def __init__(
        self, jobs: JobSet, store: Store, execute: Executor, tell: Callable[[str], None]
    ) -> None:
        self._jobs, self._store, self._execute, self._tell = jobs, store, execute, tell
        self._change = threading.Condition()
        self._open: list[Job] = []
        self._running: dict[str, float] = {}
        self._outcome = Outcome()
        self._total = 0
        self._lanes = 1
        self._faults: list[BaseException] = []

    def pending(self, chosen: Sequence[Job]) -> list[Job]:
        """Return what is still to be done for the chosen jobs, trainings that they need with it.

        A training whose record was published but whose policy is not on this machine is done
        again only if an evaluation needs the policy; its other evaluations are then repeated too.
        """
        lacking = [job for job in chosen if self._store.record(job) is None]
        wanted = {job.id for job in self._jobs.with_needs(lacking, self._store.usable)}
        repeated = {
            job.id
            for job in self._jobs
            if wanted & set(job.needs) and self._store.record(job) is not None
        }
        return [job for job in self._jobs if job.id in wanted | repeated]

    def run(self, chosen: Sequence[Job], *, workers: int, stop: threading.Event) -> Outcome:
        """Run everything that is pending and return what became of it."""
        self._open = self.pending(chosen)
        self._total, self._lanes = len(self._open), max(1, workers)
        threads = [
            threading.Thread(target=self._work, args=(stop,), name=f"study-{n}", daemon=True)
            for n in range(self._lanes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # in slices, so that signals are heard
        if self._faults:
            raise self._faults[0]
        self._outcome.stopped = stop.is_set()
        return self._outcome

    def _work(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set() and self._step(stop):
                pass
        except BaseException as fault:  # a fault of ours must not vanish with its thread
            self._faults.append(fault)
            stop.set()

    def _step(self, stop: threading.Event) -> bool:
        """Do one job, or wait a little; False when nothing is left to do."""
        if self._store.free_bytes() < LEAST_FREE_BYTES:
            self._tell("less than 500 MiB free: waiting for space")
            stop.wait(FULL_DISK_POLL_S)
            return True
        with self._change:
            self._drop_blocked()
            candidates = [job for job in self._open if self._ready(job)]
            if not self._open:
                return False
        for job in candidates:
            with self._store.claim(job) as claim:
                if claim is None or not self._take(job):
                    continue
                self._attempt(job, claim, stop)
            return True
        with self._change:
            self._change.wait(BUSY_POLL_S)
        return True

    def _ready(self, job: Job) -> bool:
        waiting = {open_.id for open_ in self._open} | set(self._running)
        return not any(name in waiting for name in job.needs)

    def _take(self, job: Job) -> bool:
        with self._change:
            if job not in self._open:
                return False
            self._open.remove(job)
            self._running[job.id] = time.monotonic()
            return True

    def _drop_blocked(self) -> None:
        for job in list(self._open):
            if any(n in self._outcome.failed or n in self._outcome.blocked for n in job.needs):
                self._open.remove(job)
                self._outcome.blocked.append(job.id)

    def _attempt(self, job: Job, claim: int, stop: threading.Event) -> None:
        try:
            if job.kind == TRAIN and self._store.usable(job):
                self._settle(job, "done elsewhere")
            elif job.kind != TRAIN and self._store.record(job) is not None:
                self._settle(job, "done elsewhere")
            else:
                self._carry_out(job, claim, stop)
        except StudyStoppedError:
            self._tell(f"stop   {job.id}")
        finally:
            with self._change:
                self._running.pop(job.id, None)
                self._change.notify_all()

    def _carry_out(self, job: Job, claim: int, stop: threading.Event) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            self._tell(f"start  {job.id}  ({job.size}, about {duration(self.expected_s(job))})")
            started = time.monotonic()
            try:
                values = self._execute(job, claim, stop)
            except JobFailedError as error:
                self._tell(f"FAILED {job.id}: {error}")
                if attempt == ATTEMPTS:
                    with self._change:
                        self._outcome.failed[job.id] = str(error)
                continue
            wall_s = time.monotonic() - started
            if job.kind == TRAIN:  # what was found with an earlier policy is not of this one
                self._store.forget(self._store.dependents(job))
            self._store.save(job, {"wall_s": round(wall_s, 1), "attempt": attempt, **values})
            self._settle(job, duration(wall_s))
            return

    def _settle(self, job: Job, words: str) -> None:
        with self._change:
            self._running.pop(job.id, None)
            self._outcome.finished.append(job.id)
            done = len(self._outcome.finished)
            left = self.remaining_s([*self._open, *(self._jobs[n] for n in self._running)])
        self._tell(
            f"done   {job.id}  {self.headline(job)}{words}  "
            f"[{done} of {self._total}, about {duration(left / self._lanes)} left]"
        )

    def headline(self, job: Job) -> str:
        """Return the count of an evaluation, for the line that says it is done."""
        result = (self._store.record(job) or {}).get("result", {})
        if "successes" in result:
            return f"{result['successes']}/{result['episodes']}  "
        return ""

    def remaining_s(self, jobs: Sequence[Job]) -> float:
        """Return the expected work of jobs, less what those that run have behind them."""
        now, measured = time.monotonic(), self._measured()
        total = 0.0
        for job in jobs:
            behind = now - self._running.get(job.id, now)
            total += max(0.0, measured.get(job.rate, job.estimate_s) - behind)
        return total

    def expected_s(self, job: Job) -> float:
        """Return the mean wall time of finished jobs of its rate, else the plan's estimate."""
        return self._measured().get(job.rate, job.estimate_s)

    def _measured(self) -> dict[str, float]:
        walls: dict[str, list[float]] = {}
        for record in self._store.records():
            rate = self._jobs[record["id"]].rate
            if rate and "wall_s" in record:
                walls.setdefault(rate, []).append(float(record["wall_s"]))
        return {rate: sum(values) / len(values) for rate, values in walls.items()}


def duration(seconds: float) -> str:
    """Return a time for people.

    >>> duration(48.2), duration(331), duration(7500)
    ('48 s', '5 min 31 s', '2 h 5 min')
    """
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
