"""What surrounds the task on the table: the board of a socket, bodies that stand loose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sawyer_sim.shapes import Shape, Vector, box

TABLE_BELOW_MOUTH_M = 0.03


@dataclass(frozen=True)
class LooseBody:
    """A box that nothing holds: it stands on the table until it is pushed.

    Attributes:
        name: for messages and pictures.
        size_m: edge lengths.
        mass_kg: mass, homogeneous.
        position_m: centre at home, socket frame (origin in the mouth, z up).
        rgba: colour.
    """

    name: str
    size_m: Vector
    mass_kg: float
    position_m: Vector
    rgba: tuple[float, float, float, float]


def table_shape(below_mouth_m: float = TABLE_BELOW_MOUTH_M) -> Shape:
    """The table, socket frame."""
    top = -below_mouth_m
    return box((-0.25, 0.25), (-0.3, 0.3), (top - 0.03, top), role="table")


def board_shapes(socket: Sequence[Shape]) -> list[Shape]:
    """Board around a socket and the table below, socket frame."""
    reach = max(abs(shape.position_m[0]) + 0.5 * shape.size_m[0] for shape in socket) + 1e-3
    low, top = -TABLE_BELOW_MOUTH_M, -0.004
    half = 0.06
    frame: list[tuple[tuple[float, float], tuple[float, float]]] = [
        ((-half, -reach), (-half, half)),
        ((reach, half), (-half, half)),
        ((-reach, reach), (-half, -reach)),
        ((-reach, reach), (reach, half)),
    ]
    board = [box(x, y, (low, top), role="board") for x, y in frame]
    return [*board, table_shape()]
