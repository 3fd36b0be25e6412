"""Puts trained policies among those that ship with the repository.

``.venv/bin/python -m sawyer_cli.dev.ship RUN [RUN ...] [--evaluation FILE ...]``, where RUN is the
folder of a finished training and FILE what ``sawyer eval ... --json`` wrote about one of them: it
goes to the policy whose name and task it has.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sawyer_core import ConfigError, SawyerError
from sawyer_policies.bundles import BundleInfo
from sawyer_policies.bundles.files import locate, read_info, read_weights, save_bundle
from sawyer_policies.bundles.search import shipped_folder

Evaluation: TypeAlias = Mapping[str, Any]

KEPT = (
    "connector", "noise_mm", "episodes", "seed", "backend", "successes", "valid", "success_rate",
    "ci95", "block_yaw_rad", "block_yaw_set", "control_mu", "control_sigma",
)  # fmt: skip


def ship(run: Path, evaluations: Sequence[Evaluation] = ()) -> Path:
    """Copy the policy of a finished training, every check made; an old one of its name goes.

    Args:
        run: folder of the training.
        evaluations: those that are of this policy are kept with it.

    Raises:
        BundleError: there is none, or it is damaged.
    """
    info, sha256, folder = _policy(run)
    mine = [found for found in evaluations if fits(found, info)]
    figures = [{key: found[key] for key in KEPT if key in found} for found in mine]
    shipped = replace(info, evaluation={"runs": figures} if figures else None)
    return save_bundle(shipped_folder() / info.name, shipped, read_weights(folder, sha256))


def fits(evaluation: Evaluation, info: BundleInfo) -> bool:
    """Whether an evaluation is of this policy, on the task that it was trained for."""
    if evaluation.get("policy") != info.name:
        return False
    if evaluation.get("task", "insertion") != info.task["name"]:
        return False
    return "connector" not in info.task or evaluation.get("connector") == info.task["connector"]


def check_evaluations(runs: Sequence[Path], evaluations: Mapping[str, Evaluation]) -> None:
    """Refuse runs that cannot be told apart, and an evaluation that is of none of them.

    Args:
        runs: folders of trainings.
        evaluations: by the name of the file.

    Raises:
        BundleError: of a run.
        ConfigError: names the file or the policy.
    """
    infos = [_policy(run)[0] for run in runs]
    names = [info.name for info in infos]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError("RUN", name, "policies of different names")
    for file, found in evaluations.items():
        if not any(fits(found, info) for info in infos):
            what = f"{found.get('policy')} on {found.get('connector')} ({file})"
            wanted = [f"{i.name} on {i.task.get('connector', i.task['name'])}" for i in infos]
            raise ConfigError("--evaluation", what, "an evaluation of " + " or ".join(wanted))


def _policy(run: Path) -> tuple[BundleInfo, str, Path]:
    folder = next(iter(locate(run)))
    return (*read_info(folder), folder)


def main(arguments: Sequence[str] | None = None) -> None:
    """Ship the policies of the runs that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--evaluation", action="append", type=Path, default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    found = {str(path): json.loads(path.read_text("utf-8")) for path in options.evaluation}
    try:
        check_evaluations(options.runs, found)
        for run in options.runs:
            folder = ship(run, list(found.values()))
            size = sum(path.stat().st_size for path in folder.iterdir())
            print(f"{folder.name}: {size / 1000:.0f} kB")
    except SawyerError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
