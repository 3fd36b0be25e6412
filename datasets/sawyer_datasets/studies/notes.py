"""The hand-written part of a report: a Markdown file with one heading per row.

## General
What holds for the whole report.

## residual_td3_image
Why this row differs.

## residual_td3_image/usb
Why this cell differs (goes before the row's own text).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from sawyer_core.errors import UnknownNameError

GENERAL: Final = "General"
UNWRITTEN: Final = "No reason has been written down yet."
_HEADING: Final = re.compile(r"^## +(.+?) *$", re.MULTILINE)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)


def read_notes(path: Path, known: Iterable[str]) -> dict[str, str]:
    """Return the texts by heading; empty ones are left out.

    Raises:
        UnknownNameError: a heading names no row and no cell; the nearest one is given.
    """
    names = (GENERAL, *known)
    if not path.is_file():
        return {}
    text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
    parts = _HEADING.split(text)[1:]
    notes: dict[str, str] = {}
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        if heading not in names:
            raise UnknownNameError(f"heading in {path.name}", heading, names)
        if body.strip():
            notes[heading] = body.strip()
    return notes


def note_for(notes: Mapping[str, str], row: str, cell: str = "") -> str:
    """Return what was written on a cell, else on its row, else that nothing was."""
    return notes.get(f"{row}/{cell}", notes.get(row, UNWRITTEN))


def skeleton(title: str, rows: Iterable[str]) -> str:
    """Return an empty notes file."""
    parts = [
        f"# Notes on {title}",
        "<!-- Written by hand and taken into report.md by its command. A heading is General, a row"
        ",\nor a row and a connector or setting, such as `row/usb`; empty ones are left out. -->",
        f"## {GENERAL}",
        *(f"## {row}" for row in rows),
    ]
    return "\n\n".join(parts) + "\n"
