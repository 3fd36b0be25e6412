"""What the cameras see: ``python -m sawyer_sim.view_pictures --out docs/results``.

Writes ``views.png`` (side camera and the 32x32 policy view along an episode, per connector) and
``overview.png`` (overview camera, before and after the insertion).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from sawyer_controllers.episode import EpisodeSpec
from sawyer_core.types import Image
from sawyer_sim.connectors import CONNECTOR_NAMES, load_connector
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

STEPS = (0, 3, 5, 14)
_SIZE_PX = 320


def episode_views(
    connector: str, seed: int
) -> tuple[list[tuple[Image, Image]], tuple[Image, Image]]:
    """Side and policy view at :data:`STEPS`, overview at the first and the last of them."""
    with Twin(connector) as twin:
        session = InsertionSession(twin)
        session.begin(EpisodeSpec(connector=connector, seed=seed))
        views = []
        before = twin.render_overview()
        for step in range(STEPS[-1] + 1):
            if step in STEPS:
                views.append((twin.render_rgb(_SIZE_PX, _SIZE_PX), twin.render_policy_view()))
            if not session.core.done:
                session.step(np.zeros(3))
        return views, (before, twin.render_overview())


def draw(out: Path, seed: int) -> None:
    """Write both pictures."""
    figure = Figure(figsize=(10.0, 14.5), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(2 * len(CONNECTOR_NAMES), len(STEPS))
    overview: tuple[Image, Image] | None = None
    for index, name in enumerate(CONNECTOR_NAMES):
        views, pair = episode_views(name, seed)
        overview = pair if overview is None else overview
        for column, (rgb, gray) in enumerate(views):
            top, bottom = grid[2 * index][column], grid[2 * index + 1][column]
            top.imshow(rgb)
            bottom.imshow(gray, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            top.set_title(f"{load_connector(name).title}, step {STEPS[column]}", fontsize=9)
            bottom.set_title("policy view, 32 x 32", fontsize=8)
    for axes in grid.flat:
        axes.set_axis_off()
    figure.savefig(out / "views.png", dpi=80)
    figure = Figure(figsize=(11.0, 4.3), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, image, title in zip(
        figure.subplots(1, 2), overview or (), ("start of the episode", "plugged in"), strict=True
    ):
        axes.imshow(image)
        axes.set_title(title)
        axes.set_axis_off()
    figure.savefig(out / "overview.png", dpi=100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--seed", type=int, default=3)
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    draw(chosen.out, chosen.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
