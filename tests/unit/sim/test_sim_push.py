"""What the driver logs at start-up about the push that the mounting pose allows."""

import pytest

from sawyer_controllers.joint_loop import JointLoopConfig
from sawyer_sim.twin import Twin


def test_push_bound_is_that_of_the_law_in_use_at_the_seated_pose():
    bounds = {}
    for mode in ("impedance", "velocity"):
        with Twin("usb", joint_loop=JointLoopConfig(mode=mode)) as twin:
            bounds[mode] = twin.push_bound_n()
            config = twin.loop.config
            law = config.velocity if mode == "velocity" else config.impedance
            seated = twin.model.ik(twin.task.goal_position_m, twin.task.quat, twin.home_q_rad)
            lever = abs(twin.model.jacobian(seated)[2])
            pairs = zip(law.torque_limit_n_m, lever, strict=True)
            first = min(torque / arm for torque, arm in pairs if arm > 1e-6)
            assert bounds[mode] == pytest.approx(first)
    # The lab's clips seat little; ours leave the contact stop (50 N) the tighter bound.
    assert bounds["velocity"] < 25.0
    assert bounds["impedance"] > 50.0
