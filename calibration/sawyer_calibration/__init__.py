"""Calibration of the arm's sensors, without ROS."""

from sawyer_calibration.force_bias import ForceBiasConfig, ForceBiasEstimator

__all__ = ["ForceBiasConfig", "ForceBiasEstimator"]
