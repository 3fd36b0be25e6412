import math
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sensor_msgs.msg import Image

from sawyer_core import JOINT_NAMES, ArmState, CommandRejectedError, JointTarget, Wrench
from sawyer_core.errors import ShapeError
from sawyer_ros_common import conversions
from sawyer_ros_common.stamps import to_ns, to_stamp

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
stamps = st.integers(0, 2**31 * 10**9 - 1)


def vector(length: int):
    return arrays(np.float64, length, elements=floats)


@given(stamps)
def test_stamps_survive(stamp_ns: int) -> None:
    assert to_ns(to_stamp(stamp_ns)) == stamp_ns


@given(stamps, vector(7), vector(7), vector(7), vector(3), vector(4), vector(3), vector(3))
def test_an_arm_state_survives_bit_for_bit(stamp_ns, q, dq, tau, x, quat, v, w) -> None:
    arm = ArmState(stamp_ns, q, dq, tau, x, quat, v, w)
    back = conversions.arm_state(
        conversions.joint_state_message(arm),
        conversions.pose_message(arm),
        conversions.twist_message(arm),
    )
    assert back.stamp_ns == stamp_ns
    for name in ("q_rad", "dq_rad_per_s", "tau_n_m", "ee_position_m", "ee_quat_xyzw",
                 "ee_linear_m_per_s", "ee_angular_rad_per_s"):  # fmt: skip
        np.testing.assert_array_equal(getattr(back, name), getattr(arm, name))


@given(stamps, vector(3), vector(3))
def test_a_wrench_survives(stamp_ns, force, torque) -> None:
    back = conversions.wrench(conversions.wrench_message(Wrench(stamp_ns, force, torque)))
    assert back.stamp_ns == stamp_ns
    np.testing.assert_array_equal(back.force_n, force)
    np.testing.assert_array_equal(back.torque_n_m, torque)


@given(stamps, vector(7), st.integers(1, 10_000))
def test_a_joint_target_survives(stamp_ns, q, duration_ms) -> None:
    target = JointTarget(stamp_ns, q, duration_ms / 1000)
    back = conversions.joint_target(conversions.joint_target_message(target))
    np.testing.assert_array_equal(back.q_rad, q)
    assert back.stamp_ns == stamp_ns
    assert back.duration_s == pytest.approx(target.duration_s, abs=1e-9)


def target_message(**changes):
    message = conversions.joint_target_message(JointTarget(1, np.arange(7.0), 0.1))
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def test_joints_are_found_by_name() -> None:
    message = target_message(joint_names=list(JOINT_NAMES[::-1]))
    np.testing.assert_array_equal(conversions.joint_target(message).q_rad, np.arange(7.0)[::-1])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"joint_names": [*JOINT_NAMES[:6], "elbow"]}, "elbow"),
        ({"joint_names": list(JOINT_NAMES[:6])}, "6 values"),
        ({"points": []}, "0 points"),
    ],
)
def test_a_malformed_target_is_refused(changes, text: str) -> None:
    with pytest.raises(CommandRejectedError, match=text):
        conversions.joint_target(target_message(**changes))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_target_that_is_not_finite_is_refused(bad: float) -> None:
    message = target_message()
    message.points[0].positions[3] = bad
    with pytest.raises(CommandRejectedError, match="non_finite"):
        conversions.joint_target(message)


def test_target_duration_comes_from_the_point() -> None:
    message = target_message()
    message.points[0].time_from_start = Duration(sec=1, nanosec=500_000_000)
    assert conversions.joint_target(message).duration_s == 1.5


@pytest.mark.parametrize("shape", [(3, 5), (4, 2, 3)])
def test_images_survive(shape) -> None:
    image = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    message = conversions.image_message(image, 7, "cam")
    assert message.encoding == ("mono8" if len(shape) == 2 else "rgb8")
    assert to_ns(message.header.stamp) == 7
    back = conversions.image_array(message)
    np.testing.assert_array_equal(back, image)
    assert not back.flags.writeable


def test_pixels_reach_the_message_as_an_array_that_is_not_checked_byte_by_byte(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversions, "Image", SimpleNamespace)
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)[:, ::2]  # not contiguous
    data = conversions.image_message(image, 7, "cam").data
    assert isinstance(data, array)
    assert data.typecode == "B"
    assert data.tobytes() == image.tobytes()


@pytest.mark.parametrize(
    ("changes", "text"),
    [({"encoding": "yuv"}, "yuv"), ({"height": 4}, "15 bytes"), ({"step": 6}, "step 6")],
)
def test_an_image_that_contradicts_itself_is_refused(changes, text: str) -> None:
    message = conversions.image_message(np.zeros((3, 5), np.uint8), 0, "cam")
    assert isinstance(message, Image)
    for name, value in changes.items():
        setattr(message, name, value)
    with pytest.raises(ShapeError, match=text):
        conversions.image_array(message)
