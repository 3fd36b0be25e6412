"""Which code a run was begun with: ``begun.json`` beside its config."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from sawyer_policies.training.disk import PatientWriter, replace_file

ORIGIN_FILE = "begun.json"


def git_state(folder: Path) -> tuple[str, bool]:
    """Commit of a checkout, empty outside git, and whether tracked files differ from it.

    Documents do not count: a study writes its own while it runs.
    """

    def ask(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=10.0,
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    code = ("--", ":/", ":(top,exclude)docs")
    try:
        commit = ask("rev-parse", "HEAD")
        return commit, bool(ask("status", "--porcelain", "--untracked-files=no", *code))
    except (OSError, subprocess.TimeoutExpired):  # no git: a source archive
        return "", False


def git_commit() -> str:
    """Commit of this code, with ``-dirty`` where it differs; empty outside git."""
    commit, changed = git_state(Path(__file__).resolve().parent)
    return f"{commit}-dirty" if changed else commit


def record_origin(folder: Path, writer: PatientWriter) -> None:
    """Write down the commit of the code that begins the run."""
    begun = datetime.now(tz=timezone.utc).isoformat(timespec="seconds")
    text = json.dumps({"git_commit": git_commit(), "begun": begun}, indent=1) + "\n"
    writer.run(lambda: replace_file(folder / ORIGIN_FILE, text.encode()), ORIGIN_FILE)


def origin_commit(folder: Path) -> str:
    """Commit that the run was begun with, empty where nobody wrote it down."""
    try:
        found = json.loads((folder / ORIGIN_FILE).read_text(encoding="utf-8"))
        return str(found["git_commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
