from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import WrenchStamped
from rclpy.node import Node
from sawyer_interfaces.msg import ErrorCode, ForceBias, NodeHealth
from sawyer_interfaces.srv import CalibrateForce
from sensor_msgs.msg import CameraInfo, Image, JointState

from sawyer_calibration_ros.camera_node import CameraNode
from sawyer_calibration_ros.force_bias_node import ForceBiasNode
from sawyer_core import JOINT_NAMES, Wrench
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns, to_stamp
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for

pytestmark = pytest.mark.ros


@pytest.fixture
def other() -> Iterator[Node]:
    with ros_arguments(["-p", "focal_px:=211.5"]):
        yield Node("other")


def test_the_camera_keeps_the_stamp_and_drops_what_does_not_fit(other: Node) -> None:
    camera = CameraNode()
    camera.start()
    views = Client(other).listen(Image, "camera/image_policy", qos.IMAGE)
    reports = Client(other).listen(NodeHealth, "health", qos.EVENT)
    infos = Client(other).listen(CameraInfo, "camera/camera_info", qos.LATCHED)
    raw = other.create_publisher(Image, "camera/image_raw", qos.IMAGE)
    with Spinner(camera, other):
        wait_for(lambda: raw.get_subscription_count() > 0, 10.0, "the camera node")
        wait_for(lambda: other.count_publishers("camera/image_policy") > 0, 10.0, "its topic")
        raw.publish(conversions.image_message(np.zeros((31, 64), np.uint8), 1, "cam"))
        raw.publish(conversions.image_message(np.full((64, 64, 3), 9, np.uint8), 2, "cam"))
        wait_for(lambda: views != [], 10.0, "the view")
        wait_for(lambda: infos != [], 10.0, "the intrinsics")
        wait_for(lambda: any(r.level == NodeHealth.ERROR for r in reports), 10.0, "a complaint")
    assert [to_ns(view.header.stamp) for view in views] == [2]
    assert (views[0].height, views[0].width, views[0].encoding) == (32, 32, "mono8")
    assert set(bytes(views[0].data)) == {9}
    assert camera.health.figure("refused_images") == 1
    complaint = next(report for report in reports if report.level == NodeHealth.ERROR)
    assert complaint.node == "/camera"
    assert "(31, 64)" in complaint.summary
    assert "at least 32 x 32 pixels" in complaint.summary
    figures = dict(zip(complaint.keys, complaint.values, strict=True))
    assert figures["refused_images"] == 1
    assert infos[0].k[0] == 211.5
    assert infos[0].k[2] == 31.5


class Arm:
    """Publishes wrench and joint speeds."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.wrench = node.create_publisher(WrenchStamped, "wrench", qos.STATE)
        self.joints = node.create_publisher(JointState, "joint_states", qos.STATE)

    def ready(self) -> bool:
        return min(self.wrench.get_subscription_count(), self.joints.get_subscription_count()) > 0

    def say(self, stamp_ns: int, force, speed: float = 0.0) -> None:
        self.joints.publish(
            JointState(
                header=conversions.header(stamp_ns),
                name=list(JOINT_NAMES),
                position=[0.0] * 7,
                velocity=[speed] * 7,
                effort=[0.0] * 7,
            )
        )
        self.wrench.publish(conversions.wrench_message(Wrench(stamp_ns, force, np.zeros(3))))


def calibrated(other: Node, samples) -> tuple[ForceBias, list[WrenchStamped]]:
    """Run a calibration from stamp 2 over samples (force, speed); report and centered wrench."""
    bias = ForceBiasNode()
    bias.start()
    client, arm = Client(other), Arm(other)
    reports = client.listen(ForceBias, "force_bias", qos.LATCHED)
    centered = client.listen(WrenchStamped, "wrench_centered", qos.STATE)
    with Spinner(bias, other):
        wait_for(arm.ready, 10.0, "the force-bias node")
        wait_for(lambda: other.count_publishers("wrench_centered") > 0, 10.0, "its topic")
        arm.say(1, (50.0, 50.0, 50.0))  # before the start stamp: not a sample
        wait_for(lambda: centered != [], 10.0, "the first wrench")
        request = CalibrateForce.Request(start=to_stamp(2))
        assert client.call(CalibrateForce, "force_bias/calibrate", request).samples_wanted == 5
        for stamp_ns, (force, speed) in enumerate(samples, 2):
            arm.say(stamp_ns, force, speed)
            wait_for(lambda n=stamp_ns: to_ns(centered[-1].header.stamp) >= n, 10.0, "a wrench")
        wait_for(lambda: reports and not reports[-1].collecting, 10.0, "the outcome")
    return reports[-1], centered


def test_the_bias_is_the_mean_at_rest(other: Node) -> None:
    forces = [(1.0, -2.0, 3.0 + offset) for offset in (-0.1, 0.0, 0.1, -0.1, 0.1)]
    moving = [((9.0, 9.0, 9.0), 0.5)]
    report, centered = calibrated(other, moving + [(force, 0.0) for force in forces])
    assert report.calibrated
    assert report.samples == 5
    assert (report.bias.x, report.bias.y) == (1.0, -2.0)
    assert report.bias.z == pytest.approx(3.0)
    last = centered[-1].wrench.force
    assert (last.x, last.y, last.z) == pytest.approx((0.0, 0.0, 0.1))


def test_an_unsteady_force_is_refused(other: Node) -> None:
    forces = [((0.0, 0.0, value), 0.0) for value in (0.0, 5.0, -5.0, 5.0, -5.0)]
    report, _ = calibrated(other, forces)
    assert not report.calibrated
    assert report.error_code == ErrorCode.CALIBRATION_NOISY
    assert "standard deviation" in report.error_msg
