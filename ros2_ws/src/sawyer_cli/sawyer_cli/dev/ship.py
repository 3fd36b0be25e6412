"""Puts trained policies among those that ship with the repository.

``.venv/bin/python -m sawyer_cli.dev.ship RUN [RUN ...] [--evaluation FILE ...]``, where RUN is the
folder of a finished training and FILE what ``sawyer eval insertion --json`` wrote about it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sawyer_policies.bundles.files import locate, read_info, read_weights, save_bundle
from sawyer_policies.bundles.search import shipped_folder

KEPT = (
    "connector", "noise_mm", "episodes", "seed", "backend", "successes", "valid", "success_rate",
    "ci95",
)  # fmt: skip


def ship(run: Path, evaluations: Sequence[dict[str, Any]] = ()) -> Path:
    """Copy the policy of a finished training, every check made; an old one of its name goes.

    Raises:
        BundleError: there is none, or it is damaged.
    """
    folder = next(iter(locate(run)))
    info, sha256 = read_info(folder)
    figures = [{key: found[key] for key in KEPT if key in found} for found in evaluations]
    shipped = replace(info, evaluation={"runs": figures} if figures else None)
    return save_bundle(shipped_folder() / info.name, shipped, read_weights(folder, sha256))


def main(arguments: Sequence[str] | None = None) -> None:
    """Ship the policies of the runs that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    parser.add_argument("--evaluation", action="append", type=Path, default=[], metavar="FILE")
    options = parser.parse_args(arguments)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in options.evaluation]
    for run in options.runs:
        folder = ship(run, found)
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(f"{folder.name}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
