"""One process of a benchmark: ``python -m embedded_bench.worker ROLE DOMAIN ARGS``."""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def _latency(domain_id: int, duration_s: float) -> dict[str, Any]:
    """Ping both echoes in turns, so that both meet the same weather."""
    from embedded_bench import ours
    from embedded_bench.bare import BarePing, summary

    bare, own = BarePing(domain_id + 1), ours.Ping(domain_id)
    bare.wait_for_peer(10.0)
    own.wait_for_peer(10.0)
    result: dict[str, Any] = {}
    for size in (100, 100_000, 921_600):
        times: dict[str, list[float]] = {"ours": [], "bare": []}
        for warm_up in (own.one_way_us, bare.one_way_us):
            warm_up(size, 50)
        end = time.monotonic() + duration_s / 3
        while time.monotonic() < end:
            times["bare"] += bare.one_way_us(size, 100)
            times["ours"] += own.one_way_us(size, 100)
        entry: dict[str, Any] = {name: summary(values) for name, values in times.items()}
        entry["ratio_p50"] = round(entry["ours"]["p50"] / entry["bare"]["p50"], 3)
        result[str(size)] = entry
    bare.stop_peer()
    own.stop_peer()
    return result


def main() -> None:
    """Play the role and print its figures as JSON."""
    role, domain_id, *rest = sys.argv[1:]
    numbers = [float(text) for text in rest]
    domain = int(domain_id)
    if role == "latency":
        figures: Any = _latency(domain, *numbers)
    elif role.startswith("bare_"):
        from embedded_bench import bare

        figures = getattr(bare, role.removeprefix("bare_"))(domain, *numbers)
    else:
        start = time.perf_counter()
        from embedded_bench import ours

        figures = getattr(ours, role)(domain, *numbers)
        if role == "startup":
            figures = {"startup_s": round(time.perf_counter() - start, 4)}
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
