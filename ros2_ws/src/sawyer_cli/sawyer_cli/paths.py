"""Where things are in the checkout."""

from __future__ import annotations

import datetime
import os
import tempfile
from pathlib import Path

from sawyer_cli.errors import CommandError


def repository_root() -> Path:
    """Return the checkout that this module was installed from (links are followed)."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "requirements.in").is_file() and (folder / "sawyer").is_file():
            return folder
    raise FileNotFoundError(
        "sawyer_cli does not run from a checkout of the repository (no requirements.in above "
        f"{Path(__file__).parent})"
    )


def new_run_folder(kind: str, out: Path | None) -> Path:
    """Create and return the folder of one run: ``runs/<kind>-<date>-<time>`` unless given.

    Raises:
        FileExistsError: ``out`` is there and holds something.
    """
    if out is not None:
        folder = out.expanduser().resolve()
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} exists and is not an empty folder")
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    stamp = datetime.datetime.now(tz=datetime.timezone.utc).strftime("%Y%m%d-%H%M%S")
    base = repository_root() / "runs"
    base.mkdir(exist_ok=True)
    for suffix in ("", *(f"-{n}" for n in range(2, 100))):
        folder = base / f"{kind}-{stamp}{suffix}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{base} holds 99 runs of this second already")


def require_writable(path: Path | None) -> None:
    """Make the folder of a result file, so that a long run does not end at a bad path.

    Raises:
        CommandError: the file cannot be written there.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
    if path.is_dir():
        raise CommandError(f"cannot write {path}: it is a folder")


def write_atomically(path: Path, text: str) -> None:
    """Write a text file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
