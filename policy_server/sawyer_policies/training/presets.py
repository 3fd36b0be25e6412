"""Named experiments: settings that belong together, without connector, seed and steps."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sawyer_core.errors import UnknownNameError

_RESIDUAL: dict[str, Any] = {"base_controller": "p_controller"}
_PURE: dict[str, Any] = {"base_controller": "none"}
_LFD: dict[str, Any] = {"demos": "shipped", "demo_pretrain_updates": 1000, "warmup_steps": 0}
# Ours, tuned on the tuning seeds: one push at the start of an episode, then the base controller
# alone, finds the way round a turned block; a stop must not look as good as a block that is in.
_BLOCKS: dict[str, Any] = {
    "updates_per_step": 3,
    "warmup_action": "push",
    "warmup_steps": 1500,
    "learning_starts": 400,
    "noise_hold_steps": 10,
    "mirror_copies": True,
    "actor_average_decay": 0.9,
    "reward_scale": 0.1,  # values of about -6 to 0
    "stop_penalty": 5.0,
    "sampling": "deterministic",  # the gap is 0.9 mm, a full action 10 mm
    "learner.gamma": 0.95,
    "learner.tau": 0.02,  # the way down has 20 steps, and values go back one step at a time
    "learner.actor_lr": 3e-4,  # a faster one unlearns again
    "learner.critic_lr": 1e-3,
    "learner.hidden": [256, 256],
    "learner.batch_size": 128,
    "learner.critic_layer_norm": True,
}
_BLOCKS_SAC: dict[str, Any] = {
    "learner.alpha_lr": 1e-3,
    "learner.init_alpha": 0.05,
    "learner.init_log_std": -1.5,
    "learner.target_entropy_per_dim": -1.7,
}
# without a base controller nothing would move the arm once the push is over
_BLOCKS_ALONE: dict[str, Any] = {"warmup_action": "uniform"}


def _named() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for algorithm in ("sac", "td3"):
        for signal in ("dense", "sparse", "image"):
            choice = {"algorithm": algorithm, "reward": signal}
            word = "state" if signal == "dense" else signal
            found[f"residual_{algorithm}_{word}"] = {**_RESIDUAL, **choice}
            found[f"pure_{algorithm}_{word}"] = {**_PURE, **choice}
            found[f"lfd_{algorithm}_{word}"] = {**_PURE, **choice, **_LFD}
        for word, base in (("residual", _RESIDUAL), ("pure", _PURE)):
            found[f"{word}_{algorithm}_blocks"] = {
                **base,
                **_BLOCKS,
                **(_BLOCKS_SAC if algorithm == "sac" else {}),
                **({} if base is _RESIDUAL else _BLOCKS_ALONE),
                "task": "blocks",
                "algorithm": algorithm,
            }
    found["debug"] = {
        **_RESIDUAL,
        "algorithm": "sac",
        "reward": "dense",
        "steps": 100,
        "warmup_steps": 50,
        "learning_starts": 20,
        "learner.hidden": [16],
        "learner.batch_size": 16,
    }
    return found


PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(_named())


def preset_settings(name: str) -> Mapping[str, Any]:
    """Settings of a named experiment.

    Raises:
        UnknownNameError: no such name; gives the nearest.
    """
    if name not in PRESETS:
        raise UnknownNameError("training preset", name, PRESETS)
    return PRESETS[name]
