"""Plane cuts through boxes, for pictures of the true collision geometry."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sawyer_core.types import Array
from sawyer_sim.shapes import Shape

_EDGES = [
    (a, b)
    for a in range(8)
    for b in range(a + 1, 8)
    if bin(a ^ b).count("1") == 1  # corners that differ in one coordinate
]


def box_corners(shape: Shape, rotation: Array, position_m: Array) -> Array:
    """(8, 3) corners of a box whose body has this pose."""
    half = 0.5 * np.array(shape.size_m)
    signs = np.array(
        [[1.0 if index >> axis & 1 else -1.0 for axis in range(3)] for index in range(8)]
    )
    local = (signs * half) @ shape.rotation.T + np.array(shape.position_m)
    corners: Array = local @ rotation.T + position_m
    return corners


def cut(corners: Array, axis: int, level_m: float) -> Array | None:
    """Polygon (n, 2) of a box cut by the plane ``axis = level``; None where it misses.

    The remaining axes keep their order.
    """
    heights = corners[:, axis] - level_m
    points = []
    for first, second in _EDGES:
        low, high = heights[first], heights[second]
        if low * high < 0.0:
            share = low / (low - high)
            points.append(corners[first] + share * (corners[second] - corners[first]))
    if len(points) < 3:
        return None
    flat = np.delete(np.array(points), axis, axis=1)
    centred = flat - flat.mean(axis=0)
    order = np.argsort(np.arctan2(centred[:, 1], centred[:, 0]))
    polygon: Array = flat[order]
    return polygon


def cut_shapes(
    shapes: Iterable[Shape],
    axis: int,
    level_m: float,
    *,
    rotation: Array | None = None,
    position_m: Array | None = None,
) -> list[tuple[str, Array]]:
    """Role and polygon of every box that the plane meets."""
    turn = np.identity(3) if rotation is None else rotation
    shift = np.zeros(3) if position_m is None else position_m
    found = []
    for shape in shapes:
        if shape.kind != "box":
            continue
        polygon = cut(box_corners(shape, turn, shift), axis, level_m)
        if polygon is not None:
            found.append((shape.role, polygon))
    return found
