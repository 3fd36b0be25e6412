"""Policy specs as messages."""

from __future__ import annotations

from sawyer_interfaces.msg import ArraySpec, PolicyInfo

import sawyer_core.specs


def array_spec(spec: sawyer_core.specs.ArraySpec) -> ArraySpec:
    """Message of one array's spec."""
    return ArraySpec(
        name=spec.name,
        shape=list(spec.shape),
        dtype=spec.dtype,
        unit=spec.unit,
        frame=spec.frame,
        description=spec.doc,
        low=[] if spec.low is None else [spec.low],
        high=[] if spec.high is None else [spec.high],
    )


def policy_info(spec: sawyer_core.specs.PolicySpec) -> PolicyInfo:
    """Message of a policy's spec."""
    return PolicyInfo(
        name=spec.name,
        description=spec.description,
        version=spec.version,
        base_controller=spec.base_controller,
        rate_hz=spec.rate_hz,
        observation=[array_spec(array) for array in spec.observation.arrays],
        action=array_spec(spec.action.array),
        task=spec.task,
        connector=spec.connector,
    )
