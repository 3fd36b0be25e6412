"""Force bias: mean of the force at rest (implemented in the core: the twin zeroes it too)."""

from sawyer_core.force_bias import ForceBiasConfig, ForceBiasEstimator

__all__ = ["ForceBiasConfig", "ForceBiasEstimator"]
