"""``sawyer test``: lint, format, types, imports and pytest, in that order."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sawyer_cli.errors import CommandError, require_choice
from sawyer_cli.launching import interrupts_not_ignored
from sawyer_cli.paths import repository_root


@dataclass(frozen=True)
class Step:
    """One check: its name and the command line that performs it."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What a check ended with."""

    name: str
    status: int
    wall_s: float


def tool(name: str) -> str:
    """Return a tool of this environment.

    Console scripts are used and not ``python -m``, which would put the repository root on the
    import path, where top-level folders would pose as packages.
    """
    path = Path(sys.executable).with_name(name)
    if not path.is_file():
        raise CommandError(f"{name} is not installed beside {sys.executable}", status=1)
    return str(path)


def static_steps() -> list[Step]:
    """Return the checks that only read the tree."""
    return [
        Step("lint", (tool("ruff"), "check", "--quiet", ".")),
        Step("format", (tool("ruff"), "format", "--quiet", "--check", ".")),
        Step("types", (tool("mypy"), "--no-error-summary")),
        Step("imports", (tool("lint-imports"), "--config", "pyproject.toml", "--no-cache")),
    ]


STEP_NAMES = ("lint", "format", "types", "imports", "pytest")


def pytest_command(
    *, paths: Sequence[str], keyword: str | None, marker: str | None, fast: bool
) -> tuple[str, ...]:
    """Return pytest's command line; ``fast`` leaves out what is marked slow."""
    command = [tool("pytest"), "--durations=10", "--durations-min=5"]
    expressions = [f"({marker})"] if marker else []
    expressions += ["not hardware"] + (["not slow"] if fast else [])
    command += ["-m", " and ".join(expressions)]
    if keyword:
        command += ["-k", keyword]
    if sys.stdout.isatty():
        command.append("--color=yes")
    return (*command, *paths)


def run_quiet(step: Step, folder: Path) -> int:
    """Run a check and show its output only if it fails; returns its status."""
    done = subprocess.run(
        step.command,
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        print(done.stdout, end="", flush=True)
    return done.returncode


def run_streaming(command: Sequence[str], folder: Path) -> tuple[int, str]:
    """Run a command, show its output as it comes; return the status and the last line."""
    last = ""
    with interrupts_not_ignored():  # tests interrupt what they start
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line.rstrip() or last
    return process.returncode, last


def run_checks(
    *,
    paths: Sequence[str] = (),
    keyword: str | None = None,
    marker: str | None = None,
    fast: bool = False,
    only: str | None = None,
) -> int:
    """Run the checks; all run even if an early one fails. Returns the exit status.

    Naming paths, ``-k`` or ``-m`` selects tests, so then only pytest runs.
    """
    root = repository_root()
    selected = list(STEP_NAMES)
    if only is not None:
        selected = [require_choice("check", only, STEP_NAMES)]
    elif paths or keyword or marker:
        selected = ["pytest"]
    outcomes: list[Outcome] = []
    for step in static_steps():
        if step.name in selected:
            print(f"== {step.name}", flush=True)
            started = time.monotonic()
            outcomes.append(Outcome(step.name, run_quiet(step, root), time.monotonic() - started))
    closing = ""
    if "pytest" in selected:
        print("== pytest", flush=True)
        started = time.monotonic()
        command = pytest_command(paths=paths, keyword=keyword, marker=marker, fast=fast)
        status, closing = run_streaming(command, root)
        outcomes.append(Outcome("pytest", status, time.monotonic() - started))
    print("== summary")
    for outcome in outcomes:
        word = "ok" if outcome.status == 0 else f"FAILED (exit {outcome.status})"
        print(f"{outcome.name:8} {outcome.wall_s:7.1f} s  {word}")
    if closing:
        print(closing, flush=True)
    return 0 if all(o.status == 0 for o in outcomes) else 1
