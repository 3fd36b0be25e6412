"""Bundles on the disk: written whole or not at all, read with every check, no pickle anywhere."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sawyer_core import BundleError, SawyerError
from sawyer_policies.bundles.info import (
    SAWYER,
    BundleInfo,
    RobotLimits,
    check_info,
    from_json,
    to_json,
)

INFO_FILE = "policy.json"
WEIGHTS_FILE = "weights.safetensors"
MAX_WEIGHTS_BYTES = 64 * 1024**2  # ours: a hundred times the policies here
_VERSION = re.compile(r"v\d{6,}")
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100

Weights: TypeAlias = dict[str, npt.NDArray[Any]]


def save_bundle(
    folder: str | os.PathLike[str], info: BundleInfo, weights: Mapping[str, Any]
) -> Path:
    """Write a bundle; a bundle that is there stays whole until the new one is.

    Args:
        folder: the bundle's folder; its parents are made.
        info: what ``policy.json`` says; ``created`` is filled in if it is empty.
        weights: float32 tensors or arrays of the actor.

    Returns:
        The folder.

    Raises:
        BundleError: info or weights that a robot would refuse.
        OSError: the disk; what was there before is still there.
    """
    target = Path(folder)
    arrays = _arrays(target, weights)
    if not info.created:
        now = datetime.now(tz=timezone.utc)
        info = replace(info, created=now.isoformat(timespec="seconds"))
    import safetensors.numpy

    blob: bytes = safetensors.numpy.save(arrays)
    try:
        check_info(info)
        values = to_json(info, weights_sha256=_sha256(blob))
        text = json.dumps(values, indent=1, allow_nan=False) + "\n"
    except (SawyerError, TypeError, ValueError) as error:
        raise BundleError(target, str(error)) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.mkdir()
        _write(temporary / WEIGHTS_FILE, blob)
        _write(temporary / INFO_FILE, text.encode("utf-8"))
        _sync(temporary)
        _put_in_place(temporary, target)
        _sync(target.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _arrays(target: Path, weights: Mapping[str, Any]) -> Weights:
    arrays = {}
    for name, value in weights.items():
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        arrays[str(name)] = np.ascontiguousarray(value, dtype=np.float32).reshape(np.shape(value))
    _check_numbers(target, arrays)
    return arrays


def _check_numbers(folder: Path, arrays: Weights) -> None:
    if not arrays:
        raise BundleError(folder, "there are no weights")
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise BundleError(folder, f"weight {name} is {array.dtype}, expected float32")
        if not np.isfinite(array).all():
            raise BundleError(folder, f"weight {name} is not finite")


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(blob: bytes) -> str:
    return hashlib.sha256(blob).hexdigest()


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename; where there is an old folder the two change places in one step."""
    if not target.exists():
        temporary.rename(target)
        return
    if _exchange(temporary, target):
        return  # the old one now has the temporary name, and is removed under it
    old = _previous(target)
    shutil.rmtree(old, ignore_errors=True)
    target.rename(old)  # a crash from here to the next line is mended by the next reader
    temporary.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _previous(target: Path) -> Path:
    return target.with_name(f".{target.name}.previous")


def _exchange(first: Path, second: Path) -> bool:
    """Let two paths change places atomically; False where the system cannot."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    names = (os.fsencode(first), os.fsencode(second))
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(second))


def is_bundle(folder: Path) -> bool:
    """Whether a folder has a bundle's files (they may still be refused)."""
    return (folder / INFO_FILE).is_file()


def versions(folder: Path) -> list[Path]:
    """Bundles ``v000001``, ``v000002``, ... of a folder, oldest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _VERSION.fullmatch(path.name)]
    return sorted((path for path in found if is_bundle(path)), key=lambda path: int(path.name[1:]))


def locate(folder: str | os.PathLike[str]) -> list[Path]:
    """The bundle that a path means, newest version first.

    A path is a bundle, a folder of versions ``v000012``, or the folder of a training run, which
    has its versions in ``policy/`` and its finished bundle in ``bundle/<name>/``.

    Raises:
        BundleError: there is none.
    """
    path = Path(folder)
    if not path.exists() and is_bundle(_previous(path)):
        _previous(path).rename(path)
    if is_bundle(path):
        return [path]
    for place in (path, path / "policy"):
        if found := versions(place):
            return found[::-1]
    finished = sorted(p for p in path.glob("bundle/*") if is_bundle(p))
    if len(finished) == 1:
        return finished
    if len(finished) > 1:
        raise BundleError(folder, f"it has {len(finished)} bundles in bundle/: name one of them")
    what = "there is no such folder" if not path.is_dir() else f"it has no {INFO_FILE}"
    raise BundleError(folder, what)


def read_info(folder: Path, robot: RobotLimits = SAWYER) -> tuple[BundleInfo, str]:
    """Info and checksum of one bundle; reads ``policy.json`` alone.

    Raises:
        BundleError: it is missing, is no JSON, or does not fit the robot.
    """
    try:
        data = json.loads((folder / INFO_FILE).read_text(encoding="utf-8"))
        return from_json(data, robot)
    except OSError as error:
        raise BundleError(folder, f"{INFO_FILE}: {error.strerror or error}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BundleError(folder, f"{INFO_FILE} is damaged: {error}") from error
    except SawyerError as error:
        raise BundleError(folder, str(error)) from error


def read_weights(folder: Path, sha256: str) -> Weights:
    """Weights of one bundle, checked against the sum in ``policy.json``.

    Raises:
        BundleError: missing, cut short, changed, of another type, or not finite.
    """
    import safetensors
    import safetensors.numpy

    path = folder / WEIGHTS_FILE
    try:
        if path.stat().st_size > MAX_WEIGHTS_BYTES:
            raise BundleError(folder, f"{WEIGHTS_FILE} is larger than {MAX_WEIGHTS_BYTES} bytes")
        blob = path.read_bytes()
    except OSError as error:
        raise BundleError(folder, f"{WEIGHTS_FILE}: {error.strerror or error}") from error
    if _sha256(blob) != sha256:
        text = f"{WEIGHTS_FILE} ({len(blob)} bytes) has not the checksum in {INFO_FILE}"
        raise BundleError(folder, f"{text}: it was cut short or changed")
    try:
        arrays: Weights = safetensors.numpy.load(blob)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise BundleError(folder, f"{WEIGHTS_FILE} is damaged: {error}") from error
    _check_numbers(folder, arrays)
    return arrays


def signature(folder: Path) -> tuple[tuple[int, int, int], ...]:
    """Changes when a bundle is written anew: inode, time and size of its files."""
    found = []
    for name in (INFO_FILE, WEIGHTS_FILE):
        try:
            status = (folder / name).stat()
        except OSError:
            continue
        found.append((status.st_ino, status.st_mtime_ns, status.st_size))
    return tuple(found)
