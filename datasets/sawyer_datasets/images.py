"""Images of a topic as one array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import RecordingError, UnknownNameError

# encoding: (element type, channels, order that turns it into RGB or RGBA)
_ENCODINGS: Final[dict[str, tuple[type[np.generic], int, tuple[int, ...]]]] = {
    "mono8": (np.uint8, 1, ()),
    "8UC1": (np.uint8, 1, ()),
    "mono16": (np.uint16, 1, ()),
    "16UC1": (np.uint16, 1, ()),
    "32FC1": (np.float32, 1, ()),
    "rgb8": (np.uint8, 3, ()),
    "8UC3": (np.uint8, 3, ()),
    "bgr8": (np.uint8, 3, (2, 1, 0)),
    "rgba8": (np.uint8, 4, ()),
    "bgra8": (np.uint8, 4, (2, 1, 0, 3)),
}


def image_stack(topic: str, columns: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the images of a decoded `sensor_msgs/Image` topic.

    Returns:
        (N, H, W) for one channel, (N, H, W, 3 or 4) in RGB order otherwise.

    Raises:
        RecordingError: The images differ in size or encoding, or do not fill their own size.
        UnknownNameError: The encoding is not supported.
    """
    shapes = {
        (int(h), int(w), int(s), str(e), bool(b))
        for h, w, s, e, b in zip(
            columns["height"],
            columns["width"],
            columns["step"],
            columns["encoding"],
            columns["is_bigendian"],
            strict=True,
        )
    }
    if len(shapes) != 1:
        raise RecordingError(f"{topic}: {len(shapes)} sizes or encodings; one is needed")
    height, width, step, encoding, big_endian = shapes.pop()
    if encoding not in _ENCODINGS:
        raise UnknownNameError("image encoding", encoding, sorted(_ENCODINGS))
    element, channels, order = _ENCODINGS[encoding]
    dtype = np.dtype(element).newbyteorder(">" if big_endian else "<")
    used = width * channels * dtype.itemsize
    data = columns["data"]
    if data.dtype == object or data.shape[1] != height * step or used > step:
        raise RecordingError(
            f"{topic}: {width}x{height} {encoding} with rows of {step} bytes does not fit its data"
        )
    rows = data.reshape(len(data), height, step)[:, :, :used]
    pixels: NDArray[Any] = (
        np.ascontiguousarray(rows).view(dtype).reshape(len(data), height, width, channels)
    )
    if channels == 1:
        pixels = pixels[..., 0]
    elif order:
        pixels = pixels[..., list(order)]
    return pixels
