"""Fill ``docs/results`` with what a demo shows and with the benchmarks (``make results``)."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SHOWN_S = 1.6  # time in the video of the still picture: the first plug is on its way in
KEPT = (  # file of a demo -> its name in docs/results
    ("video.mp4", "demo_video.mp4"),
    ("report.html", "demo_report.html"),
    ("episodes.json", "demo_episodes.json"),
    ("plots/session.png", "demo_session.png"),
)


def frame_of(video: Path, at_s: float, target: Path) -> None:
    """Write one frame of a video as a picture."""
    import av

    with av.open(str(video)) as container:
        frame = None
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= at_s:
                break
        if frame is None:
            raise ValueError(f"{video} holds no picture")
        frame.to_image().save(target)


def command(*words: str) -> None:
    """Run a sawyer command of this environment and insist that it succeeds."""
    subprocess.run([sys.executable, "-m", "sawyer_cli", *words], check=True)


def main() -> int:
    """Run the demo and the benchmarks; copy what is worth keeping."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="docs/results")
    parser.add_argument("--only", choices=("demo", "bench"), help="one of the two")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.only != "bench":
        with tempfile.TemporaryDirectory() as folder:
            command("demo", "--out", folder)
            for name, kept in KEPT:
                shutil.copyfile(Path(folder) / name, out / kept)
            frame_of(Path(folder) / "video.mp4", SHOWN_S, out / "demo_frame.png")
    if options.only != "demo":
        command("bench", "sim", "--json", str(out / "bench_sim.json"))
        command("bench", "ros", "--json", str(out / "bench_ros.json"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
