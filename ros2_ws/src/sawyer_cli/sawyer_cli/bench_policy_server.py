"""``sawyer bench policy-server``: latency of the server of ``sawyer serve``, on two cores."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sawyer_cli.benches import machine, report
from sawyer_cli.choices import require_policy, require_range, resolve_policy
from sawyer_cli.errors import CommandError

CORES = 2
START_S = 60.0
GENERATED = "bench_image"
SIZES = {"hidden": (256, 256), "channels": (16, 32, 32), "features": 64}


def run_bench_policy_server(
    json_file: Path | None, seconds: float, clients: int, policy: str | None
) -> int:
    """Print and write the figures."""
    require_range("--seconds", seconds, 0.5, 600.0)
    require_range("--clients", clients, 1, 256)
    return report(lambda: bench_policy_server(seconds, clients, policy), json_file)


def bench_policy_server(seconds: float, clients: int, policy: str | None) -> dict[str, Any]:
    """Measure one robot (back to back and at its rate), then many at their rate."""
    from sawyer_policies.serving.load import RATE_HZ, drive, figures

    with _two_cores() as cores, tempfile.TemporaryDirectory() as folder:
        name = _policy(policy, Path(folder))
        with _server(name, Path(folder)) as url:
            alone = drive(url, name, 1, seconds, rate_hz=None)
            paced = drive(url, name, 1, seconds, rate_hz=RATE_HZ)
            together = drive(url, name, clients, seconds, rate_hz=RATE_HZ)
    return {
        "policy": name,
        "cores": cores,
        "rate_hz": RATE_HZ,
        "seconds": seconds,
        **figures("one_client_back_to_back", alone),
        **figures("one_client", paced),
        "clients": clients,
        **figures("clients", together),
        "machine": machine(),
    }


def _policy(policy: str | None, folder: Path) -> str:
    if policy is not None:
        return require_policy(resolve_policy(policy))
    from sawyer_policies.testing import write_bundle

    write_bundle(folder / GENERATED, "image32", sizes=SIZES)
    return GENERATED


@contextlib.contextmanager
def _two_cores() -> Iterator[int]:
    """Keep this process and the server on two cores, where the system lets us."""
    if not hasattr(os, "sched_setaffinity"):
        yield os.cpu_count() or 1
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:CORES]))
    try:
        yield len(os.sched_getaffinity(0))
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _server(policy: str, folder: Path) -> Iterator[str]:
    """``sawyer serve`` in a process of its own; gives its address."""
    command = [sys.executable, "-m", "sawyer_cli", "serve", "--port", "0", "--policy", policy]
    process = subprocess.Popen(
        [*command, "--policy-path", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _address(process: subprocess.Popen[str]) -> str:
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout or ():
            found = re.search(r"ws://\S+", line)
            if found:
                return found.group()
    finally:
        watchdog.cancel()
    raise CommandError(f"the policy server ended with status {process.wait()}", status=1)
