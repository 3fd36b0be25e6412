from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.kinematics import ArmModel, IkConfig
from sawyer_core.errors import ConfigError, IkError
from sawyer_core.limits import JointLimits, load_joint_limits

# Forward kinematics and holding torques computed elsewhere from the vendor's own description.
POSES = {
    "neutral": (
        (0, -1.18, 0, 2.18, 0, 0.57, 3.3161),
        (0.44970, 0.16030, 0.08013),
        (0.70710, 0.70711, 0.00028, 0.00028),
    ),
    "zero": ((0,) * 7, (1.15112, 0.16030, 0.31700), (-0.54168, 0.45452, -0.54167, 0.45452)),
    "shipping": (
        (0, -1.57, 0, 2.79, 0, -2.79, 3.3161),
        (0.21899, 0.16030, 0.61148),
        (0.00028, 0.00028, 0.70710, 0.70711),
    ),
    "elbow up": (
        (0, -0.9, 0, 1.8, 0, -0.9, 0),
        (0.84841, 0.16030, 0.31700),
        (-0.54168, 0.45452, -0.54167, 0.45452),
    ),
    "mixed A": (
        (0.3, -0.7, 0.4, 1.5, -0.5, 0.9, 1.2),
        (0.50005, 0.44940, -0.01710),
        (0.66131, -0.74889, 0.03905, 0.01751),
    ),
    "mixed B": (
        (-0.27, 1.05, 0, 0.49, -0.08, -0.06, 0.027),
        (0.33780, 0.07373, -0.69912),
        (-0.69125, 0.72119, -0.03769, 0.02521),
    ),
}
GRAVITY = {
    "neutral": (0, -18.015, -2.391, -6.941, 1.533, 0.094, 0),
    "zero": (0, -43.680, -6.357, -14.272, 2.756, -1.467, -0.040),
    "elbow up": (0, -27.707, -3.952, -9.536, 1.713, -1.467, -0.040),
}
MODEL = ArmModel()
LIMITS = load_joint_limits()


def angle_between(a: np.ndarray, b: np.ndarray) -> float:
    return float(2.0 * np.arccos(min(1.0, abs(float(a @ b)))))


@pytest.mark.parametrize("name", POSES)
def test_forward_kinematics_meets_the_check_poses(name: str) -> None:
    q, position, quat = POSES[name]
    got_position, got_quat = MODEL.fk(q)
    assert np.abs(got_position - position).max() < 1e-4
    assert 2.0 * np.linalg.norm(got_quat - np.array(quat) * np.sign(got_quat @ quat)) < 1e-4
    assert got_quat[3] >= 0.0


@pytest.mark.parametrize("name", GRAVITY)
def test_gravity_torque_meets_the_table(name: str) -> None:
    # 0.08 N m: the description spreads the gripper's lumped mass over its parts.
    torque = MODEL.gravity(POSES[name][0])
    assert np.abs(torque - GRAVITY[name]).max() < 0.08
    assert MODEL.gravity_list(POSES[name][0]) == torque.tolist()


def test_tool_mass_adds_its_weight_times_the_lever() -> None:
    q = POSES["zero"][0]
    loaded = ArmModel(tool_mass_kg=0.5)
    extra = loaded.gravity(q) - MODEL.gravity(q)
    by_jacobian = MODEL.jacobian(q)[2] * 0.5 * 9.81
    assert np.abs(extra - by_jacobian).max() < 1e-9


@pytest.mark.parametrize("mass", [-0.1, 4.01, float("nan")])
def test_tool_mass_outside_the_payload_is_refused(mass: float) -> None:
    with pytest.raises(ConfigError, match="tool_mass_kg"):
        ArmModel(tool_mass_kg=mass)


def joints(share: float = 0.9) -> st.SearchStrategy[np.ndarray]:
    middle = 0.5 * (LIMITS.lower_rad + LIMITS.upper_rad)
    half = 0.5 * (LIMITS.upper_rad - LIMITS.lower_rad)
    return st.lists(st.floats(-share, share), min_size=7, max_size=7).map(
        lambda unit: middle + half * np.array(unit)
    )


@given(joints(), st.integers(0, 6))
def test_jacobian_is_the_derivative_of_the_position(q: np.ndarray, joint: int) -> None:
    step = np.zeros(7)
    step[joint] = 1e-6
    slope = (MODEL.fk(q + step)[0] - MODEL.fk(q - step)[0]) / 2e-6
    assert np.abs(MODEL.jacobian(q)[:3, joint] - slope).max() < 1e-6


@given(joints())
def test_mass_matrix_is_symmetric_and_positive(q: np.ndarray) -> None:
    matrix = MODEL.mass_matrix(q)
    assert np.abs(matrix - matrix.T).max() == 0.0
    assert np.linalg.eigvalsh(matrix).min() > 0.0


@given(
    st.lists(st.floats(-0.4, 0.4), min_size=7, max_size=7),
    st.lists(st.floats(-0.02, 0.02), min_size=7, max_size=7),
)
def test_ik_round_trip_near_the_working_pose(around: list[float], away: list[float]) -> None:
    q = np.array(POSES["neutral"][0]) + np.array(around)
    position, quat = MODEL.fk(q)
    found = MODEL.ik(position, quat, q + np.array(away))
    got_position, got_quat = MODEL.fk(found)
    assert np.abs(got_position - position).max() < 2e-7
    assert angle_between(got_quat, quat) < 1e-5
    assert (found >= LIMITS.lower_rad + 0.05 - 1e-12).all()
    assert (found <= LIMITS.upper_rad - 0.05 + 1e-12).all()


def test_ik_gives_the_same_answer_twice() -> None:
    q = np.array(POSES["neutral"][0])
    position, quat = MODEL.fk(q)
    goal = position + np.array([0.03, -0.02, -0.05])
    first = MODEL.ik(goal, quat, q, q)
    assert first.tolist() == MODEL.ik(goal, quat, q, q).tolist()
    assert first.tolist() == ArmModel().ik(goal, quat, q, q).tolist()


@pytest.mark.parametrize("joint", [0, 2, 3, 4, 5])
def test_ik_goes_around_a_joint_limit(joint: int) -> None:
    limits = load_joint_limits()
    q = np.array(POSES["mixed A"][0])
    position, quat = MODEL.fk(q)
    goal = position + np.array([0.01, 0.01, -0.02])
    free = MODEL.ik(goal, quat, q)
    upper, lower = np.array(limits.upper_rad), np.array(limits.lower_rad)
    middle = 0.5 * (q[joint] + free[joint])  # the free solution needs more of this joint
    if free[joint] > q[joint]:
        upper[joint] = middle + 0.05
    else:
        lower[joint] = middle - 0.05
    tight = ArmModel(
        limits=JointLimits(
            lower,
            upper,
            limits.velocity_rad_per_s,
            limits.effort_n_m,
            limits.acceleration_rad_per_s2,
        )
    )
    found = tight.ik(goal, quat, q)
    assert (found[joint] - middle) * np.sign(free[joint] - q[joint]) <= 1e-12
    assert np.abs(tight.fk(found)[0] - goal).max() < 2e-7


def test_null_space_keeps_the_posture_over_many_circles() -> None:
    home = np.array(POSES["neutral"][0])
    position, quat = MODEL.fk(home)
    q = home
    for step in range(2000):
        angle = 2.0 * np.pi * step / 40
        goal = position + 0.03 * np.array([np.cos(angle), np.sin(angle), 0.5 * np.sin(angle)])
        q = MODEL.ik(goal, quat, q, home)
    assert np.abs(MODEL.ik(position, quat, q, home) - home).max() < 0.05


@pytest.mark.parametrize(
    ("position", "match"),
    [((2.0, 0.0, 0.0), "mm"), ((float("nan"), 0.0, 0.0), "finite"), ((0.0, 0.0, 3.0), "mm")],
)
def test_unreachable_pose_raises(position: tuple[float, ...], match: str) -> None:
    q = POSES["neutral"][0]
    with pytest.raises(IkError, match=match):
        MODEL.ik(position, MODEL.fk(q)[1], q)


def test_quaternion_must_be_a_unit_one() -> None:
    q = POSES["neutral"][0]
    with pytest.raises(IkError, match="norm"):
        MODEL.ik(MODEL.fk(q)[0], (1.0, 1.0, 0.0, 0.0), q)


def test_ik_gives_up_after_its_iterations() -> None:
    hasty = ArmModel(ik=IkConfig(max_iterations=1))
    q = POSES["neutral"][0]
    position, quat = hasty.fk(q)
    with pytest.raises(IkError, match="1 iterations"):
        hasty.ik(position + 0.05, quat, q)


def test_arm_state_agrees_with_the_parts() -> None:
    q = np.array(POSES["mixed A"][0])
    dq = np.linspace(-0.3, 0.3, 7)
    state = MODEL.arm_state(5, q, dq, np.zeros(7))
    linear, angular = MODEL.ee_twist(q, dq)
    assert state.stamp_ns == 5
    assert np.abs(state.ee_position_m - MODEL.fk(q)[0]).max() == 0.0
    assert np.abs(state.ee_quat_xyzw - MODEL.fk(q)[1]).max() == 0.0
    assert np.abs(state.ee_linear_m_per_s - linear).max() < 1e-15
    assert np.abs(state.ee_angular_rad_per_s - angular).max() < 1e-15
    assert not state.q_rad.flags.writeable
    MODEL.fk(POSES["zero"][0])
    assert state.q_rad.tolist() == q.tolist()


def test_push_force_bound_is_where_the_first_joint_yields() -> None:
    q = POSES["neutral"][0]
    clips = np.array([8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
    bound = MODEL.push_force_bound(q, clips, (0, 0, -1))
    torque = MODEL.jacobian(q)[:3].T @ np.array([0.0, 0.0, bound])
    assert np.max(np.abs(torque) / clips) == pytest.approx(1.0)
    # The digest: of order 10 N with the lab's clips.
    assert 8.0 < bound < 25.0
