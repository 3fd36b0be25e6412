"""The policy's picture: the one function that makes it, wherever the raw picture comes from."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_core.types import Image

_LUMA = np.array((299, 587, 114), dtype=np.int64)  # ITU-R BT.601, in thousandths
_LUMA_SUM = 1000


def policy_picture(image: Image, side_px: int) -> Image:
    """(side, side) uint8 gray of (H, W) gray or (H, W, 3) RGB uint8.

    The largest centred square whose side is a whole multiple of ``side_px`` is cut out, turned
    into luma and averaged over equal blocks. All of it is integer arithmetic with one rounding
    at the end (half up), so every process gets the same picture to the last bit.

    >>> policy_picture(np.full((48, 64, 3), 200, np.uint8), 16).shape
    (16, 16)

    Raises:
        ShapeError: another kind of array, or a picture smaller than ``side_px``.
    """
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ShapeError("image", image.shape, "(H, W) or (H, W, 3)")
    if image.dtype != np.uint8:
        raise ShapeError("image", str(image.dtype), "uint8")
    height, width = image.shape[:2]
    factor = min(height, width) // side_px
    if factor == 0:
        raise ShapeError("image", image.shape, f"at least {side_px} x {side_px} pixels")
    edge = factor * side_px
    top, left = (height - edge) // 2, (width - edge) // 2
    square = image[top : top + edge, left : left + edge]
    blocks = square.reshape(side_px, factor, side_px, factor, -1)
    total = blocks.sum(axis=(1, 3), dtype=np.int64)
    area = factor * factor
    if image.ndim == 3:
        total = total @ _LUMA
        area *= _LUMA_SUM
    picture: Image = ((2 * total.reshape(side_px, side_px) + area) // (2 * area)).astype(np.uint8)
    return picture


def read_pgm(path: Path) -> Image:
    """(H, W) uint8 picture of a binary PGM file (P5, 255 grey levels).

    Raises:
        ConfigError: missing, truncated or another format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError("picture", str(path), f"a readable file ({error.strerror})") from error
    header = re.match(rb"P5\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s", data)
    if header is None:
        raise ConfigError("picture", path.name, "a binary PGM file with 255 grey levels")
    width, height = int(header[1]), int(header[2])
    pixels = np.frombuffer(data, dtype=np.uint8, offset=header.end())
    if pixels.size != width * height:
        raise ConfigError(
            "picture", f"{path.name}: {pixels.size} pixels", f"{width} x {height} pixels"
        )
    picture: Image = pixels.reshape(height, width).copy()
    picture.flags.writeable = False
    return picture


def write_pgm(path: Path, picture: Image) -> None:
    """Write an (H, W) uint8 picture as binary PGM; a file that is there stays until it is whole.

    Raises:
        ShapeError: another kind of array.
    """
    if picture.ndim != 2 or picture.dtype != np.uint8:
        raise ShapeError("picture", (picture.shape, str(picture.dtype)), "(H, W) uint8")
    height, width = picture.shape
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + picture.tobytes())
    partial.replace(path)
