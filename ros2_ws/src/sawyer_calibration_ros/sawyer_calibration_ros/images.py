"""Shrinking a picture to the policy's view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sawyer_core.errors import ShapeError

Image = npt.NDArray[np.uint8]

_LUMA = np.array((0.299, 0.587, 0.114))  # ITU-R BT.601


def to_gray(image: Image) -> Image:
    """(H, W) uint8 of (H, W) or (H, W, 3) RGB uint8, BT.601 luma, rounded."""
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] != 3:
        raise ShapeError("image", image.shape, "(H, W) or (H, W, 3)")
    return np.rint(image @ _LUMA).astype(np.uint8)


def shrink(image: Image, side: int) -> Image:
    """(side, side) gray picture: area mean of a (k*side, k*side) picture.

    Raises:
        ShapeError: height and width are not the same whole multiple of ``side``.
    """
    gray = to_gray(image)
    factor, rest = divmod(gray.shape[0], side)
    if rest or gray.shape[0] != gray.shape[1] or factor == 0:
        raise ShapeError("image", gray.shape, f"a square, its side a multiple of {side}")
    if factor == 1:
        return gray
    blocks = gray.reshape(side, factor, side, factor)
    return np.rint(blocks.mean(axis=(1, 3))).astype(np.uint8)
