"""Fill ``docs/results`` with what a demo shows and with the benchmarks (``make results``)."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sawyer_datasets.report.build import HOLD_S, LEAD_S

KEPT = (  # file of a demo -> its name in docs/results
    ("video.mp4", "demo_video.mp4"),
    ("report.html", "demo_report.html"),
    ("contrast.json", "demo_contrast.json"),
    ("plots/contrast.png", "demo_contrast.png"),
)


def telling_moment_s(summary: Mapping[str, Any]) -> float:
    """Return when the video shows the end of the first episode that only one policy solved.

    Args:
        summary: content of a demo's ``contrast.json``.
    """
    pairs = list(zip(*(side["episodes"] for side in summary["sides"]), strict=True))
    ends_s: list[float] = []
    start_s = 0.0
    for pair in pairs:
        longest_s = max(row["time_s"] for row in pair)
        ends_s.append(start_s + LEAD_S + longest_s + HOLD_S / 2)
        start_s += LEAD_S + longest_s + HOLD_S
    told = [
        at_s for at_s, (a, b) in zip(ends_s, pairs, strict=True) if a["success"] < b["success"]
    ]
    return (told or ends_s or [0.0])[0]


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


def keep_demo(out: Path) -> None:
    """Run the demo and keep its files, and one frame of its video."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command("demo", "--out", name)
        for made, kept in KEPT:
            shutil.copyfile(folder / made, out / kept)
        summary = json.loads((folder / "contrast.json").read_text(encoding="utf-8"))
        frame_of(folder / "video.mp4", telling_moment_s(summary), out / "demo_frame.png")


def main() -> int:
    """Run the demo and the benchmarks; copy what is worth keeping."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="docs/results")
    parser.add_argument("--only", choices=("demo", "bench"), help="one of the two")
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.only != "bench":
        keep_demo(out)
    if options.only != "demo":
        command("bench", "sim", "--json", str(out / "bench_sim.json"))
        command("bench", "ros", "--json", str(out / "bench_ros.json"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
