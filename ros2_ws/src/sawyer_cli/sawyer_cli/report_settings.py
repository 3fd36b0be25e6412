"""The settings behind a plan: found out before hours are spent, compared with what has been run.

A plan names presets; what they stand for is in the code and may change after a cell has run. The
cell stays finished all the same: only the plan says what is to be done. But it is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sawyer_cli.errors import CommandError
from sawyer_datasets.studies.jobs import PLACE, TRAIN, Job, filled
from sawyer_datasets.studies.store import Store

NOT_OF_THE_METHOD = (
    *("name", "device", "threads", "checkpoint_every_steps"),
    *("base_policy", "init_from"),  # paths: the plan itself says which training they mean
)
_OPTIONS = {
    "--connector": "connector",
    "--algorithm": "algorithm",
    "--reward": "reward",
    "--observation": "observation",
    "--base": "base_controller",
    "--demos": "demos",
    "--noise-mm": "noise_mm",
    "--steps": "steps",
    "--seed": "seed",
}


def resolved_settings(job: Job, plan_folder: Path) -> dict[str, Any]:
    """Return every setting of a training, as its command will use it.

    Raises:
        CommandError: the command would be refused; the message says why.
    """
    import yaml

    from sawyer_cli.train import merge_settings
    from sawyer_core.errors import SawyerError
    from sawyer_policies.training.config import config_mapping, training_config

    given: dict[str, Any] = {"task": "blocks" if job.words[1] == "blocks" else "insertion"}
    preset, config, changes = None, None, []
    words = [PLACE.sub(r"\1", w) for w in filled(job.words[2:], {"plan": str(plan_folder)})]
    for option, value in zip(words[::2], words[1::2], strict=True):
        if option == "--preset":
            preset = value
        elif option == "--config":
            config = Path(value)
        elif option == "--set":
            changes.append(value)
        elif option in _OPTIONS:
            given[_OPTIONS[option]] = yaml.safe_load(value)
    try:
        merged = merge_settings(given, preset, config, changes)
        return dict(config_mapping(training_config(merged)))
    except (SawyerError, CommandError) as error:
        raise CommandError(f"{job.id}: {error}") from error


def check_plan(jobs: Iterable[Job], plan_folder: Path) -> None:
    """Refuse a plan whose trainings would be refused.

    Raises:
        CommandError: the first training that cannot work, and why.
    """
    for job in jobs:
        if job.kind == TRAIN:
            resolved_settings(job, plan_folder)


def outdated(jobs: Iterable[Job], store: Store, plan_folder: Path) -> list[str]:
    """Return one line for each finished training that its preset would now make otherwise."""
    lines = []
    for job in jobs:
        record = store.record(job) if job.kind == TRAIN else None
        if record is None:
            continue
        recorded = record["result"].get("config", {})
        now = flat(resolved_settings(job, plan_folder))
        # a setting that came later was then as good as at its default
        then = {**_defaults(str(now["algorithm"])), **flat(recorded)} if recorded else {}
        changed = [
            f"{name} was {then[name]!r}, is {now[name]!r}"
            for name in sorted(then.keys() & now.keys())
            if name not in NOT_OF_THE_METHOD and _plain(then[name]) != _plain(now[name])
        ]
        if changed:
            lines.append(f"{job.id}: {'; '.join(changed)}")
    return lines


def _defaults(algorithm: str) -> dict[str, Any]:
    """Return every setting's own default, with dotted names."""
    from dataclasses import asdict

    from sawyer_policies.learners import config_class
    from sawyer_policies.training.config import TrainingSettings

    return flat({**asdict(TrainingSettings()), "learner": asdict(config_class(algorithm)())})


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted names.

    >>> flat({"a": 1, "b": {"c": 2}})
    {'a': 1, 'b.c': 2}
    """
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
