"""The benchmarks run and say what they should; how fast they find things is not tested."""

from __future__ import annotations

from embedded_bench import suite


def test_latency_of_both_pairs(ros_domain: int) -> None:
    figures = suite.measure_latency(ros_domain, 1.0)
    assert list(figures) == ["100", "100000", "921600"]
    for entry in figures.values():
        for side in ("ours", "bare"):
            assert 0.0 < entry[side]["p50"] <= entry[side]["p99"]
        assert entry["ratio_p50"] > 0.0


def test_streams_and_idle_node(ros_domain: int) -> None:
    received, sent = suite._pair("stream_in", "stream_out", ros_domain, (0.5,), (1.0, 200.0))
    assert 0.0 < sent["rate_hz"] <= 210.0
    assert 0.0 < received["rate_hz"] <= 210.0
    idle = suite._finish(suite._start("idle", ros_domain, 0.5))
    assert set(idle) == {"cpu_percent", "rss_mb"}
    start = suite._finish(suite._start("startup", ros_domain))
    assert start["startup_s"] > 0.0
