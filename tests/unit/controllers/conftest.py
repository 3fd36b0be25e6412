from __future__ import annotations

import pytest
from hypothesis import settings

from sawyer_controllers.kinematics import ArmModel
from sawyer_core.limits import JointLimits, load_joint_limits
from sawyer_core.tasks import InsertionTask

settings.register_profile("controllers", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("controllers")

NEUTRAL = (0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161)


@pytest.fixture(scope="session")
def limits() -> JointLimits:
    return load_joint_limits()


@pytest.fixture(scope="session")
def model() -> ArmModel:
    return ArmModel()


@pytest.fixture
def task(model: ArmModel) -> InsertionTask:
    """A task whose goal is 60 mm below the neutral pose, tool straight down."""
    position, quat = model.fk(NEUTRAL)
    return InsertionTask(
        connector="test",
        goal_position_m=(float(position[0]), float(position[1]), float(position[2]) - 0.06),
        goal_quat_xyzw=tuple(float(value) for value in quat),
        mouth_height_m=0.012,
        insertion_depth_m=0.012,
    )
