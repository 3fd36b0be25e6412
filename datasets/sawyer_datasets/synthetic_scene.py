"""Drawings that stand for camera images in synthetic episodes."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

_BOARD: Final = (92, 110, 96)
_SOCKET: Final = (35, 38, 42)
_PLUG: Final = (205, 208, 212)
_GRIPPER: Final = (150, 40, 44)


def _box(
    picture: Image, x: float, y: float, width: float, height: float, colour: tuple[int, int, int]
) -> None:
    rows, columns = picture.shape[:2]
    left, right = sorted((round(x - width / 2), round(x + width / 2)))
    top, bottom = sorted((round(y), round(y + height)))
    top, bottom = (min(max(edge, 0), rows) for edge in (top, bottom))
    left, right = (min(max(edge, 0), columns) for edge in (left, right))
    picture[top:bottom, left:right] = colour


def overview(height_m: float, side_m: float, size: tuple[int, int]) -> Image:
    """Return a side view with the board below and the plug `height_m` above its seat."""
    width, rows = size
    shade = np.linspace(232, 196, rows)[:, None, None]
    picture = np.broadcast_to(shade, (rows, width, 3)).astype(np.uint8)
    scale = rows / 0.12  # the picture shows 12 cm
    ground = rows * 0.72
    _box(picture, width / 2, ground, width * 0.7, rows * 0.3, _BOARD)
    _box(picture, width / 2, ground, 0.016 * scale, 0.012 * scale, _SOCKET)
    x = width / 2 + side_m * scale
    tip = ground + 0.012 * scale - height_m * scale
    _box(picture, x, tip - 0.03 * scale, 0.012 * scale, 0.03 * scale, _PLUG)
    _box(picture, x, tip - 0.06 * scale, 0.03 * scale, 0.032 * scale, _GRIPPER)
    _box(picture, x, tip - 0.15 * scale, 0.05 * scale, 0.09 * scale, (60, 62, 70))
    return picture


def close_up(height_m: float, side_m: float, size: int, rng: np.random.Generator) -> Image:
    """Return the colour picture of the camera beside the plug."""
    picture = np.full((size, size, 3), 120, dtype=np.uint8)
    scale = size / 0.06
    ground = size * 0.7
    _box(picture, size / 2, ground, size, size * 0.3, _BOARD)
    _box(picture, size / 2, ground, 0.016 * scale, size, _SOCKET)
    _box(
        picture,
        size / 2 + side_m * scale,
        ground + (0.012 - height_m - 0.03) * scale,
        0.012 * scale,
        0.03 * scale,
        _PLUG,
    )
    noise = rng.normal(0, 4, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def policy_view(height_m: float, side_m: float, rng: np.random.Generator) -> Image:
    """Return the 32x32 grey picture a policy sees."""
    picture = close_up(height_m, side_m, 96, rng).mean(axis=2)
    small: Image = picture.reshape(32, 3, 32, 3).mean(axis=(1, 3)).astype(np.uint8)
    return small
