"""Typed states, commands, limits, specs and errors of the Sawyer stack (numpy only)."""

from sawyer_core.config import SettingInfo, describe, from_mapping, setting, to_mapping, validate
from sawyer_core.errors import (
    CalibrationError,
    CommandRejectedError,
    ConfigError,
    IkError,
    RecordingError,
    RejectionCode,
    SawyerError,
    ShapeError,
    SimulationError,
    StaleDataError,
    TransportError,
    UnknownNameError,
)
from sawyer_core.limits import JOINT_NAMES, JointLimits, load_joint_limits
from sawyer_core.specs import ActionSpec, ArraySpec, ObservationSpec, PolicySpec
from sawyer_core.tasks import InsertionTask, load_task, task_from_mapping
from sawyer_core.types import (
    N_JOINTS,
    ArmState,
    EeDelta,
    JointTarget,
    PolicyInput,
    SensorFrame,
    Wrench,
    frozen_vector,
)

__all__ = [
    "JOINT_NAMES",
    "N_JOINTS",
    "ActionSpec",
    "ArmState",
    "ArraySpec",
    "CalibrationError",
    "CommandRejectedError",
    "ConfigError",
    "EeDelta",
    "IkError",
    "InsertionTask",
    "JointLimits",
    "JointTarget",
    "ObservationSpec",
    "PolicyInput",
    "PolicySpec",
    "RecordingError",
    "RejectionCode",
    "SawyerError",
    "SensorFrame",
    "SettingInfo",
    "ShapeError",
    "SimulationError",
    "StaleDataError",
    "TransportError",
    "UnknownNameError",
    "Wrench",
    "describe",
    "from_mapping",
    "frozen_vector",
    "load_joint_limits",
    "load_task",
    "setting",
    "task_from_mapping",
    "to_mapping",
    "validate",
]
