"""Defaults of the insertion task that depend on what else was chosen."""

from __future__ import annotations

from typing import Any

# ours, found on the tuning seeds: 8000 steps are few, so learning is faster than rlkit's
LEARNER_DEFAULTS: dict[str, dict[str, Any]] = {
    "sac": {
        "batch_size": 128,
        "actor_lr": 1e-3,
        "critic_lr": 1e-3,
        "alpha_lr": 1e-3,
        "init_alpha": 0.05,
        "init_log_std": -1.5,
        "gamma": 0.95,
        "critic_layer_norm": True,
    },
    "td3": {"batch_size": 128, "gamma": 0.95, "critic_layer_norm": True},
}


def insertion_defaults(plain: dict[str, Any], learner: dict[str, Any]) -> None:
    """Defaults of the insertion task that depend on other settings."""
    algorithm, residual = plain.get("algorithm", "sac"), plain["base_controller"] != "none"
    pictures = plain.get("observation") in ("image32", "image32_goal")
    plain.setdefault("updates_per_step", 3)
    plain.setdefault("warmup_steps", 1000)
    plain.setdefault("learning_starts", 500)
    plain.setdefault("actor_average_decay", 0.9)
    plain.setdefault("warmup_action", "uniform")
    plain.setdefault("noise_hold_steps", 10)
    plain.setdefault("sampling", "deterministic")
    if residual:
        plain.setdefault("action_penalty", 0.02)
    sees_goal = plain.get("observation") in ("state_goal", "image32_goal")
    if residual and sees_goal and plain.get("n_step", 1) == 1:
        plain.setdefault("goal_copies", 7)
    for key, value in LEARNER_DEFAULTS.get(str(algorithm), {}).items():
        learner.setdefault(key, value)
    if pictures and residual:
        learner.setdefault("tau", 0.02)
        plain.setdefault("critic_observation", "state_goal")
        if plain["critic_observation"]:
            plain.setdefault("representation_updates_per_step", 1)
