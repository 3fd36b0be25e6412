"""Public fakes: small policy bundles with random weights, for tests and benchmarks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sawyer_policies.bundles import BundleInfo, save_bundle
from sawyer_policies.observations import ObservationEncoder, preset

TINY = {"hidden": (16,), "channels": (4, 8), "features": 8}


def write_bundle(
    folder: str | os.PathLike[str],
    observation: str = "state",
    *,
    seed: int = 0,
    head: str = "gaussian",
    sizes: Mapping[str, Any] | None = None,
    position_reference_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    **changes: Any,
) -> Path:
    """Write a bundle whose weights are drawn, not learned.

    Args:
        folder: the bundle's folder; its last part is the policy's name unless ``name`` is given.
        observation: a preset of :mod:`sawyer_policies.observations`.
        seed: of the weights.
        head: ``gaussian`` or ``deterministic``.
        sizes: of the network: ``hidden``, ``channels``, ``features``.
        position_reference_m: nominal goal of the task.
        changes: other fields of :class:`BundleInfo`.
    """
    import torch

    from sawyer_policies.learners.policy_net import PolicyNetwork, architecture

    config = preset(observation, position_reference_m)
    spaces = ObservationEncoder(config).spaces
    arch = architecture(spaces, head=head, log_std_bounds=(-5.0, 2.0), **(sizes or TINY))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PolicyNetwork.from_architecture(arch)
    values: dict[str, Any] = {
        "name": Path(folder).name,
        "observation": config,
        "action_scale_m": 0.001,
        "network": arch,
        "task": {"name": "insertion", "connector": "usb"},
        "sampling": "stochastic" if head == "gaussian" else "deterministic",
        **changes,
    }
    return save_bundle(folder, BundleInfo(**values), network.state_dict())
