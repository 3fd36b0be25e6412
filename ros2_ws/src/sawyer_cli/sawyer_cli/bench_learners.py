"""``sawyer bench learners``: gradient updates per second beside Stable-Baselines3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sawyer_cli.benches import machine
from sawyer_cli.errors import CommandError
from sawyer_cli.evaluate import json_text
from sawyer_cli.paths import require_writable, write_atomically


def bench_learners(seconds: float) -> dict[str, Any]:
    """Measure and say on what machine."""
    from sawyer_policies.learners.bench.run import run

    before = machine()
    return {**run(seconds=seconds), "machine": before}


def table(found: dict[str, Any]) -> str:
    """The figures for reading."""
    lines = [
        "case     device threads algorithm observation    fast   plain     sb3  "
        "fast/plain  fast/sb3"
    ]
    for row in found["learners"]:
        rates = row["updates_per_s"]
        sb3 = [rate for label, rate in rates.items() if label.startswith("sb3")]
        ratio = row["fast_over_sb3"]
        lines.append(
            f"{row['case']:8} {row['device']:6} {row['threads']:7d} "
            f"{row['algorithm']:9} {row['observation']:11} "
            f"{rates['fast']:7.1f} {rates['plain']:7.1f} "
            f"{f'{max(sb3):7.1f}' if sb3 else '      -'}  "
            f"{row['fast_over_plain']:10.2f}  "
            f"{f'{ratio:8.2f}' if ratio is not None else '       -'}"
        )
    return "\n".join(lines) + "\n"


def run_bench_learners(json_file: Path | None, seconds: float) -> int:
    """Print the figures as a table and write them as JSON."""
    if not 0.1 <= seconds <= 600.0:
        raise CommandError(f"--seconds {seconds:g}: allowed is 0.1 to 600")
    require_writable(json_file)
    found = bench_learners(seconds)
    print(table(found), end="")
    if found["sb3_install"]:
        print(f"no comparison: {found['sb3_install']}")
    if json_file is not None:
        write_atomically(json_file, json_text(found))
        print(f"wrote {json_file}")
    return 0
