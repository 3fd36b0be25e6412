"""Sanity pictures: cuts through plug and socket at first touch, half way and seated.

``python -m sawyer_sim.connector_pictures --out docs/results`` draws the collision geometry at
plug poses measured in an episode of the P-controller.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from sawyer_controllers.episode import EpisodeSpec
from sawyer_controllers.sensing import SensingConfig
from sawyer_core.errors import SimulationError
from sawyer_core.types import Array, SensorFrame
from sawyer_sim.board import board_shapes
from sawyer_sim.connectors import CONNECTOR_NAMES, Connector
from sawyer_sim.sections import cut_shapes
from sawyer_sim.session import InsertionSession, SessionConfig
from sawyer_sim.shapes import ROLE_RGBA
from sawyer_sim.twin import PlugState, Twin, rotation_from_quat

# Where to cut: y of the front cut, x of the side cut, depth of the cut from above, m.
CUTS_M: dict[str, tuple[float, float, float]] = {
    "usb": (0.0008, 0.0, 0.0025),
    "dsub": (0.0, 0.0, 0.0015),
    "model_e": (0.0, 0.0, 0.0030),
}


@dataclass(frozen=True)
class Moment:
    """A plug pose worth a picture."""

    title: str
    plug: PlugState
    force_n: Array
    time_s: float


def record_moments(connector: str, seed: int) -> tuple[Connector, list[Moment]]:
    """First touch, half way and seated, from an episode with an exact goal."""
    with Twin(connector) as twin:
        history: list[tuple[PlugState, Array, float, int]] = []
        # A long hold lets the controller push the plug home after the contacts have closed.
        config = SessionConfig(sensing=SensingConfig(success_hold_s=3.0))
        session = InsertionSession(twin, config)

        def note(frame: SensorFrame) -> None:
            contacts = len(twin.world.contact_points())
            history.append(
                (twin.plug_state(), frame.wrench.force_n, frame.stamp_ns * 1e-9, contacts)
            )

        session.begin(EpisodeSpec(connector=connector, seed=seed, horizon=80))
        bias = session.frame.wrench.force_n - session.policy_input().force_n
        begin_s = session.frame.stamp_ns * 1e-9
        done = False
        while not done:
            # Ten looks per control period: the first touch lasts less than one.
            done = _step_in_parts(session, twin, note)
        if not session.result().success:
            raise SimulationError(f"{connector}: the episode with seed {seed} did not succeed")
        depth = twin.connector.insertion_depth_m
        touch = next(item for item in history if item[3] > 0)
        half = min(history, key=lambda item: abs(item[0].depth_m - 0.5 * depth))
        picked = (("first touch", touch), ("half way", half), ("seated", history[-1]))
        return twin.connector, [
            Moment(title, item[0], item[1] - bias, item[2] - begin_s) for title, item in picked
        ]


def _step_in_parts(session: InsertionSession, twin: Twin, note: Any) -> bool:
    advance = twin.advance

    def in_parts(target: Any, ticks: int = 100) -> SensorFrame:
        frame = advance(target, ticks // 10)
        note(frame)
        for _ in range(9):
            frame = advance(None, ticks // 10)
            note(frame)
        return frame

    twin.advance = in_parts  # type: ignore[method-assign]
    try:
        return session.step(np.zeros(3)).done
    finally:
        del twin.advance


def draw(connector: Connector, moments: Sequence[Moment], mouth_m: Array, path: Path) -> None:
    """Front cut, side cut and cut from above for each moment."""
    figure = Figure(figsize=(11.5, 12.0), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{connector.title}: collision geometry and measured plug poses of one episode "
        "(P-controller, exact goal)\n"
        "yellow: plug, blue: its handle in the gripper, grey: socket, green: board",
        fontsize=13,
    )
    grid = figure.subplots(3, len(moments), height_ratios=[1.35, 1.35, 1.0])
    front_y, side_x, above_depth = CUTS_M[connector.name]
    for column, moment in enumerate(moments):
        rows = (
            (1, front_y, f"front cut, y = {front_y * 1e3:.1f} mm", "x, mm"),
            (0, side_x, f"side cut, x = {side_x * 1e3:.1f} mm", "y, mm"),
        )
        for row, (axis, level, name, label) in enumerate(rows):
            axes = grid[row][column]
            _vertical(axes, connector, moment, mouth_m, axis, level)
            axes.set_xlabel(label)
            axes.set_ylabel(f"{name}\nheight above mouth, mm" if column == 0 else "")
        _from_above(grid[2][column], connector, moment, mouth_m, above_depth)
        if column == 0:
            grid[2][column].set_ylabel(f"from above, {above_depth * 1e3:.1f} mm deep\ny, mm")
        grid[0][column].set_title(
            f"{moment.title}: t = {moment.time_s:.2f} s, depth {moment.plug.depth_m * 1e3:.2f} mm"
            f"\nupward force {moment.force_n[2]:.1f} N",
            fontsize=10,
        )
    figure.savefig(path, dpi=110)


def _vertical(
    axes: Any, connector: Connector, moment: Moment, mouth_m: Array, axis: int, level_m: float
) -> None:
    rotation = rotation_from_quat(moment.plug.quat_xyzw)
    position = moment.plug.tip_position_m - mouth_m
    socket = [*connector.socket_shapes, *board_shapes(connector.socket_shapes)]
    for role, polygon in cut_shapes(socket, axis, level_m):
        _fill(axes, polygon, role, 1.0)
    plug = cut_shapes(connector.plug_shapes, axis, level_m, rotation=rotation, position_m=position)
    for role, polygon in plug:
        _fill(axes, polygon, "gold" if role == "metal" else role, 1.0, edge="#604000")
    needed = -connector.contacts.depth_m * 1e3
    axes.axhline(0.0, color="black", linewidth=0.8, linestyle="dashed")
    axes.axhline(needed, color="#c02020", linewidth=0.8, linestyle="dotted")
    axes.annotate(
        "contacts close below",
        (15.6, needed - 0.4),
        color="#c02020",
        fontsize=7,
        ha="right",
        va="top",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
    )
    axes.set_xlim(-16, 16)
    axes.set_ylim(-15, 24)
    axes.set_aspect("equal")


def _from_above(
    axes: Any, connector: Connector, moment: Moment, mouth_m: Array, depth_m: float
) -> None:
    rotation = rotation_from_quat(moment.plug.quat_xyzw)
    position = moment.plug.tip_position_m - mouth_m
    for role, polygon in cut_shapes(connector.socket_shapes, 2, -depth_m):
        _fill(axes, polygon, role, 1.0)
    # The plug is cut at the same depth or, above it, just behind its tip and drawn faint.
    level = max(-depth_m, -moment.plug.depth_m + 0.35 * connector.insertion_depth_m)
    inside = moment.plug.depth_m > depth_m
    if inside:
        level = -depth_m
    plug = cut_shapes(connector.plug_shapes, 2, level, rotation=rotation, position_m=position)
    for role, polygon in plug:
        _fill(axes, polygon, "gold" if role == "metal" else role, 0.9 if inside else 0.45)
    if not inside:
        axes.annotate("plug still above", (0.5, 0.04), xycoords="axes fraction", ha="center")
    axes.set_xlim(-16, 16)
    axes.set_ylim(-13, 13)
    axes.set_xlabel("x, mm")
    axes.set_aspect("equal")


def _fill(axes: Any, polygon: Array, role: str, alpha: float, edge: str = "none") -> None:
    axes.add_patch(
        Polygon(
            polygon * 1e3,
            facecolor=ROLE_RGBA[role][:3],
            alpha=alpha,
            edgecolor=edge,
            linewidth=0.3,
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the three pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--connector", choices=CONNECTOR_NAMES, action="append")
    parser.add_argument("--seed", type=int, default=0, help="first seed tried")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.connector or CONNECTOR_NAMES:
        for seed in range(chosen.seed, chosen.seed + 20):
            try:
                connector, moments = record_moments(name, seed)
            except SimulationError:
                continue
            with Twin(name) as twin:
                mouth_m = np.array(twin.mouth_position_m)
            path = chosen.out / f"connector_{name}.png"
            draw(connector, moments, mouth_m, path)
            print(f"{path} (episode seed {seed})")
            break
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
