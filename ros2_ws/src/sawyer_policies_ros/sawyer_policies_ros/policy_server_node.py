"""Policy server: hand-written and learned policies behind one service, with specs and timing."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.task import Future
from sawyer_interfaces.msg import ErrorCode, PolicyInfo
from sawyer_interfaces.srv import ListPolicies, PolicyAct, PolicyReset

from sawyer_core import (
    BundleError,
    SawyerError,
    StaleDataError,
    TransportError,
    UnknownNameError,
    setting,
    validate,
)
from sawyer_policies import HostConfig, Observation, PolicyHost, default_registry
from sawyer_policies.serving import ActReply
from sawyer_policies.serving.batching import BatchConfig, MicroBatcher
from sawyer_policies.serving.remote import RemoteConfig, RemoteHost, RemoteRefusalError
from sawyer_policies.serving.threads import limit_threads
from sawyer_policies_ros.specs import policy_info
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns

WINDOW_FLOOR_S = 1e-4
REMOTE_CODES = {
    "not_reset": ErrorCode.POLICY_NOT_RESET,
    "session_taken": ErrorCode.POLICY_NOT_RESET,
    "bad_observation": ErrorCode.POLICY_BAD_OBSERVATION,
    "stale_observation": ErrorCode.POLICY_STALE_OBSERVATION,
}


@dataclass(frozen=True)
class ServerNodeConfig:
    """Settings of the node itself."""

    preload: str = setting(
        "", doc="policy that is loaded at the start, so that its first action is not late"
    )
    server: str = setting(
        "", doc="ws://host:port of a policy server elsewhere; empty: policies run in this process"
    )
    threads: int = setting(
        1, bounds=(1, 256), doc="threads of a learned policy's network: small ones need one"
    )

    def __post_init__(self) -> None:
        validate(self)


class PolicyServerNode(ThinNode):
    """Serves `policy/list`, `policy/reset` and `policy/act`."""

    def __init__(self) -> None:
        super().__init__("policy_server")
        self._config = ConfigParameters(self, ServerNodeConfig).config
        self._settings = ConfigParameters(self, HostConfig).config
        self._batching = ConfigParameters(self, BatchConfig, "batch").config
        self._remote = ConfigParameters(self, RemoteConfig, "remote").config
        self._host: PolicyHost | RemoteHost | None = None
        self._batcher: MicroBatcher | None = None

    def start(self) -> None:
        """Make the host and offer the services."""
        limit_threads(self._config.threads)
        if self._config.server:
            self._host = RemoteHost(self._config.server, self._remote)
        else:
            self._host = PolicyHost(default_registry(), self._settings)
            self._batcher = MicroBatcher(self._host, self._batching)
        self._preload()
        self._specs = self.create_publisher(PolicyInfo, "policy/served", qos.EVENT_LATCHED)
        for spec in self._host.specs():
            self._specs.publish(policy_info(spec))
        for problem in self._host.problems():
            self.get_logger().warning(problem)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        window_s = max(self._batching.window_s, WINDOW_FLOOR_S)
        # A request that waits for company keeps its group: the others and the timer must run.
        waiting = ReentrantCallbackGroup()
        self._timer = self.create_timer(
            window_s, self._flush, callback_group=waiting, clock=steady
        )
        self._timer.cancel()
        self.create_service(ListPolicies, "policy/list", self._list)
        self.create_service(PolicyReset, "policy/reset", self._reset)
        self.create_service(PolicyAct, "policy/act", self._act, callback_group=waiting)

    def close(self) -> None:
        """Leave the server elsewhere."""
        if isinstance(self._host, RemoteHost):
            self._host.close()

    def _preload(self) -> None:
        """Load what was named; what cannot be loaded is refused again at the reset, with why."""
        if self._config.preload and self._host is not None:
            try:
                self._host.preload(self._config.preload)
            except SawyerError as error:
                self.get_logger().warning(f"not loaded beforehand: {error}")
                # It may be written later: what takes seconds to load is loaded now.
                importlib.import_module("sawyer_policies.inference")

    def _list(
        self, _request: ListPolicies.Request, response: ListPolicies.Response
    ) -> ListPolicies.Response:
        specs = self._host.specs() if self._host is not None else []
        response.policies = [policy_info(spec) for spec in specs]
        return response

    def _reset(
        self, request: PolicyReset.Request, response: PolicyReset.Response
    ) -> PolicyReset.Response:
        if self._host is None:
            return response
        problems = set(self._host.problems())
        try:
            spec = self._host.reset(request.session, request.policy, seed=request.seed)
        except SawyerError as error:
            response.error_code, response.error_msg = _reset_code(error), str(error)
            self.health.warn(str(error))
            return response
        for problem in set(self._host.problems()) - problems:
            self.get_logger().warning(problem)
            self.health.warn(problem)
        response.info = policy_info(spec)
        self._specs.publish(response.info)
        self.health.count("resets")
        return response

    async def _act(
        self, request: PolicyAct.Request, response: PolicyAct.Response
    ) -> PolicyAct.Response:
        began = time.perf_counter()
        response.stamp, response.step = request.header.stamp, request.step
        try:
            reply = await self._reply(request.session, _observation(request))
        except SawyerError as error:
            response.error_code, response.error_msg = _act_code(error), str(error)
            self.health.count("refused")
            self.health.warn(str(error))
        else:
            response.action = conversions.vector3(reply.action_m)
            response.queue_s, response.compute_s = reply.queue_s, reply.compute_s
            response.batch = reply.batch
            self.health.tick()
        response.handling_s = time.perf_counter() - began
        return response

    async def _reply(self, session: str, seen: Observation) -> ActReply:
        """The action; robots of one server that ask at the same time share a forward pass."""
        if isinstance(self._host, RemoteHost):
            return self._host.act(session, seen)
        if self._batcher is None:
            raise TransportError("the policy server has not started")
        answer = Future(executor=self.executor)
        self._batcher.add(session, seen, answer.set_result)
        if not answer.done():
            self._timer.reset()
            await answer
        result = answer.result()
        if isinstance(result, Exception):
            raise result
        reply: ActReply = result
        return reply

    def _flush(self) -> None:
        self._timer.cancel()
        if self._batcher is not None:
            self._batcher.flush()


def _observation(request: PolicyAct.Request) -> Observation:
    arrays: dict[str, np.ndarray] = {
        "ee_position": conversions.xyz(request.ee_position),
        "goal_position": conversions.xyz(request.goal_position),
        "force": conversions.xyz(request.force),
    }
    if len(request.image.data):
        arrays["image"] = conversions.image_array(request.image)
    if len(request.object_state):
        arrays["object_state"] = np.array(request.object_state, dtype=np.float64)
    return Observation(to_ns(request.header.stamp), request.step, arrays)


def _reset_code(error: SawyerError) -> int:
    if isinstance(error, UnknownNameError):
        return int(ErrorCode.POLICY_UNKNOWN)
    if isinstance(error, BundleError):
        return int(ErrorCode.POLICY_BAD_BUNDLE)
    if isinstance(error, TransportError):
        return int(ErrorCode.POLICY_UNREACHABLE)
    return int(ErrorCode.POLICY_INTERNAL)


def _act_code(error: SawyerError) -> int:
    if isinstance(error, RemoteRefusalError):
        return int(REMOTE_CODES.get(error.code, ErrorCode.POLICY_INTERNAL))
    if isinstance(error, StaleDataError):
        return int(ErrorCode.POLICY_STALE_OBSERVATION)
    if isinstance(error, UnknownNameError):
        return int(ErrorCode.POLICY_NOT_RESET)
    if isinstance(error, TransportError):
        return int(ErrorCode.POLICY_UNREACHABLE)
    return int(ErrorCode.POLICY_BAD_OBSERVATION)


def main(args: list[str] | None = None) -> int:
    """Run the policy server."""
    return run_node(PolicyServerNode, args)
