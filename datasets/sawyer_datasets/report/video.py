"""Writing the video: H.264 in mp4 through PyAV, or an animated GIF where that is missing."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sawyer_core.errors import RecordingError

RATE_HZ: Final = 20
GIF_RATE_HZ: Final = 10
GIF_WIDTH: Final = 640
_log = logging.getLogger(__name__)

Frames = Iterable[NDArray[np.uint8]]


def write_video(path: Path, make_frames: Callable[[float], Frames]) -> Path:
    """Write a video beside `path` with the suffix of the format that was possible.

    Args:
        path: Name without suffix; an existing file is replaced when the new one is whole.
        make_frames: Makes the frames for a frame rate in Hz.

    Raises:
        RecordingError: Neither format can be written.
    """
    try:
        return _write_whole(path.with_suffix(".mp4"), lambda p: _mp4(p, make_frames(RATE_HZ)))
    except (ImportError, RecordingError) as error:
        _log.warning("no mp4 (%s); writing a GIF instead", error)
        return _write_whole(path.with_suffix(".gif"), lambda p: _gif(p, make_frames(GIF_RATE_HZ)))


def _write_whole(path: Path, write: Callable[[Path], None]) -> Path:
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise RecordingError(f"cannot write {path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _mp4(path: Path, frames: Frames) -> None:
    import av

    if "libx264" not in av.codecs_available:
        raise RecordingError("this PyAV has no H.264 encoder")
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = None
        for pixels in frames:
            if stream is None:
                stream = container.add_stream("libx264", rate=RATE_HZ)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = "yuv420p"
                stream.time_base = Fraction(1, RATE_HZ)
                stream.options = {"crf": "20", "preset": "veryfast"}
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        if stream is None:
            raise RecordingError("there is no frame to write")
        container.mux(stream.encode(None))


def _gif(path: Path, frames: Frames) -> None:
    pictures = []
    for pixels in frames:
        picture = Image.fromarray(pixels)
        height = round(picture.height * GIF_WIDTH / picture.width)
        small = picture.resize((GIF_WIDTH, height), Image.Resampling.LANCZOS)
        pictures.append(small.quantize(128, dither=Image.Dither.NONE))
    if not pictures:
        raise RecordingError("there is no frame to write")
    pictures[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / GIF_RATE_HZ),
        loop=0,
    )
