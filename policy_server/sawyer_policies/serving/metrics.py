"""Figures of a policy server in Prometheus' text format."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    generate_latest,
)

LATENCY_BUCKETS_S = (
    0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0,
)  # fmt: skip
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


class ServerMetrics:
    """All figures of one server; a registry of its own, so that servers can share a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            "sawyer_policy_requests",
            "Requests by operation and outcome (ok or an error code)",
            ["op", "outcome"],
            registry=registry,
        )
        self.handling = Histogram(
            "sawyer_policy_handling_seconds",
            "From the arrival of an observation to its reply",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.queue = Histogram(
            "sawyer_policy_queue_seconds",
            "From the arrival of an observation to its forward pass",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.compute = Histogram(
            "sawyer_policy_compute_seconds",
            "Duration of the forward pass that answered an observation",
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self.batch = Histogram(
            "sawyer_policy_batch_size",
            "Robots that shared a forward pass, per observation",
            buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self.late = Counter(
            "sawyer_policy_late_replies",
            "Replies that took longer than the policy's period",
            registry=registry,
        )
        self.sessions = Gauge("sawyer_policy_sessions", "Open sessions", registry=registry)
        self.connections = Gauge(
            "sawyer_policy_connections", "Connected clients", registry=registry
        )
        self.policies = Gauge("sawyer_policy_policies", "Policies on offer", registry=registry)
        self.problems = Gauge(
            "sawyer_policy_problems", "Bundles that cannot be used", registry=registry
        )
        self.build = Info("sawyer_policy_server", "What is running", registry=registry)

    def text(self) -> str:
        """The page of ``/metrics``."""
        return generate_latest(self.registry).decode("utf-8")
