"""Carries out the jobs of a study: each is a `sawyer` command in a process of its own."""

from __future__ import annotations

import datetime
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sawyer_cli.launching import log_tail, stop_in_order
from sawyer_core.errors import RecordingError
from sawyer_datasets.studies.jobs import TRAIN, Job, JobSet, filled
from sawyer_datasets.studies.outcomes import evaluation_outcome, training_outcome
from sawyer_datasets.studies.runner import JobFailedError, StudyStoppedError
from sawyer_datasets.studies.store import Store
from sawyer_policies.training.origin import git_state

POLL_S = 0.2
LEAST_LIMIT_S = 3600.0  # ours: a command that takes longer than this ...
LIMIT_FACTOR = 10.0  # ... and longer than this many times what was expected is stopped
LOG_LINES = 8  # of a failed command, shown to the user
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class CommandExecutor:
    """Runs commands from the root of the checkout, so that paths in documents are relative.

    Args:
        root: the checkout.
        store: where results go.
        jobs: of the plan.
        plan_folder: where the plan's config files are.
        shared: several run at once; each graph then takes a ROS domain of its own.
    """

    def __init__(
        self, root: Path, store: Store, jobs: JobSet, plan_folder: Path, *, shared: bool
    ) -> None:
        self._root, self._store, self._jobs = root, store, jobs
        self._plan_folder = plan_folder
        self._environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
        if shared:
            self._environment.pop("ROS_DOMAIN_ID", None)

    def __call__(self, job: Job, claim: int, stop: threading.Event) -> dict[str, Any]:
        """Run one job to its end and return its record's values.

        Raises:
            JobFailedError: the command failed or left no usable result.
            StudyStoppedError: the run is being stopped.
        """
        values = self.origin(job)
        folder, json_file = self._store.path("train", job), self._store.path("eval", job, ".json")
        words = self.words(job)
        if job.kind == TRAIN:
            found = self._adopt(job, folder)
            if found is not None:  # its runner was killed while it went on
                return {**values, "result": found}
            if (folder / "config.json").is_file():
                words = [*words[:2], "--resume", "--out", self._shown(folder)]
            else:
                shutil.rmtree(folder, ignore_errors=True)
        else:
            json_file.unlink(missing_ok=True)
        log = self._store.path("logs", job, ".log")
        self._run(words, log, claim, stop, job)
        try:
            if job.kind == TRAIN:
                result = training_outcome(folder, _steps(job))
                if not self._jobs.continued(job.id):  # large, and of no more use
                    shutil.rmtree(self._store.checkpoint(job), ignore_errors=True)
            else:
                result = evaluation_outcome(json_file)
        except RecordingError as error:
            raise JobFailedError(str(error)) from error
        return {**values, "result": result}

    def words(self, job: Job) -> list[str]:
        """Return the command's words after ``sawyer``, as this machine runs it.

        Raises:
            JobFailedError: a policy that it needs is not there.
        """
        places = {
            "out": self._shown(self._store.path("train", job)),
            "json": self._shown(self._store.path("eval", job, ".json")),
            "plan": self._shown(self._plan_folder),
        }
        for name in job.needs:
            bundle = self._store.bundle(self._jobs[name])
            if bundle is None or not self._store.usable(self._jobs[name]):
                raise JobFailedError(f"the run of {name} is not in the work folder")
            places[f"policy:{name}"] = self._shown(bundle)
            places[f"run:{name}"] = self._shown(self._store.path("train", self._jobs[name]))
        return filled(job.words, places)

    def origin(self, job: Job) -> dict[str, Any]:
        """Return what a record says about where its result comes from."""
        commit, changed = git_state(self._root)
        now = datetime.datetime.now(tz=datetime.timezone.utc)
        return {
            "command": shlex.join(["./sawyer", *self.words(job)]),
            "git_commit": commit,
            "git_changed": changed,
            "started": now.isoformat(timespec="seconds"),
            "machine": machine_words(),
        }

    def _shown(self, path: Path) -> str:
        """Return a path relative to the checkout: documents hold no path of this machine."""
        return os.path.relpath(path.resolve(), self._root)

    def _adopt(self, job: Job, folder: Path) -> dict[str, Any] | None:
        try:
            return training_outcome(folder, _steps(job))
        except RecordingError:
            return None

    def _run(
        self, words: Sequence[str], log: Path, claim: int, stop: threading.Event, job: Job
    ) -> None:
        limit_s = max(LEAST_LIMIT_S, LIMIT_FACTOR * job.estimate_s)
        with log.open("w", encoding="utf-8") as output:
            output.write(f"$ {shlex.join(['./sawyer', *words])}\n")
            output.flush()
            process = subprocess.Popen(
                [sys.executable, "-m", "sawyer_cli", *words],
                cwd=self._root,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[claim],
            )
            status = _wait(process, limit_s, stop)
        # status 1 of an evaluation may mean that some episode came to no verdict: then it has
        # written its file all the same
        measured = job.kind != TRAIN and self._store.path("eval", job, ".json").is_file()
        if status != 0 and not (status == 1 and measured):
            raise JobFailedError(f"exit {status}; {log} ends with:\n{log_tail(log, LOG_LINES)}")


def _wait(process: subprocess.Popen[bytes], limit_s: float, stop: threading.Event) -> int:
    end = time.monotonic() + limit_s
    try:
        while process.poll() is None:
            if stop.is_set():
                raise StudyStoppedError
            if time.monotonic() > end:
                raise JobFailedError(f"stopped after {limit_s:.0f} s without an end")
            stop.wait(POLL_S)
    finally:
        if process.poll() is None:
            stop_in_order(process)
    return int(process.returncode)


def _steps(job: Job) -> int:
    return int(job.words[job.words.index("--steps") + 1])


@lru_cache(maxsize=1)
def machine_words() -> str:
    """Return the processor and the number of its cores."""
    from sawyer_cli.benches import machine

    facts: Mapping[str, Any] = machine()
    return f"{facts['cpu']}, {facts['cpus']} cores, Python {facts['python']}"
