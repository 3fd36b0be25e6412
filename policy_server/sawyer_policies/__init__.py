"""Named policies, policy bundles and the core that serves them (importing loads no torch)."""

from sawyer_policies.registry import Policy, PolicyRegistry, RegisteredPolicy, default_registry
from sawyer_policies.serving import ActReply, HostConfig, Observation, PolicyHost

__all__ = [
    "ActReply",
    "HostConfig",
    "Observation",
    "Policy",
    "PolicyHost",
    "PolicyRegistry",
    "RegisteredPolicy",
    "default_registry",
]
