"""What a bundle says about a policy follows from the config it was learned with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sawyer_policies.bundles import BundleInfo
from sawyer_policies.observations import ObservationConfig
from sawyer_policies.training.config import TrainingConfig


def served_info(
    config: TrainingConfig,
    observation: ObservationConfig,
    network: Mapping[str, Any],
    *,
    training: Mapping[str, Any],
    **changes: Any,
) -> BundleInfo:
    """Info of the policy that is learned with ``config``.

    Args:
        config: of the training.
        observation: what policy and critics see.
        network: architecture of the policy.
        training: what to say about the training besides algorithm, reward and seed.
        changes: other fields of :class:`BundleInfo`, name and sampling included.
    """
    task: dict[str, Any] = {"name": config.task}
    if config.task == "insertion":
        task["connector"] = config.connector
    values: dict[str, Any] = {
        "name": config.bundle_name,
        "sampling": config.sampling,
        "training": {
            "algorithm": config.algorithm,
            "reward": config.reward,
            "seed": config.seed,
            **training,
        },
        **changes,
    }
    if values["sampling"] != "deterministic":
        values["noise_hold_steps"] = config.noise_hold_steps
    return BundleInfo(
        observation=observation.for_policy(),
        action_scale_m=config.action_scale_m,
        network=network,
        task=task,
        base_controller=config.base_controller,
        **values,
    )
