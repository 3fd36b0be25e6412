"""Benchmarks of the embedded runtime beside a bare cyclonedds pair."""
