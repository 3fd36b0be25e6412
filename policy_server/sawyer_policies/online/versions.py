"""Versions of a policy that is being learned: ``<run>/policy/v000012`` is that of 12 episodes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sawyer_policies.bundles import BundleInfo, save_bundle, versions
from sawyer_policies.learners import Td3Config
from sawyer_policies.observations import ObservationConfig
from sawyer_policies.training.config import TrainingConfig
from sawyer_policies.training.served import served_info

FOLDER = "policy"
NAME = "training"
"""Name under which the policy server serves the newest version."""
KEPT = 5  # ours: a server may be reading the one before


def version_name(episodes: int) -> str:
    """Name of the version learned from so many episodes.

    >>> version_name(12)
    'v000012'
    """
    return f"v{episodes:06d}"


def exploring_info(
    config: TrainingConfig,
    observation: ObservationConfig,
    network: Mapping[str, Any],
    *,
    warming_up: bool,
) -> BundleInfo:
    """Info of a version: it explores as its algorithm does, before that as the config says."""
    noise = 0.0
    sampling = "stochastic"
    if warming_up and config.warmup_action == "uniform":
        sampling = "uniform"
    elif isinstance(config.learner, Td3Config):
        noise = config.learner.exploration_noise
        sampling = "noisy" if noise else "deterministic"
    return served_info(
        config,
        observation,
        network,
        training={},
        name=NAME,
        description=f"{config.bundle_name}, while it is being learned",
        sampling=sampling,
        exploration_noise=noise,
    )


class VersionStore:
    """Writes versions and removes old ones.

    Args:
        run: folder of the run.
        kept: newest versions that stay.
    """

    def __init__(self, run: Path, kept: int = KEPT) -> None:
        self.folder = run / FOLDER
        self._kept = kept

    def write(self, episodes: int, info: BundleInfo, weights: Mapping[str, Any]) -> str:
        """Write the version of so many episodes; its name.

        Raises:
            OSError: the disk; what was there before is still there.
        """
        name = version_name(episodes)
        save_bundle(self.folder / name, info, weights)
        for old in versions(self.folder)[: -self._kept]:
            shutil.rmtree(old, ignore_errors=True)
        return name

    def newest(self) -> str:
        """Name of the newest version, empty if there is none."""
        found = versions(self.folder)
        return found[-1].name if found else ""
