"""Force bias: averages the wrench at rest and publishes it without the bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from geometry_msgs.msg import WrenchStamped
from sawyer_interfaces.msg import ErrorCode, ForceBias
from sawyer_interfaces.srv import CalibrateForce

from sawyer_calibration.force_bias import ForceBiasConfig, ForceBiasEstimator
from sawyer_core import SawyerError, Wrench, setting, validate
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import Frame, FrameSource
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns


@dataclass(frozen=True)
class ForceBiasNodeConfig:
    """Settings of the node itself."""

    publish_uncalibrated: bool = setting(
        True, doc="publish wrench_centered before the first calibration, with a bias of zero"
    )

    def __post_init__(self) -> None:
        validate(self)


class ForceBiasNode(ThinNode):
    """Publishes `wrench_centered`; a calibration uses the samples from a given stamp on."""

    def __init__(self) -> None:
        super().__init__("force_bias")
        self._config = ConfigParameters(self, ForceBiasNodeConfig).config
        self._estimator = ForceBiasEstimator(
            ConfigParameters(self, ForceBiasConfig, "estimator").config
        )
        self._bias_n = np.zeros(3)
        self._state = ForceBias()
        self._from_ns = 0

    def start(self) -> None:
        """Create the topics and the service."""
        self._centered = self.create_publisher(WrenchStamped, "wrench_centered", qos.STATE)
        self._publisher = self.create_publisher(ForceBias, "force_bias", qos.LATCHED)
        self.create_service(CalibrateForce, "force_bias/calibrate", self._calibrate)
        self._frames = FrameSource(self, ("wrench", "joints"), self._on_frame)

    def _calibrate(
        self, request: CalibrateForce.Request, response: CalibrateForce.Response
    ) -> CalibrateForce.Response:
        """Begin; the sample of the start stamp counts even if it came before the request."""
        self._estimator.reset()
        self._from_ns = to_ns(request.start)
        self._state = ForceBias(collecting=True)
        response.samples_wanted = self._estimator.config.samples
        newest = self._frames.newest
        if newest is not None and newest.stamp_ns >= self._from_ns:
            self._offer(newest)
        return response

    def _on_frame(self, frame: Frame) -> None:
        if self._state.collecting and frame.stamp_ns >= self._from_ns:
            self._offer(frame)
        if frame.wrench is None or not (
            self._state.calibrated or self._config.publish_uncalibrated
        ):
            return
        centered = Wrench(
            frame.stamp_ns, frame.wrench.force_n - self._bias_n, frame.wrench.torque_n_m
        )
        self._centered.publish(conversions.wrench_message(centered))
        self.health.tick()

    def _offer(self, frame: Frame) -> None:
        if frame.wrench is None or frame.joints is None:
            return
        state, estimator = self._state, self._estimator
        try:
            estimator.add(frame.wrench.force_n, conversions.joint_speeds(frame.joints))
            if estimator.done:
                self._bias_n = estimator.bias
        except SawyerError as error:
            state.error_code, state.error_msg = ErrorCode.CALIBRATION_NOISY, str(error)
        if estimator.failed:
            state.error_code, state.error_msg = ErrorCode.CALIBRATION_NOISY, estimator.message
        if state.error_code:
            self.health.count("failed_calibrations")
            self.health.error(state.error_msg)
        state.calibrated = estimator.done and not state.error_code
        state.collecting = not (estimator.done or state.error_code)
        state.samples = estimator.count
        state.header = conversions.header(frame.stamp_ns)
        state.bias = conversions.vector3(self._bias_n)
        state.std_n = float(estimator.std_n.max())
        self._publisher.publish(state)


def main(args: list[str] | None = None) -> int:
    """Run the force-bias node."""
    return run_node(ForceBiasNode, args)
