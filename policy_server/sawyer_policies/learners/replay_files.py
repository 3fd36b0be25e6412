"""Files of a replay buffer: chunks that are never rewritten, and a list of the valid ones."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes

from sawyer_policies.learners.checkpoint import digest, read_json, write_atomically
from sawyer_policies.learners.errors import CheckpointError
from sawyer_policies.observations import LearnerSpaces

if TYPE_CHECKING:
    from sawyer_policies.learners.replay import ReplayBuffer

INDEX = "replay.json"
CHUNK = 1024
"""Transitions of a full chunk; a checkpoint rewrites at most this many."""


@dataclass(frozen=True)
class Index:
    """What a folder holds: transitions ``added - stored`` to ``added``, counted from the first."""

    capacity: int
    spaces: LearnerSpaces
    added: int
    chunks: tuple[dict[str, Any], ...]


def save(buffer: ReplayBuffer, folder: Path) -> None:
    """Write the chunks that are not on disk yet, then the list, then drop what is not in it."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {entry["file"]: entry for entry in _known(folder, buffer)}
    chunks = []
    start = buffer.added - len(buffer)
    for first in range(start - start % CHUNK, buffer.added, CHUNK):
        begin, end = max(first, start), min(first + CHUNK, buffer.added)
        if begin > first and f"chunk_{first:09d}_{first + CHUNK:09d}.safetensors" in known:
            begin = first  # still on disk in full; its oldest part is not read back
        name = f"chunk_{begin:09d}_{end:09d}.safetensors"
        chunks.append(known.get(name) or _write_chunk(buffer, folder / name, begin, end))
    spaces = buffer.spaces
    index = {
        "format": "sawyer-replay",
        "version": 1,
        "capacity": buffer.capacity,
        "added": buffer.added,
        "state_dim": spaces.state_dim,
        "image_shape": None if spaces.image_shape is None else list(spaces.image_shape),
        "action_dim": spaces.action_dim,
        "privileged_dim": spaces.privileged_dim,
        "chunks": chunks,
    }
    write_atomically(folder / INDEX, json.dumps(index, indent=1).encode())
    listed = {entry["file"] for entry in chunks}
    for path in folder.glob("chunk_*.safetensors"):
        if path.name not in listed:
            path.unlink(missing_ok=True)


def _known(folder: Path, buffer: ReplayBuffer) -> tuple[dict[str, Any], ...]:
    """Chunks that the list of this same buffer names and that are there in full."""
    if not (folder / INDEX).is_file():
        return ()
    try:
        found = read_index(folder, buffer.spaces)
    except CheckpointError:
        return ()
    if found.added > buffer.added or found.capacity != buffer.capacity:
        return ()
    return tuple(
        entry
        for entry in found.chunks
        if (folder / entry["file"]).is_file()
        and os.path.getsize(folder / entry["file"]) == entry["bytes"]
    )


def _write_chunk(buffer: ReplayBuffer, path: Path, begin: int, end: int) -> dict[str, Any]:
    slots = [index % buffer.capacity for index in range(begin, end)]
    tensors = {"rows": buffer.rows[slots].cpu()}
    if buffer.images is not None:
        tensors["images"] = buffer.images[slots].cpu()
    data = save_bytes(tensors)
    write_atomically(path, data)
    return {
        "file": path.name,
        "begin": begin,
        "end": end,
        "bytes": len(data),
        "sha256": digest(data),
    }


def read_index(folder: Path, spaces: LearnerSpaces | None) -> Index:
    """The list of a folder, checked.

    Raises:
        CheckpointError: no list, a broken one, or one of other spaces.
    """
    path = folder / INDEX
    raw = read_json(path)
    try:
        shape = raw["image_shape"]
        stored = LearnerSpaces(
            raw["state_dim"],
            None if shape is None else (shape[0], shape[1]),
            raw["action_dim"],
            raw["privileged_dim"],
        )
        index = Index(raw["capacity"], stored, raw["added"], tuple(raw["chunks"]))
    except (KeyError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path} is not the list of a replay buffer: {error!r}") from error
    if spaces is not None and spaces != stored:
        raise CheckpointError(f"{path} holds transitions of {stored}, expected {spaces}")
    return index


def fill(buffer: ReplayBuffer, folder: Path, index: Index) -> None:
    """Put the stored transitions into an empty buffer.

    Raises:
        CheckpointError: a chunk is missing, cut short or altered.
    """
    first = index.added - min(index.added, index.capacity)
    for entry in index.chunks:
        path = folder / entry["file"]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read: {error}") from error
        if len(data) != entry["bytes"] or digest(data) != entry["sha256"]:
            raise CheckpointError(f"{path} is cut short or altered; the save is refused")
        tensors = load_bytes(data)
        skip = max(0, first - entry["begin"])
        slots = [i % buffer.capacity for i in range(entry["begin"] + skip, entry["end"])]
        buffer.rows[slots] = tensors["rows"][skip:].to(buffer.device)
        if buffer.images is not None:
            buffer.images[slots] = tensors["images"][skip:].to(buffer.device)
    buffer.added = index.added
