"""Entry point: hands ``ros2`` through unchanged, everything else to the command tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def ros2_executable() -> str:
    """Return the ``ros2`` command beside this interpreter, else the one on the path."""
    beside = Path(sys.executable).with_name("ros2")
    return str(beside) if beside.is_file() else "ros2"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["ros2"]:
        program = ros2_executable()
        try:
            os.execvp(program, [program, *words[1:]])
        except OSError as error:
            print(f"sawyer: cannot start {program}: {error}", file=sys.stderr)
            return 127
    # Imported late so that `sawyer ros2 ...` does not wait for the command tree.
    from sawyer_cli.app import run

    return run(words)
