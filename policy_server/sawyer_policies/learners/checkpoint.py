"""Checkpoints of a learner: safetensors beside JSON, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_bytes
from safetensors.torch import save as save_bytes

from sawyer_policies.learners.errors import CheckpointError

META = "learner.json"


def digest(data: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to disk under another name, then give it its own.

    Raises:
        OSError: the disk refuses; what ``path`` held before is kept.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with beside.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CheckpointError: it is missing or is no JSON object.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds no JSON object")
    return found


def save_learner(
    folder: Path, tensors: Mapping[str, torch.Tensor], meta: Mapping[str, Any]
) -> None:
    """Write what ``Learner.state()`` gives into ``folder``; the last one stays until all is there.

    The tensors get a file named after their content; ``learner.json`` names it and is replaced
    last, so a cut at any moment leaves the old or the new checkpoint, never a mixture.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = save_bytes({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    sha256 = digest(data)
    name = f"learner_{sha256[:16]}.safetensors"
    write_atomically(folder / name, data)
    listed = {"file": name, "bytes": len(data), "sha256": sha256, "meta": dict(meta)}
    write_atomically(folder / META, json.dumps(listed, indent=1).encode())
    for path in folder.glob("learner_*.safetensors"):
        if path.name != name:
            path.unlink(missing_ok=True)


def load_learner(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors and meta for ``Learner.load_state()``.

    Raises:
        CheckpointError: a file is missing, cut short or altered.
    """
    listed = read_json(folder / META)
    try:
        path = folder / str(listed["file"])
        size, sha256, meta = listed["bytes"], listed["sha256"], listed["meta"]
    except KeyError as error:
        raise CheckpointError(f"{folder / META} lacks {error}") from error
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error
    if len(data) != size or digest(data) != sha256:
        raise CheckpointError(f"{path} is cut short or altered; the checkpoint is refused")
    try:
        return load_bytes(data), meta
    except SafetensorError as error:
        raise CheckpointError(f"{path} is no safetensors file: {error}") from error
