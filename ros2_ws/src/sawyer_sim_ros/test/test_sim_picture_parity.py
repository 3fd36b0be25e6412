"""The policy sees the same picture in the graph and in the loop without ROS, bit for bit."""

import numpy as np
import pytest
from rclpy.node import Node
from sensor_msgs.msg import Image

from sawyer_calibration_ros.camera_node import CameraNode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for
from sawyer_sim.camera_config import CameraConfig
from sawyer_sim.config import TwinConfig
from sawyer_sim.twin import Twin
from sawyer_sim_ros.snapshot import take_snapshot
from sawyer_sim_ros.state_publishers import StatePublishers
from sawyer_sim_ros.twin_camera_node import TwinCameraNode

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("size", [(64, 64), (160, 120)])
def test_graph_and_loop_show_the_same_picture(size: tuple[int, int]) -> None:
    width, height = size
    view = ["-p", f"view.width_px:={width}", "-p", f"view.height_px:={height}"]
    shots, own = [], []
    camera = CameraConfig(width_px=width, height_px=height)
    with Twin("usb", TwinConfig(camera=camera)) as twin:
        for seed in (1, 2):
            twin.prepare_episode(seed)
            twin.advance(None, 30)
            shots.append(take_snapshot(twin))
            own.append(twin.render_policy_view())
    with ros_arguments(["-p", "connector:=usb", *view]):
        drawing, shrinking, other = TwinCameraNode(), CameraNode(), Node("other")
        drawing.start()
        shrinking.start()
        views = Client(other).listen(Image, "camera/image_policy", qos.IMAGE)
        outputs = StatePublishers(other)
        with Spinner(drawing, shrinking, other):
            wait_for(
                lambda: (
                    other.count_publishers("camera/image_policy") > 0
                    and outputs._visual.get_subscription_count() > 0
                    and drawing._image.get_subscription_count() > 0
                ),
                10.0,
                "the camera nodes",
            )
            for number, shot in enumerate(shots, 1):
                outputs.visual(shot)
                wait_for(lambda n=number: len(views) >= n, 20.0, "a picture")
    for message, expected in zip(views, own, strict=True):
        np.testing.assert_array_equal(conversions.image_array(message), expected)
    assert not np.array_equal(own[0], own[1])
