"""``sawyer bench``: figures of speed, as JSON with what they were measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sawyer_cli.errors import CommandError
from sawyer_cli.evaluate import json_text
from sawyer_cli.paths import require_writable, write_atomically

LOCKSTEP_EPISODES = 5


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": _cpu_model(),
        "cpus": os.cpu_count(),
        "load_average_1min": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def bench_sim(seconds: float) -> dict[str, Any]:
    """Measure the twin alone, then the whole graph in lockstep."""
    from sawyer_cli.quiet import chatter_elsewhere, import_quietly

    import_quietly("pybullet")
    from sawyer_sim.bench import run

    with chatter_elsewhere():
        twin = run(seconds=seconds)
    return {**twin, **graph_in_lockstep(), "machine": machine()}


def graph_in_lockstep() -> dict[str, float]:
    """Launch the whole graph in lockstep, camera on, and compare robot time with wall time.

    The factor is that of the control periods; preparing and resetting count in the second one.
    """
    from sawyer_cli.evaluate import EvaluationRequest, run_ros
    from sawyer_cli.paths import new_run_folder

    folder = new_run_folder("bench", None)
    request = EvaluationRequest("usb", "p_controller", 0.0, LOCKSTEP_EPISODES, 0, "ros")
    started = time.monotonic()
    rows = run_ros(request, folder)
    robot_s = sum(row.time_s for row in rows)
    return {
        "ros_lockstep_realtime_factor": robot_s / sum(row.steps_wall_s for row in rows),
        "ros_lockstep_realtime_factor_whole_episodes": robot_s / sum(row.wall_s for row in rows),
        "ros_lockstep_robot_s": robot_s,
        "ros_lockstep_launch_wall_s": time.monotonic() - started,
    }


def run_bench_sim(json_file: Path | None, seconds: float) -> int:
    """Print and write the figures of the twin."""
    if not 0.1 <= seconds <= 600.0:
        raise CommandError(f"--seconds {seconds:g}: allowed is 0.1 to 600")
    return report(lambda: bench_sim(seconds), json_file)


def run_bench_ros(json_file: Path | None) -> int:
    """Print and write the figures of the runtime beside a bare cyclonedds pair."""

    def measure() -> dict[str, Any]:
        from embedded_bench import run_all

        return {**run_all(), "machine": machine()}

    return report(measure, json_file)


def report(measure: Callable[[], dict[str, Any]], json_file: Path | None) -> int:
    """Print the figures and write them, if a file was named."""
    require_writable(json_file)
    text = json_text(measure())
    print(text, end="")
    if json_file is not None:
        write_atomically(json_file, text)
        print(f"wrote {json_file}")
    return 0
