"""URDF against the check poses measured on the vendor's model."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pinocchio as pin
import pytest

import sawyer_description

# Frame poses of the vendor's URDF: position in base, quaternion xyzw.
CHECK_POSES = {
    "neutral": (
        (0, -1.18, 0, 2.18, 0, 0.57, 3.3161),
        {
            "right_hand": ((0.44960, 0.16030, 0.21575), (0.70710, 0.70711, 0.00028, 0.00028)),
            "right_gripper_tip": (
                (0.44970, 0.16030, 0.08013),
                (0.70710, 0.70711, 0.00028, 0.00028),
            ),
            "right_hand_camera": (
                (0.40997, 0.12450, 0.31722),
                (0.50020, -0.50020, -0.49980, 0.49980),
            ),
        },
    ),
    "zero": (
        (0, 0, 0, 0, 0, 0, 0),
        {
            "right_hand": ((1.01550, 0.16030, 0.31700), (-0.54168, 0.45452, -0.54167, 0.45452)),
            "right_gripper_tip": (
                (1.15112, 0.16030, 0.31700),
                (-0.54168, 0.45452, -0.54167, 0.45452),
            ),
            "right_hand_camera": ((0.91400, 0.12450, 0.27745), (-0.70711, 0.70711, 0.0, 0.0)),
        },
    ),
    "shipping": (
        (0, -1.57, 0, 2.79, 0, -2.79, 3.3161),
        {
            "right_hand": ((0.21888, 0.16030, 0.47586), (0.00028, 0.00028, 0.70710, 0.70711)),
            "right_gripper_tip": (
                (0.21899, 0.16030, 0.61148),
                (0.00028, 0.00028, 0.70710, 0.70711),
            ),
        },
    ),
    "elbow up": (
        (0, -0.9, 0, 1.8, 0, -0.9, 0),
        {
            "right_gripper_tip": (
                (0.84841, 0.16030, 0.31700),
                (-0.54168, 0.45452, -0.54167, 0.45452),
            ),
        },
    ),
    "mixed A": (
        (0.3, -0.7, 0.4, 1.5, -0.5, 0.9, 1.2),
        {
            "right_hand": ((0.49660, 0.46047, 0.11802), (0.66131, -0.74889, 0.03905, 0.01751)),
            "right_gripper_tip": (
                (0.50005, 0.44940, -0.01710),
                (0.66131, -0.74889, 0.03905, 0.01751),
            ),
            "right_hand_camera": (
                (0.49750, 0.41571, 0.22358),
                (0.64293, -0.25004, -0.21407, 0.69159),
            ),
        },
    ),
    "mixed B": (
        (-0.27, 1.05, 0, 0.49, -0.08, -0.06, 0.027),
        {
            "right_gripper_tip": (
                (0.33780, 0.07373, -0.69912),
                (-0.69125, 0.72119, -0.03769, 0.02521),
            ),
        },
    ),
}
CASES = [
    pytest.param(q, frame, position, quat, id=f"{name}-{frame}")
    for name, (q, frames) in CHECK_POSES.items()
    for frame, (position, quat) in frames.items()
]


@pytest.fixture(scope="module")
def model() -> pin.Model:
    return pin.buildModelFromUrdf(str(sawyer_description.urdf_path()))


@pytest.mark.parametrize(("q", "frame", "position", "quat"), CASES)
def test_forward_kinematics_meets_the_check_pose(model, q, frame, position, quat):
    data = model.createData()
    pin.framesForwardKinematics(model, data, np.array(q, dtype=float))
    pose = data.oMf[model.getFrameId(frame, pin.FrameType.BODY)]
    expected = pin.Quaternion(np.array(quat) / np.linalg.norm(quat)).toRotationMatrix()
    assert np.abs(pose.translation - position).max() < 1e-4
    assert np.linalg.norm(pin.log3(expected.T @ pose.rotation)) < 1e-4


def test_masses_sum_up_to_the_published_ones(model):
    # Moving links 17.0863 kg, base link 2.0687, head 1.5795, end effector 0.47; the rest is grams.
    total = pin.computeTotalMass(model) + model.inertias[0].mass
    assert total == pytest.approx(17.0863 + 2.0687 + 1.5795 + 0.47, abs=0.002)


def test_gravity_torque_meets_the_published_one(model):
    data = model.createData()
    q = np.array(CHECK_POSES["neutral"][0], dtype=float)
    tau = pin.computeGeneralizedGravity(model, data, q)
    # The spread of the 0.47 kg over the gripper's parts moves its centre by a few millimetres.
    assert np.abs(tau - [0, -18.015, -2.391, -6.941, 1.533, 0.094, 0]).max() < 0.02


def test_limits_file_repeats_the_urdf():
    root = ElementTree.parse(sawyer_description.urdf_path()).getroot()
    limits = sawyer_description.load_limits()["joints"]
    assert tuple(limits) == sawyer_description.ARM_JOINT_NAMES
    for joint in root.findall("joint"):
        element = joint.find("limit")
        if joint.get("type") != "revolute":
            continue
        row = limits[joint.get("name")]
        assert float(element.get("lower")) == row["lower_rad"]
        assert float(element.get("upper")) == row["upper_rad"]
        assert float(element.get("velocity")) == row["velocity_rad_per_s"]
        assert float(element.get("effort")) == row["effort_n_m"]


def test_every_link_but_the_root_has_an_inertial():
    root = ElementTree.parse(sawyer_description.urdf_path()).getroot()
    bare = [link.get("name") for link in root.findall("link") if link.find("inertial") is None]
    assert bare == ["base"]
