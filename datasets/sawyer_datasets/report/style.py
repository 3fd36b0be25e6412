"""Colours and fonts that plots, video and page share."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
from PIL import ImageFont

from sawyer_datasets.report.series import Phase

INK: Final = "#1d2733"
MUTED: Final = "#64707d"
LINE: Final = "#d7dce2"
PAPER: Final = "#f4f6f8"
CARD: Final = "#ffffff"
EMPTY: Final = "#e6e9ed"
FORCE: Final = "#0b5fa5"
PEAK: Final = "#7db0de"
DISTANCE: Final = "#7a4fa3"
CURSOR: Final = "#d1432f"
GOOD: Final = "#1e8a5a"
BAD: Final = "#c23b30"

LAST_SHARE: Final = 0.012  # of the state band, for a success in the last sample; ours

# Distinct in hue and in lightness, so that they survive grey printing and colour blindness.
PHASE_COLOURS: Final = {
    Phase.APPROACH: "#b4bdc7",
    Phase.CONTACT: "#e5a53a",
    Phase.INSERTED: "#4b9ad4",
    Phase.SUCCESS: GOOD,
}
PHASE_LABELS: Final = {
    Phase.APPROACH: "Approach",
    Phase.CONTACT: "Contact",
    Phase.INSERTED: "Inserted",
    Phase.SUCCESS: "Success held",
}


@lru_cache(maxsize=32)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the DejaVu font that matplotlib brings along, at a size in pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", name), size)


def axes_style() -> dict[str, object]:
    """Return matplotlib settings of all plots."""
    return {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.edgecolor": LINE,
        "axes.labelcolor": MUTED,
        "axes.titlecolor": INK,
        "axes.titlesize": 11,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e8ebef",
        "grid.linewidth": 0.8,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "figure.facecolor": CARD,
        "legend.frameon": False,
        "legend.fontsize": 9,
    }
