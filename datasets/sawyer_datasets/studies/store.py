"""Records of finished jobs: one JSON file each, in the work folder of a study.

A record is kept under the job's id and fingerprint, so a changed entry of the plan makes its own
jobs unfinished and no others, and an entry that is changed back finds its old record. Records
that were published with the documents count as well: a fresh checkout builds the documents from
them without running anything.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sawyer_core.errors import RecordingError
from sawyer_datasets._files import free_bytes, write_atomic
from sawyer_datasets.studies.jobs import TRAIN, Job, JobSet, filled

FORMAT: Final = "sawyer-study-record"
IGNORED: Final = "not_from_published.json"


class Store:
    """Where the results of one study are.

    Args:
        folder: work folder; made when something is written.
        jobs: the jobs of the plan.
        published: records that came with the documents, tried after those of the work folder.
    """

    def __init__(
        self, folder: Path, jobs: JobSet, published: Iterable[Mapping[str, Any]] = ()
    ) -> None:
        self.folder = folder
        self._jobs = jobs
        self._published = {(str(r["id"]), str(r["fingerprint"])): r for r in published}
        self._ignored = self._read_ignored()
        self._read: dict[Path, tuple[int, dict[str, Any]]] = {}  # by path: when written, record
        self._lock = threading.Lock()

    def name(self, job: Job) -> str:
        """Return the name of a job's files; another fingerprint gives another name."""
        return f"{job.id.replace('/', '.')}-{self._jobs.fingerprint(job.id)[:8]}"

    def path(self, kind: str, job: Job, suffix: str = "") -> Path:
        """Return a path for a job; the folders are made."""
        folder = self.folder / kind
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{self.name(job)}{suffix}"

    def planned_words(self, job: Job) -> list[str]:
        """Return the command of a job that has not run, with the usual work folder.

        The name of a policy is known only when it is there; a wildcard stands for it.
        """
        base = f"runs/{self.folder.name}"
        places = {
            "out": f"{base}/train/{self.name(job)}",
            "json": f"{base}/eval/{self.name(job)}.json",
        }
        for name in job.needs:
            run = f"{base}/train/{self.name(self._jobs[name])}"
            places |= {f"policy:{name}": f"{run}/bundle/*", f"run:{name}": run}
        return ["./sawyer", *filled(job.words, places)]

    def record(self, job: Job) -> dict[str, Any] | None:
        """Return the job's record, or None where it is not finished.

        Raises:
            RecordingError: the file is damaged (records are never written in part).
        """
        path = self.folder / "cells" / f"{self.name(job)}.json"
        try:
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            return self._from_published(job)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = self._read[path] = (stamp, _read(path))
        return known[1]

    def _from_published(self, job: Job) -> dict[str, Any] | None:
        key = (job.id, self._jobs.fingerprint(job.id))
        if job.id in self._ignored or key not in self._published:
            return None
        return dict(self._published[key])

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all finished jobs, in the order of the plan."""
        found = (self.record(job) for job in self._jobs)
        return [record for record in found if record is not None]

    def save(self, job: Job, values: Mapping[str, Any]) -> dict[str, Any]:
        """Write the record of a finished job."""
        record = {
            "format": FORMAT,
            "id": job.id,
            "kind": job.kind,
            "fingerprint": self._jobs.fingerprint(job.id),
            **values,
        }
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        write_atomic(self.path("cells", job, ".json"), text)
        return record

    def bundle(self, job: Job) -> Path | None:
        """Return the policy bundle of a finished training where it is on this machine."""
        record = self.record(job)
        if job.kind != TRAIN or record is None:
            return None
        name = str(record.get("result", {}).get("bundle", ""))
        path = self.path("train", job) / name
        return path if name and path.is_dir() else None

    def usable(self, job: Job) -> bool:
        """Say whether a training is finished and all that other jobs take from it is here."""
        record = self.record(job)
        made_none = record is not None and record.get("result", {}).get("bundle") == ""
        if self.bundle(job) is None and not made_none:
            return False
        return not self._jobs.continued(job.id) or self.checkpoint(job).is_dir()

    def checkpoint(self, job: Job) -> Path:
        """Return where the checkpoint of a training is."""
        return self.path("train", job) / "checkpoint"

    def forget(self, jobs: Iterable[Job]) -> None:
        """Make jobs unfinished, and those that use their policies.

        Their records and training runs are deleted; published records no longer count.
        """
        names = {job.id for job in jobs}
        names |= {job.id for job in self._jobs if names & set(job.needs)}
        with self._lock:
            for job in (self._jobs[name] for name in names):
                self.path("cells", job, ".json").unlink(missing_ok=True)
                if job.kind == TRAIN:
                    shutil.rmtree(self.path("train", job), ignore_errors=True)
            named = {name for name, _ in self._published} & names
            if named - self._ignored:
                self._ignored |= named | self._read_ignored()
                write_atomic(self.folder / IGNORED, json.dumps(sorted(self._ignored)) + "\n")

    def dependents(self, job: Job) -> list[Job]:
        """Return the jobs that use the policy of a training."""
        return [other for other in self._jobs if job.id in other.needs]

    def free_bytes(self) -> int:
        """Return the free space where the study writes."""
        return free_bytes(self.folder)

    @contextlib.contextmanager
    def claim(self, job: Job) -> Iterator[int | None]:
        """Hold the job; gives a file descriptor, or None where another process holds it.

        The descriptor is handed to the command that does the work, so that a command whose runner
        was killed still holds its job and no second one is started beside it.
        """
        descriptor = os.open(self.path("locks", job), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield descriptor
        finally:
            os.close(descriptor)

    def _read_ignored(self) -> set[str]:
        path = self.folder / IGNORED
        return set(_read_json(path)) if path.is_file() else set()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordingError(f"{path} is damaged ({error}); delete it to run it again") from error


def _read(path: Path) -> dict[str, Any]:
    values = _read_json(path)
    if not isinstance(values, dict) or values.get("format") != FORMAT or "result" not in values:
        raise RecordingError(f"{path} is no record of a study; delete it to run it again")
    return values


def published_records(path: Path) -> list[dict[str, Any]]:
    """Return the records in a published ``results.json``; none where there is no such file."""
    if not path.is_file():
        return []
    values = _read_json(path)
    records = values.get("records") if isinstance(values, dict) else None
    if not isinstance(records, list):
        raise RecordingError(f"{path} holds no list of records")
    return records
