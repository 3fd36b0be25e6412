"""Files of demonstrations: ``demos.json`` beside ``demos.bin``, no pickle anywhere.

``demos.bin`` holds one zstd frame per array, over all episodes; pictures are stored as
differences to the one before (modulo 256), which is lossless and packs well. ``demos.json`` says
where each frame is, its shape, element type and unit, and has the checksum of the whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import RecordingError, SawyerError, UnknownNameError
from sawyer_datasets._files import write_atomic
from sawyer_datasets.demos.schema import ARRAYS, DemoEpisode, DemoInfo, DemoSet

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

INDEX: Final = "demos.json"
DATA: Final = "demos.bin"
FORMAT: Final = "sawyer-demos"
VERSION: Final = 1
SHIPPED: Final = "shipped"
_LEVEL: Final = 19
_MAX_BYTES: Final = 1 << 30  # ours: what a set may unpack to


def shipped_folder() -> Path:
    """Where the demonstrations of this package are."""
    return Path(__file__).parent / SHIPPED


def shipped_connectors() -> tuple[str, ...]:
    """Connectors that demonstrations ship for."""
    return tuple(sorted(path.parent.name for path in shipped_folder().glob(f"*/{INDEX}")))


def load_demos(connector: str, source: str | os.PathLike[str] = SHIPPED) -> DemoSet:
    """Demonstrations of a connector.

    Args:
        connector: its name.
        source: ``shipped``, or a folder that ``sawyer demos collect`` made.

    Raises:
        UnknownNameError: none ship for this connector.
        RecordingError: missing or damaged files, or demonstrations of another connector.
    """
    if source == SHIPPED:
        if connector not in shipped_connectors():
            raise UnknownNameError(
                "connector with demonstrations", connector, shipped_connectors()
            )
        return read_demos(shipped_folder() / connector)
    found = read_demos(Path(source))
    if found.info.connector != connector:
        raise RecordingError(
            f"{source} holds demonstrations of {found.info.connector!r}, not of {connector!r}"
        )
    return found


def save_demos(folder: str | os.PathLike[str], demos: DemoSet) -> Path:
    """Write a set; an old one in the folder stays valid until the new index replaces it.

    Raises:
        OSError: the disk.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    frames, arrays = [], []
    begin = 0
    for name, spec in ARRAYS.items():
        rows = np.concatenate([episode.arrays[name] for episode in demos.episodes])
        packed = zstd.compress(_packed(name, rows).tobytes(), _LEVEL)
        arrays.append({
            "name": name, "shape": list(rows.shape), "dtype": spec.dtype, "unit": spec.unit,
            "frame": spec.frame, "begin": begin, "bytes": len(packed), "doc": spec.doc,
        })  # fmt: skip
        frames.append(packed)
        begin += len(packed)
    data = b"".join(frames)
    sha256 = hashlib.sha256(data).hexdigest()
    index = {
        "format": FORMAT,
        "version": VERSION,
        **asdict(demos.info),
        "episodes": [
            {"seed": e.seed, "success": e.success, "steps": e.steps, **e.details}
            for e in demos.episodes
        ],
        "arrays": arrays,
        "data": {"bytes": len(data), "sha256": sha256},
    }
    write_atomic(target / DATA, data)
    write_atomic(target / INDEX, json.dumps(index, indent=1, allow_nan=False) + "\n")
    return target


def read_demos(folder: Path) -> DemoSet:
    """Read what :func:`save_demos` wrote, with every check.

    Raises:
        RecordingError: missing, cut short, altered, or of another format.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        data = (folder / DATA).read_bytes()
    except OSError as error:
        raise RecordingError(f"no demonstrations in {folder}: {error}") from error
    except ValueError as error:
        raise RecordingError(f"{folder / INDEX} is damaged: {error}") from error
    try:
        _check_data(folder / DATA, index, data)
        arrays = {entry["name"]: _array(entry, data) for entry in index["arrays"]}
        return DemoSet(_info(index), _episodes(index["episodes"], arrays))
    except RecordingError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, SawyerError, zstd.ZstdError) as error:
        raise RecordingError(f"{folder / INDEX} is damaged: {error!r}") from error


def _check_data(path: Path, index: Any, data: bytes) -> None:
    kind = (index["format"], index["version"])
    if kind != (FORMAT, VERSION):
        raise RecordingError(f"{path.parent} holds {kind}, expected {(FORMAT, VERSION)}")
    size = index["data"]["bytes"]
    if len(data) != size:
        raise RecordingError(f"{path} has {len(data)} of {size} bytes: it was cut short")
    if hashlib.sha256(data).hexdigest() != index["data"]["sha256"]:
        raise RecordingError(f"{path} has not the checksum in {INDEX}: it was changed")


def _info(index: Mapping[str, Any]) -> DemoInfo:
    names = DemoInfo.__dataclass_fields__
    return DemoInfo(**{name: index[name] for name in names})


def _array(entry: Mapping[str, Any], data: bytes) -> NDArray[Any]:
    name, shape = entry["name"], tuple(entry["shape"])
    if name not in ARRAYS or entry["dtype"] != ARRAYS[name].dtype:
        raise RecordingError(f"array {name!r} of type {entry['dtype']} is unknown")
    dtype = np.dtype(entry["dtype"])
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if not 0 <= size <= _MAX_BYTES:
        raise RecordingError(f"array {name!r} of shape {shape} is too large")
    packed = data[entry["begin"] : entry["begin"] + entry["bytes"]]
    raw = zstd.ZstdDecompressor().decompress(packed, max_length=size + 1)
    if len(raw) != size:
        raise RecordingError(f"array {name!r} unpacks to {len(raw)} bytes, expected {size}")
    return _unpacked(name, np.frombuffer(raw, dtype=dtype).reshape(shape))


def _packed(name: str, rows: NDArray[Any]) -> NDArray[Any]:
    if name != "image":
        return rows
    return np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))


def _unpacked(name: str, rows: NDArray[Any]) -> NDArray[Any]:
    if name != "image":
        return rows
    return np.cumsum(rows, axis=0, dtype=np.uint8)


def _episodes(
    entries: list[dict[str, Any]], arrays: Mapping[str, NDArray[Any]]
) -> tuple[DemoEpisode, ...]:
    found = []
    seen = acted = 0
    for entry in entries:
        details = dict(entry)
        seed, success, steps = details.pop("seed"), details.pop("success"), details.pop("steps")
        own = {
            name: rows[acted : acted + steps]
            if name == "action"
            else rows[seen : seen + steps + 1]
            for name, rows in arrays.items()
        }
        found.append(DemoEpisode(int(seed), bool(success), own, details))
        acted, seen = acted + steps, seen + steps + 1
    for name, rows in arrays.items():
        used = acted if name == "action" else seen
        if len(rows) != used:
            raise RecordingError(f"array {name!r} has {len(rows)} rows, the episodes {used}")
    return tuple(found)
