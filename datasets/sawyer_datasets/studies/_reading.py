"""Strict reading of plan files: unknown keys and wrong types are named with the nearest match."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from sawyer_core.errors import ConfigError, UnknownNameError

FORMAT: Final = "sawyer-study"


class Section:
    """One mapping of a plan file; knows where it stands, for the messages."""

    def __init__(self, values: Any, where: str, allowed: Iterable[str]) -> None:
        if not isinstance(values, Mapping):
            raise ConfigError(where, values, "a mapping")
        self._values, self._where, self._allowed = values, where, tuple(allowed)
        for key in values:
            if str(key) not in self._allowed:
                raise UnknownNameError(f"key in {where}", str(key), self._allowed)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        """Return a value of one of the kinds; without a default the key must be there."""
        if key not in self._values:
            if default is ...:
                raise ConfigError(f"{self._where}: {key}", None, "a value (the key is missing)")
            return default
        value = self._values[key]
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wrong_bool = isinstance(value, bool) and bool not in kinds
        if wrong_bool or not isinstance(value, kinds):
            names = " or ".join(k.__name__ for k in kinds)
            raise ConfigError(f"{self._where}: {key}", value, names)
        return value

    def choice(self, key: str, choices: Iterable[str], default: Any = ...) -> str:
        """Return a name that is one of the choices."""
        names = tuple(choices)
        value = self.get(key, str, default)
        if value not in names:
            raise UnknownNameError(f"{key} in {self._where}", value, names)
        return str(value)

    def whole(self, key: str, lowest: int, highest: int, default: Any = ...) -> int:
        """Return an integer within bounds."""
        value = self.get(key, int, default)
        if not lowest <= value <= highest:
            raise ConfigError(f"{self._where}: {key}", value, f"{lowest} to {highest}")
        return int(value)

    def number(self, key: str, lowest: float, highest: float, default: Any = ...) -> float:
        """Return a number within bounds."""
        value = float(self.get(key, (int, float), default))
        if not lowest <= value <= highest:
            raise ConfigError(f"{self._where}: {key}", value, f"{lowest:g} to {highest:g}")
        return value

    def numbers(self, key: str, length: int, default: Any = ...) -> tuple[float, ...] | None:
        """Return exactly so many numbers; ``null`` (or the default) stands for none known."""
        value = self._values.get(key, default)
        if value is ...:
            raise ConfigError(f"{self._where}: {key}", None, f"{length} numbers or null")
        if value is None:
            return None
        good = isinstance(value, list) and len(value) == length
        if not good or not all(isinstance(x, (int, float)) for x in value):
            raise ConfigError(f"{self._where}: {key}", value, f"{length} numbers or null")
        return tuple(float(x) for x in value)


def read_plan(path: Path, study: str) -> dict[str, Any]:
    """Read a plan file and check that it is one, of the right study."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ConfigError(str(path), "unreadable", f"YAML ({error})") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ConfigError(f"{path.name}: format", values, f"a mapping with format {FORMAT}")
    if values.get("study") != study:
        raise ConfigError(f"{path.name}: study", values.get("study"), study)
    return values


def checksum(path: Path) -> str:
    """Return the checksum of a file that a command reads."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def set_words(values: Mapping[str, Any]) -> list[str]:
    """Return ``--set key=value`` for each setting, in the order of their names.

    >>> set_words({"batch_size": 64, "learner.init_log_std": -1.5})
    ['--set', 'batch_size=64', '--set', 'learner.init_log_std=-1.5']
    """
    words: list[str] = []
    for key in sorted(values):
        value = values[key]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        words += ["--set", f"{key}={text}"]
    return words
