"""Learners: SAC and TD3 with demonstrations, replay buffer, networks.

Importing this package does not load torch; what needs it is loaded at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_policies.learners.config import DemoConfig, EncoderConfig
from sawyer_policies.learners.errors import CheckpointError, NonFiniteLossError
from sawyer_policies.learners.protocol import Learner
from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.observations import LearnerSpaces

if TYPE_CHECKING:
    from sawyer_policies.learners.batch import Batch
    from sawyer_policies.learners.checkpoint import load_learner, save_learner
    from sawyer_policies.learners.policy_net import PolicyNetwork
    from sawyer_policies.learners.replay import ReplayBuffer

__all__ = [
    "ALGORITHMS",
    "CONFIGS",
    "Batch",
    "CheckpointError",
    "DemoConfig",
    "EncoderConfig",
    "Learner",
    "LearnerSpaces",
    "NonFiniteLossError",
    "PolicyNetwork",
    "ReplayBuffer",
    "SacConfig",
    "Td3Config",
    "config_class",
    "load_learner",
    "make_learner",
    "save_learner",
]

CONFIGS: dict[str, type[SacConfig] | type[Td3Config]] = {"sac": SacConfig, "td3": Td3Config}
ALGORITHMS = tuple(CONFIGS)

_LAZY = {
    "Batch": "batch",
    "PolicyNetwork": "policy_net",
    "ReplayBuffer": "replay",
    "load_learner": "checkpoint",
    "save_learner": "checkpoint",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def config_class(name: str) -> type[SacConfig] | type[Td3Config]:
    """Config class of an algorithm.

    Raises:
        UnknownNameError: no such algorithm; lists the ones there are.
    """
    if name not in CONFIGS:
        raise UnknownNameError("algorithm", name, ALGORITHMS)
    return CONFIGS[name]


def make_learner(
    name: str,
    config: SacConfig | Td3Config,
    spaces: LearnerSpaces,
    *,
    seed: int,
    device: str = "cpu",
    fast: bool = True,
) -> Learner:
    """A fresh learner.

    Args:
        name: one of ``ALGORITHMS``.
        config: settings of that algorithm.
        spaces: sizes of observation and action.
        seed: of the initial weights and of all chance in the updates.
        device: ``"cpu"`` or a CUDA device.
        fast: the fused update (same numbers within rounding) instead of the plain one.

    Raises:
        UnknownNameError: no such algorithm.
        ConfigError: the config is of another algorithm, or the spaces are empty.
    """
    expected = config_class(name)
    if type(config) is not expected:
        raise ConfigError("config", type(config).__name__, expected.__name__)
    module = importlib.import_module(f"{__name__}.{name}.{'fast' if fast else 'learner'}")
    made = getattr(module, f"{'Fast' if fast else ''}{name.capitalize()}Learner")
    learner: Learner = made(config, spaces, seed=seed, device=device)
    return learner
