"""Descriptions used by the actions of this package."""

from __future__ import annotations

from launch_ros.parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ["Parameter", "ParameterFile", "ParameterValue"]
