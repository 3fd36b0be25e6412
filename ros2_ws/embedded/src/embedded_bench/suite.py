"""All benchmarks, each in processes of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

_TIMEOUT_S = 120.0


def _start(role: str, domain_id: int, *numbers: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "embedded_bench.worker", role, str(domain_id)]
    return subprocess.Popen(
        [*command, *map(str, numbers)], stdout=subprocess.PIPE, text=True, env=_environment()
    )


def _environment() -> dict[str, str]:
    # without compiled bytecode a start would measure the compiler
    hidden = ("ROS_DOMAIN_ID", "CYCLONEDDS_URI", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if name not in hidden}


def _finish(process: subprocess.Popen[str]) -> Any:
    try:
        output, _ = process.communicate(timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
    return json.loads(output.splitlines()[-1])


def measure_latency(domain_id: int, duration_s: float) -> Any:
    """Return one-way latencies in us: ours and bare, in one run."""
    lifetime = duration_s + 40.0
    echoes = [
        _start("echo", domain_id, lifetime),
        _start("bare_echo", domain_id + 1, lifetime),
    ]
    try:
        return _finish(_start("latency", domain_id, duration_s))
    finally:
        for process in echoes:
            try:
                process.communicate(timeout=3.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _pair(first: str, second: str, domain_id: int, *numbers: tuple[float, ...]) -> Any:
    processes = [_start(first, domain_id, *numbers[0]), _start(second, domain_id, *numbers[1])]
    return [_finish(process) for process in processes]


def measure_streams(prefix: str, domain_id: int, duration_s: float) -> dict[str, Any]:
    """Return throughput and the cost of a 1 kHz stream, of ours ("") or the bare pair."""
    received, sent = _pair(
        f"{prefix}stream_in",
        f"{prefix}stream_out",
        domain_id,
        (duration_s,),
        (duration_s + 0.6, 1000.0),
    )
    flood, _ = _pair(f"{prefix}flood_in", f"{prefix}flood_out", domain_id, (1.5,), (1.5,))
    return {
        "messages_per_s": flood["rate_hz"],
        "stream_1khz": {
            "publish_cpu_percent": sent["cpu_percent"],
            "publish_rate_hz": sent["rate_hz"],
            "receive_cpu_percent": received["cpu_percent"],
            "receive_rate_hz": received["rate_hz"],
        },
    }


def run_all(duration_s: float = 20.0) -> dict[str, Any]:
    """Run every benchmark.

    Args:
        duration_s: About how long it may take in all.

    Returns:
        Figures; keys ``latency_us`` (per size: ours, bare, ratio), ``messages_per_s``,
        ``stream_1khz``, ``idle_cpu_percent``, ``startup_s``, ``rss_mb``, and ``bare`` with the
        throughput and the stream of the bare pair.
    """
    domain_id = 1 + 2 * (os.getpid() % 49)  # above 100 the ports may be taken by others
    part_s = max(1.0, duration_s / 8)
    latency = measure_latency(domain_id, max(3.0, duration_s / 2))
    ours = measure_streams("", domain_id, part_s)
    bare = measure_streams("bare_", domain_id, part_s)
    idle = _finish(_start("idle", domain_id, part_s))
    starts = [_finish(_start("startup", domain_id))["startup_s"] for _ in range(5)]
    return {
        "latency_us": latency,
        **ours,
        "bare": bare,
        "idle_cpu_percent": idle["cpu_percent"],
        "startup_s": round(statistics.median(starts), 4),
        "rss_mb": idle["rss_mb"],
    }
