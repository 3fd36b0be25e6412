"""The output folder of a session: episodes.json and one bag per episode."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sawyer_core.errors import RecordingError

EPISODES_NAME: Final = "episodes.json"
BAGS_NAME: Final = "bags"


@dataclass(frozen=True)
class Session:
    """Content of episodes.json: one row per episode, and what the session was asked to do."""

    rows: tuple[dict[str, Any], ...]
    settings: dict[str, Any] = field(default_factory=dict)


def bag_path(output: Path, index: int) -> Path:
    """Return where the bag of an episode lies."""
    return output / BAGS_NAME / f"episode_{index:04d}"


def episodes_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of an episodes.json without settings."""
    return json.dumps(list(rows), indent=2, allow_nan=False) + "\n"


def read_session(output: str | Path) -> Session:
    """Read episodes.json, which is a list of rows or an object that holds it as "episodes".

    Raises:
        RecordingError: The file is missing or is not a list of objects.
    """
    path = Path(output) / EPISODES_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise RecordingError(f"{path} is not JSON: {error}") from error
    rows = content.get("episodes") if isinstance(content, dict) else content
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RecordingError(f"{path} does not hold a list of episodes")
    settings = content if isinstance(content, dict) else {}
    return Session(
        rows=tuple(rows),
        settings={key: value for key, value in settings.items() if key != "episodes"},
    )
