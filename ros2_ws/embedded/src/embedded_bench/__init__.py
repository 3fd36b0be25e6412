"""Benchmarks of the embedded runtime beside a bare cyclonedds pair.

``python -m embedded_bench [--duration S] [--json FILE]`` or :func:`run_all`.
"""

from embedded_bench.suite import run_all

__all__ = ["run_all"]
