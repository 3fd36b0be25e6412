"""Plans of the shipped studies, as package data."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sawyer_core.errors import UnknownNameError

STUDIES: Final = ("ch9", "ch8")


def plan_path(study: str) -> Path:
    """Return the plan file of a shipped study."""
    if study not in STUDIES:
        raise UnknownNameError("study", study, STUDIES)
    return Path(__file__).with_name(f"{study}.yaml")
