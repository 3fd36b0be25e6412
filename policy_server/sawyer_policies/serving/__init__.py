"""Serving: the core without a transport, batching, and the server for machines without ROS."""

from sawyer_policies.serving.host import (
    ActReply,
    HostConfig,
    Observation,
    Pending,
    PolicyHost,
    SharedModel,
    SharingPolicy,
)

__all__ = [
    "ActReply",
    "HostConfig",
    "Observation",
    "Pending",
    "PolicyHost",
    "SharedModel",
    "SharingPolicy",
]
