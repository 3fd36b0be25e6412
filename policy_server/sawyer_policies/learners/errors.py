"""What goes wrong while learning (no torch needed to catch it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sawyer_core.errors import SawyerError

if TYPE_CHECKING:
    from sawyer_policies.learners.batch import Batch


class NonFiniteLossError(SawyerError):
    """A loss is NaN or infinite; carries the batch, to be saved for inspection.

    Args:
        metrics: the figures of the update that went wrong.
        batch: what that update was made from (replay samples first, then demonstrations).
        update: number of that update, counted from 1.
    """

    def __init__(self, metrics: Mapping[str, float], batch: Batch, update: int) -> None:
        self.metrics = dict(metrics)
        self.batch = batch
        self.update = update
        listed = ", ".join(f"{name} = {value:g}" for name, value in self.metrics.items())
        super().__init__(f"update {update} has a loss that is not finite: {listed}")


class CheckpointError(SawyerError):
    """A checkpoint is missing, cut short, altered, or of another learner."""
