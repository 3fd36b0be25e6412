"""Camera of the twin: draws pictures in a process of its own, so that physics never waits."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_interfaces.msg import TwinVisualState
from sensor_msgs.msg import Image

from sawyer_core import setting, validate
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns
from sawyer_sim.boards import load_board, load_board_task
from sawyer_sim.camera import Camera
from sawyer_sim.camera_config import CameraConfig
from sawyer_sim.draws import draw_twin_episode

POLICY_FRAME = "policy_camera_optical_frame"
OVERVIEW_FRAME = "overview_camera_optical_frame"


@dataclass(frozen=True)
class TwinCameraConfig:
    """What is drawn, beside the camera's own settings."""

    connector: str = setting(doc="connector on the board and in the gripper")
    camera: bool = setting(True, doc="draw the policy camera for every visual state")
    overview: bool = setting(False, doc="draw the overview camera too")
    overview_width_px: int = setting(320, unit="px", bounds=(16, 1920), doc="overview width")
    overview_height_px: int = setting(240, unit="px", bounds=(16, 1080), doc="overview height")
    overview_every: int = setting(
        1, bounds=(1, 1000), doc="an overview picture every so many visual states"
    )

    def __post_init__(self) -> None:
        validate(self)


class TwinCameraNode(ThinNode):
    """Publishes `camera/image_raw` and `overview/image_raw` with the stamp of the state."""

    def __init__(self) -> None:
        super().__init__("twin_camera")
        self._config = ConfigParameters(self, TwinCameraConfig).config
        self._view = ConfigParameters(self, CameraConfig, "view").config
        self._camera: Camera | None = None
        self._seed: int | None = None
        self._states = 0

    def start(self) -> None:
        """Load what is to be seen and subscribe."""
        self._connector = load_board(self._config.connector)
        task = load_board_task(self._connector.name)
        x, y, z = task.goal_position_m
        mouth_m = (x, y, z - self._connector.plug.handle_below_tip_m)
        self._camera = Camera(self._connector, task.quat, mouth_m, self._view)
        self._image = self.create_publisher(Image, "camera/image_raw", qos.IMAGE)
        self._overview = self.create_publisher(Image, "overview/image_raw", qos.IMAGE)
        self.create_subscription(TwinVisualState, "twin/visual_state", self._on_state, qos.VISUAL)

    def close(self) -> None:
        """Release the engine."""
        if self._camera is not None:
            self._camera.close()

    def _on_state(self, message: TwinVisualState) -> None:
        camera, config = self._camera, self._config
        if camera is None:
            return
        if message.seed != self._seed:
            self._seed = message.seed
            camera.prepare(draw_twin_episode(self._connector, message.seed).camera_seed)
        stamp_ns, joints = to_ns(message.header.stamp), list(message.joints)
        if config.camera:
            image = camera.rgb(joints, message.tick, None, None)
            self._image.publish(conversions.image_message(image, stamp_ns, POLICY_FRAME))
        if config.overview and self._states % config.overview_every == 0:
            width, height = config.overview_width_px, config.overview_height_px
            picture = camera.overview(joints, width, height)
            self._overview.publish(conversions.image_message(picture, stamp_ns, OVERVIEW_FRAME))
        self._states += 1
        self.health.tick()


def main(args: list[str] | None = None) -> int:
    """Run the camera of the twin."""
    return run_node(TwinCameraNode, args)
