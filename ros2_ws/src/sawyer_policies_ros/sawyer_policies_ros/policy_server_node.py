"""Policy server: named policies behind one service, with specs and timing."""

from __future__ import annotations

import time

import numpy as np
from sawyer_interfaces.msg import ErrorCode, PolicyInfo
from sawyer_interfaces.srv import ListPolicies, PolicyAct, PolicyReset

from sawyer_core import SawyerError, StaleDataError, UnknownNameError
from sawyer_policies import HostConfig, Observation, PolicyHost, default_registry
from sawyer_policies_ros.specs import policy_info
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns


class PolicyServerNode(ThinNode):
    """Serves `policy/list`, `policy/reset` and `policy/act`."""

    def __init__(self) -> None:
        super().__init__("policy_server")
        self._settings = ConfigParameters(self, HostConfig)

    def start(self) -> None:
        """Make the host and offer the services."""
        self._host = PolicyHost(default_registry(), self._settings.config)
        specs = self.create_publisher(PolicyInfo, "policy/served", qos.EVENT_LATCHED)
        for spec in self._host.specs():
            specs.publish(policy_info(spec))
        self.create_service(ListPolicies, "policy/list", self._list)
        self.create_service(PolicyReset, "policy/reset", self._reset)
        self.create_service(PolicyAct, "policy/act", self._act)

    def _list(
        self, _request: ListPolicies.Request, response: ListPolicies.Response
    ) -> ListPolicies.Response:
        response.policies = [policy_info(spec) for spec in self._host.specs()]
        return response

    def _reset(
        self, request: PolicyReset.Request, response: PolicyReset.Response
    ) -> PolicyReset.Response:
        try:
            spec = self._host.reset(request.session, request.policy, seed=request.seed)
        except UnknownNameError as error:
            response.error_code, response.error_msg = ErrorCode.POLICY_UNKNOWN, str(error)
            return response
        except SawyerError as error:
            response.error_code, response.error_msg = ErrorCode.POLICY_INTERNAL, str(error)
            return response
        response.info = policy_info(spec)
        self.health.count("resets")
        return response

    def _act(self, request: PolicyAct.Request, response: PolicyAct.Response) -> PolicyAct.Response:
        began = time.perf_counter()
        response.stamp, response.step = request.header.stamp, request.step
        try:
            reply = self._host.act(request.session, self._observation(request))
        except SawyerError as error:
            response.error_code, response.error_msg = self._code(error), str(error)
            self.health.count("refused")
            self.health.warn(str(error))
        else:
            response.action = conversions.vector3(reply.action_m)
            response.compute_s = reply.compute_s
            self.health.tick()
        response.handling_s = time.perf_counter() - began
        return response

    @staticmethod
    def _observation(request: PolicyAct.Request) -> Observation:
        arrays: dict[str, np.ndarray] = {
            "ee_position": conversions.xyz(request.ee_position),
            "goal_position": conversions.xyz(request.goal_position),
            "force": conversions.xyz(request.force),
        }
        if len(request.image.data):
            arrays["image"] = conversions.image_array(request.image)
        return Observation(to_ns(request.header.stamp), request.step, arrays)

    @staticmethod
    def _code(error: SawyerError) -> int:
        if isinstance(error, StaleDataError):
            return int(ErrorCode.POLICY_STALE_OBSERVATION)
        if isinstance(error, UnknownNameError):
            return int(ErrorCode.POLICY_NOT_RESET)
        return int(ErrorCode.POLICY_BAD_OBSERVATION)


def main(args: list[str] | None = None) -> int:
    """Run the policy server."""
    return run_node(PolicyServerNode, args)
