"""Jobs of a study: one training or one evaluation each, with a fingerprint of what it depends on.

The words of a job's command may hold places that are filled in when it runs:

    {out}            the folder that a training writes
    {json}           the file that an evaluation writes
    {plan}           the folder of the plan, where config files are
    {policy:<id>}    the policy bundle that the training called <id> made
    {run:<id>}       the run folder of that training, with its checkpoint
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sawyer_core.errors import ConfigError, UnknownNameError

TRAIN: Final = "train"
EVAL: Final = "eval"
PLACE: Final = re.compile(r"\{(policy|run):([^{}]+)\}")


@dataclass(frozen=True)
class Job:
    """One training or evaluation.

    Attributes:
        id: e.g. "residual_sac_image/usb/s0/train".
        kind: "train" or "eval".
        words: of the `sawyer` command, with the places described above.
        needs: ids of the trainings whose policies it uses.
        facts: what else the result depends on, e.g. the checksum of a config file.
        size: environment steps or episodes, for people.
        estimate_s: expected wall time.
        rate: key under which measured wall times replace the estimate.
    """

    id: str
    kind: str
    words: tuple[str, ...]
    needs: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    size: str = ""
    estimate_s: float = 60.0
    rate: str = ""


class JobSet:
    """The jobs of a study by id, in the order in which they are to run."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs: dict[str, Job] = {}
        for job in jobs:
            if job.id in self._jobs:
                raise ConfigError("job id", job.id, "an id that the plan uses once")
            missing = [name for name in job.needs if name not in self._jobs]
            if missing:
                raise UnknownNameError(f"training needed by {job.id}", missing[0], self._jobs)
            self._jobs[job.id] = job
        self._fingerprints: dict[str, str] = {}

    def __iter__(self) -> Any:
        return iter(self._jobs.values())

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, name: object) -> bool:
        return name in self._jobs

    def __getitem__(self, name: str) -> Job:
        try:
            return self._jobs[name]
        except KeyError:
            raise UnknownNameError("job", name, self._jobs) from None

    def fingerprint(self, name: str) -> str:
        """Return a checksum of everything in the plan that the job's result depends on."""
        if name not in self._fingerprints:
            job = self[name]
            parts = [job.kind, job.words, job.facts, [self.fingerprint(n) for n in job.needs]]
            text = json.dumps(parts, sort_keys=True, default=list)
            self._fingerprints[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
        return self._fingerprints[name]

    def continued(self, name: str) -> bool:
        """Say whether another training begins with the checkpoint of this one."""
        return any(f"{{run:{name}}}" in word for job in self for word in job.words)

    def select(self, patterns: Sequence[str]) -> list[Job]:
        """Return the jobs whose id matches one of the patterns, all of them without a pattern.

        A pattern is a row ("residual_sac_image"), the beginning of an id
        ("residual_sac_image/usb") or has wildcards ("residual_sac*", "*/usb/*/noisy").

        Raises:
            UnknownNameError: a pattern matches nothing; the rows are listed.
        """
        chosen: set[str] = set()
        for pattern in patterns:
            found = [name for name in self._jobs if matches(name, pattern)]
            if not found:
                rows = dict.fromkeys(name.split("/")[0] for name in self._jobs)
                raise UnknownNameError("row or cell", pattern, rows)
            chosen.update(found)
        return [job for job in self if not patterns or job.id in chosen]

    def with_needs(self, chosen: Iterable[Job], usable: Callable[[Job], bool]) -> list[Job]:
        """Return the chosen jobs and the trainings that they lack, in the order of the plan."""
        wanted: set[str] = set()

        def want(job: Job) -> None:
            wanted.add(job.id)
            for name in job.needs:
                if name not in wanted and not usable(self[name]):
                    want(self[name])

        for job in chosen:
            want(job)
        return [job for job in self if job.id in wanted]


def matches(name: str, pattern: str) -> bool:
    """Say whether a job's id is meant by a pattern.

    >>> matches("residual_sac_image/usb/s0/exact", "residual_sac*")
    True
    >>> matches("residual_sac_image/usb/s0/exact", "residual_sac_image/usb")
    True
    >>> matches("residual_sac_image/usb/s0/exact", "residual*/usb")
    True
    >>> matches("residual_sac_image/usb/s0/exact", "residual_sac")
    False
    """
    pattern = pattern.rstrip("/")
    return any(fnmatch.fnmatchcase(name, text) for text in (pattern, f"{pattern}/*"))


def filled(words: Sequence[str], places: Mapping[str, str]) -> list[str]:
    """Return the words of a command with its places filled in.

    >>> filled(["--policy", "{policy:a/train}", "--json", "{json}"],
    ...        {"policy:a/train": "bundle", "json": "x.json"})
    ['--policy', 'bundle', '--json', 'x.json']
    """

    def fill(word: str) -> str:
        for name, value in places.items():
            word = word.replace("{" + name + "}", value)
        return word

    return [fill(word) for word in words]
