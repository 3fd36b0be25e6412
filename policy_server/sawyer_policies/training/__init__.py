"""Training of learned policies in process, with checkpoints and a bundle at the end."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from sawyer_policies.training.config import (
    TrainingConfig,
    TrainingSettings,
    config_mapping,
    training_config,
)

if TYPE_CHECKING:
    from sawyer_policies.training.finish import TrainingResult
    from sawyer_policies.training.loop import Progress, TrainingLoop
    from sawyer_policies.training.rewarding import transition_end
    from sawyer_policies.training.run import read_config, train

__all__ = [
    "Progress",
    "TrainingConfig",
    "TrainingLoop",
    "TrainingResult",
    "TrainingSettings",
    "config_mapping",
    "read_config",
    "train",
    "training_config",
    "transition_end",
]

_LAZY = {
    "Progress": "loop",
    "TrainingLoop": "loop",
    "TrainingResult": "finish",
    "read_config": "run",
    "train": "run",
    "transition_end": "rewarding",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
