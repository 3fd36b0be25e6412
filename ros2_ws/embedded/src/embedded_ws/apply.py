"""Carrying out of an installation plan: atomic per file, idempotent, stale items removed."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded_ws.errors import WorkspaceError
from embedded_ws.plan import Item, Plan

STATE_FOLDER = "share/embedded_ws"


@dataclass(frozen=True)
class Outcome:
    """How many items an installation wrote, removed and left alone."""

    written: int
    removed: int
    unchanged: int


@contextlib.contextmanager
def locked(prefix: Path) -> Iterator[Path]:
    """Hold the installation lock of a prefix; yields the folder of the installer's state."""
    folder = prefix / STATE_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield folder


def _temporary(path: Path) -> Path:
    """Return the free name to write to first; the lock is held, so it is nobody else's."""
    temporary = path.with_name(f".{path.name}.embedded_ws.tmp")
    temporary.unlink(missing_ok=True)
    return temporary


def write_atomically(path: Path, text: str, executable: bool = False) -> None:
    """Write a file under a temporary name, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.write_text(text, encoding="utf-8")
    if executable:
        temporary.chmod(0o755)
    temporary.replace(path)


def _link_atomically(path: Path, source: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.symlink_to(source)
    temporary.replace(path)


def _is_up_to_date(path: Path, item: Item) -> bool:
    if item.source is not None:
        return path.is_symlink() and os.readlink(path) == str(item.source)
    if path.is_symlink() or not path.is_file():
        return False
    if item.executable and not os.access(path, os.X_OK):
        return False
    return path.read_text(encoding="utf-8") == item.text


def read_manifest(folder: Path) -> dict[str, list[str]]:
    """Return the items of each package that an earlier run installed."""
    path = folder / "manifest.json"
    if not path.is_file():
        return {}
    try:
        raw: Any = json.loads(path.read_text(encoding="utf-8"))
        return {str(owner): [str(i) for i in items] for owner, items in raw["packages"].items()}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise WorkspaceError(
            f"{path}: unreadable ({error}); delete it and install again"
        ) from None


def _write_manifest(folder: Path, items: dict[str, set[str]]) -> None:
    content = {"packages": {owner: sorted(items[owner]) for owner in sorted(items)}}
    text = json.dumps(content, indent=1) + "\n"
    path = folder / "manifest.json"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def apply(plan: Plan) -> Outcome:
    """Make the prefix hold exactly the plan's items, besides what others put there."""
    with locked(plan.prefix) as state:
        before = read_manifest(state)
        known = {path for items in before.values() for path in items}
        for path, item in plan.items.items():
            target = plan.prefix / path
            if path not in known and target.exists() and not _is_up_to_date(target, item):
                raise WorkspaceError(
                    f"{item.owner}: {target} exists and was not made by this installer"
                )
        owned: dict[str, set[str]] = {}
        for path, item in plan.items.items():
            owned.setdefault(item.owner, set()).add(path)
        union = {owner: set(items) for owner, items in before.items()}
        for owner, items in owned.items():
            union.setdefault(owner, set()).update(items)
        _write_manifest(state, union)  # an interrupted run can be cleaned up by the next
        written = 0
        for path, item in plan.items.items():
            target = plan.prefix / path
            if _is_up_to_date(target, item):
                continue
            if item.source is not None:
                _link_atomically(target, item.source)
            else:
                write_atomically(target, item.text, item.executable)
            written += 1
        stale = known - set(plan.items)
        for path in sorted(stale):
            _remove(plan.prefix, path)
        _write_manifest(state, owned)
        return Outcome(written, len(stale), len(plan.items) - written)


def _remove(prefix: Path, path: str) -> None:
    """Remove an installed item and the folders that it leaves empty."""
    target = prefix / path
    if target.is_symlink() or target.is_file():
        target.unlink()
    for folder in target.parents:
        if folder == prefix:
            break
        try:
            folder.rmdir()
        except OSError:
            break


def uninstall(prefix: Path) -> int:
    """Remove all that the installer put below a prefix; returns the number of items."""
    with locked(prefix) as state:
        paths = [path for items in read_manifest(state).values() for path in items]
        for path in sorted(paths):
            _remove(prefix, path)
        _write_manifest(state, {})
        return len(paths)
