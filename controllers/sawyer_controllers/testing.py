"""Public helpers for tests of the joint loop: an engaged loop at the neutral pose."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sawyer_controllers.joint_loop import JointLoop, JointLoopConfig
from sawyer_controllers.kinematics import ArmModel
from sawyer_core.limits import load_joint_limits
from sawyer_core.types import JointTarget

LIMITS = load_joint_limits()
MODEL = ArmModel()
HOME = [0.0, -1.18, 0.0, 2.18, 0.0, 0.57, 3.3161]
ZERO = [0.0] * 7
NO_FORCE = (0.0, 0.0, 0.0)
GRAVITY = MODEL.gravity_list(HOME)


def started_loop(config: JointLoopConfig | None = None) -> JointLoop:
    """Joint loop that has been started at :data:`HOME`."""
    loop = JointLoop(config or JointLoopConfig(), LIMITS, model=MODEL)
    loop.start(HOME)
    return loop


def joint_target(q_rad: npt.ArrayLike, duration_s: float = 0.1, stamp_ns: int = 0) -> JointTarget:
    """Joint target, by default one action period long."""
    return JointTarget(stamp_ns, np.array(q_rad), duration_s)
