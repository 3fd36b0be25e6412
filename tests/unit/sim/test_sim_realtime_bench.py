"""The figures of the 1 kHz loop."""

from sawyer_sim import realtime_bench


def test_figures_have_the_promised_names_and_fit_together() -> None:
    figures = realtime_bench.run(seconds=0.5)
    assert figures["realtime_ticks"] > 0
    share, half = figures["realtime_overrun_share"], figures["realtime_half_late_share"]
    assert 0.0 <= share <= half <= 1.0
    assert 0.0 <= figures["realtime_lateness_p99_us"]
    assert figures["realtime_lateness_max_us"] > 0.0
    assert figures["realtime_rate_hz"] <= 1010.0  # never rushes, however busy the machine is
    assert figures["realtime_scheduling"]
