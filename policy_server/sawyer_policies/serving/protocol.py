"""Specs and errors as the client package sends and understands them."""

from __future__ import annotations

from typing import Any

from sawyer_core import (
    ActionSpec,
    ArraySpec,
    BundleError,
    ObservationSpec,
    PolicySpec,
    SawyerError,
    StaleDataError,
    UnknownNameError,
)
from sawyer_policy_client import ArrayDescription, Code, PolicyDescription


def array_message(spec: ArraySpec) -> dict[str, Any]:
    """An array's spec in a message."""
    return {
        "name": spec.name,
        "shape": list(spec.shape),
        "dtype": spec.dtype,
        "unit": spec.unit,
        "frame": spec.frame,
        "low": spec.low,
        "high": spec.high,
        "doc": spec.doc,
    }


def policy_message(spec: PolicySpec) -> dict[str, Any]:
    """A policy's spec in a message."""
    return {
        "name": spec.name,
        "description": spec.description,
        "version": spec.version,
        "task": spec.task,
        "connector": spec.connector,
        "base_controller": spec.base_controller,
        "rate_hz": spec.rate_hz,
        "observation": [array_message(array) for array in spec.observation.arrays],
        "action": array_message(spec.action.array),
    }


def policy_spec(description: PolicyDescription) -> PolicySpec:
    """The spec that a server described.

    Raises:
        ConfigError: a base controller that is not known here.
    """
    return PolicySpec(
        name=description.name,
        observation=ObservationSpec(tuple(_array(a) for a in description.observation)),
        action=ActionSpec(_array(description.action)),
        rate_hz=description.rate_hz,
        base_controller=description.base_controller,
        description=description.description,
        version=description.version,
        task=description.task,
        connector=description.connector,
    )


def _array(given: ArrayDescription) -> ArraySpec:
    return ArraySpec(
        name=given.name,
        shape=given.shape,
        dtype=given.dtype,
        unit=given.unit,
        frame=given.frame,
        low=given.low,
        high=given.high,
        doc=given.doc,
    )


def reset_code(error: SawyerError) -> Code:
    """Code of an error at a reset."""
    if isinstance(error, UnknownNameError):
        return Code.UNKNOWN_POLICY
    return Code.BAD_BUNDLE if isinstance(error, BundleError) else Code.BAD_REQUEST


def act_code(error: Exception) -> Code:
    """Code of an error at an observation."""
    if isinstance(error, StaleDataError):
        return Code.STALE_OBSERVATION
    if isinstance(error, UnknownNameError):
        return Code.NOT_RESET
    return Code.BAD_OBSERVATION if isinstance(error, SawyerError) else Code.INTERNAL
