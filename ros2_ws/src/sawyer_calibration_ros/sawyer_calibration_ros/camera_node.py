"""Camera: the raw picture cropped and shrunk to the policy's view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from sawyer_core import ShapeError, setting, validate
from sawyer_core.pictures import policy_picture
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns


@dataclass(frozen=True)
class CameraConfig:
    """Settings of the camera node."""

    side_px: int = setting(
        32,
        bounds=(1, 1024),
        unit="px",
        doc="side of the policy's picture",
        source="thesis chapter 9: 32x32 grayscale",
    )
    focal_px: float = setting(
        0.0, unit="px", bounds=(0.0, 1e5), doc="focal length of the raw picture; 0: not known"
    )

    def __post_init__(self) -> None:
        validate(self)


class CameraNode(ThinNode):
    """Turns `camera/image_raw` into `camera/image_policy` with the same stamp."""

    def __init__(self) -> None:
        super().__init__("camera")
        self._config = ConfigParameters(self, CameraConfig).config
        self._info: CameraInfo | None = None

    def start(self) -> None:
        """Create the topics."""
        self._policy = self.create_publisher(Image, "camera/image_policy", qos.IMAGE)
        self._info_publisher = self.create_publisher(CameraInfo, "camera/camera_info", qos.LATCHED)
        self.create_subscription(Image, "camera/image_raw", self._on_image, qos.IMAGE)

    def _on_image(self, message: Image) -> None:
        try:
            view = policy_picture(conversions.image_array(message), self._config.side_px)
        except ShapeError as error:
            self.health.count("refused_images")
            self.health.error(str(error))
            if self.health.figure("refused_images") == 1:
                self.get_logger().error(f"camera/image_raw refused: {error}")
            return
        stamp_ns = to_ns(message.header.stamp)
        self._policy.publish(conversions.image_message(view, stamp_ns, message.header.frame_id))
        self.health.tick()
        if self._info is None:
            self._publish_info(message)

    def _publish_info(self, message: Image) -> None:
        """Publish the intrinsics of the raw picture once: a pinhole without distortion."""
        focal = self._config.focal_px
        info = CameraInfo(header=message.header, height=message.height, width=message.width)
        info.distortion_model = "plumb_bob"
        info.d = [0.0] * 5
        centre_x, centre_y = (message.width - 1) / 2, (message.height - 1) / 2
        info.k = np.array((focal, 0.0, centre_x, 0.0, focal, centre_y, 0.0, 0.0, 1.0))
        info.r = np.eye(3).ravel()
        info.p = np.array(
            (focal, 0.0, centre_x, 0.0, 0.0, focal, centre_y, 0.0, 0.0, 0.0, 1.0, 0.0)
        )
        self._info = info
        self._info_publisher.publish(info)


def main(args: list[str] | None = None) -> int:
    """Run the camera node."""
    return run_node(CameraNode, args)
