"""The episode's side of the policy server: ask in time, do without when it is late."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from rclpy.node import Node
from rclpy.task import Future
from sawyer_interfaces.msg import ErrorCode, PolicyInfo
from sawyer_interfaces.srv import PolicyAct, PolicyReset

from sawyer_controllers_ros.reset_link import EpisodeError
from sawyer_core import PolicyInput, SawyerError, TransportError
from sawyer_core.types import Array
from sawyer_ros_common import conversions
from sawyer_ros_common.waits import Deadlines

LOST = (ErrorCode.POLICY_NOT_RESET, ErrorCode.POLICY_UNREACHABLE)
"""Answers without an action: the server was started anew and knows nothing of this episode, or
stands for one elsewhere that does not answer. The base action goes on alone."""


@dataclass(frozen=True, eq=False)
class PolicyAnswer:
    """What came back for one step.

    Attributes:
        action_m: (3,) m; None where the reply was late; not a number where it cannot be used.
        late: no reply within the time allowed, or the server took more than one period.
        compute_s: time inside the policy, by its own account.
        round_trip_s: wall time from request to reply.
        message: what was wrong, empty if nothing.
    """

    action_m: Array | None
    late: bool
    compute_s: float
    round_trip_s: float
    message: str = ""


@dataclass(frozen=True)
class PolicyQuestion:
    """A request on its way."""

    step: int
    began_s: float
    future: Future


class PolicyLink:
    """One session with the policy server at a time.

    Args:
        node: owner of the clients.
        deadlines: the node's.
        timeout_s: how long a step waits for its action (wall clock).
        period_s: control period; what the server worked on for longer is late in both clocks.
        silent_timeout_s: the same while the server has not answered the step before.
    """

    def __init__(
        self,
        node: Node,
        deadlines: Deadlines,
        *,
        timeout_s: float,
        period_s: float,
        silent_timeout_s: float,
    ) -> None:
        self._deadlines = deadlines
        self._timeout_s = timeout_s
        self._period_s = period_s
        self._silent_timeout_s = min(silent_timeout_s, timeout_s)
        self._act = node.create_client(PolicyAct, "policy/act")
        self._reset = node.create_client(PolicyReset, "policy/reset")
        self._session = ""
        self._silent = False
        self.late = 0

    async def begin(
        self, session: str, policy: str, seed: int, timeout_s: float, *, try_s: float = 10.0
    ) -> PolicyInfo:
        """Start a session; gives the policy's spec.

        Asked again every ``try_s``: a server that dies over the request is started anew and
        knows nothing of it.

        Raises:
            SawyerError: no such policy (the message lists the choices), or one that is refused.
            EpisodeError: the server elsewhere does not answer.
            TransportError: no answer.
        """
        self._session, self._silent, self.late = session, False, 0
        request = PolicyReset.Request(session=session, policy=policy, seed=seed)
        deadline_s = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, deadline_s - time.monotonic())
            try:
                reply = await self._deadlines.call(self._reset, request, min(try_s, left_s))
                break
            except TransportError:
                if left_s <= try_s:
                    raise
        if reply.error_code == ErrorCode.POLICY_UNREACHABLE:
            raise EpisodeError(ErrorCode.EPISODE_POLICY_FAILED, reply.error_msg)
        if reply.error_code:
            raise SawyerError(reply.error_msg)
        info: PolicyInfo = reply.info
        return info

    def ask(self, stamp_ns: int, observation: PolicyInput) -> PolicyQuestion:
        """Send a request; :meth:`answer` waits for the reply, :meth:`forget` does not."""
        request = PolicyAct.Request(
            header=conversions.header(stamp_ns),
            session=self._session,
            step=observation.step,
            ee_position=conversions.point(observation.ee_position_m),
            goal_position=conversions.point(observation.goal_position_m),
            force=conversions.vector3(observation.force_n),
        )
        if observation.object_state is not None:
            request.object_state = observation.object_state.tolist()
        if observation.image is not None:
            request.image = conversions.image_message(
                observation.image, stamp_ns, "policy_camera_optical_frame"
            )
        began = time.perf_counter()
        return PolicyQuestion(observation.step, began, self._act.call_async(request))

    def forget(self, question: PolicyQuestion) -> None:
        """The answer is not needed any more."""
        self._act.remove_pending_request(question.future)

    async def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """The action for one step; never raises for a server that is slow or gone."""
        future = question.future
        limit_s = self._silent_timeout_s if self._silent else self._timeout_s
        if not future.done():
            self._deadlines.watch(future, limit_s, f"no action within {limit_s:g} s")
        try:
            reply = await future
        except TransportError as error:
            self.forget(question)
            self._silent = True
            self.late += 1
            took_s = time.perf_counter() - question.began_s
            return PolicyAnswer(None, True, 0.0, took_s, str(error))
        self._silent = False
        return self._judge(reply, question.step, time.perf_counter() - question.began_s)

    def _judge(self, reply: PolicyAct.Response, step: int, took_s: float) -> PolicyAnswer:
        if reply.error_code in LOST:
            self.late += 1
            return PolicyAnswer(None, True, 0.0, took_s, reply.error_msg)
        if reply.error_code or reply.step != step:
            text = reply.error_msg or f"an answer to step {reply.step}, wanted: step {step}"
            return PolicyAnswer(np.full(3, np.nan), False, reply.compute_s, took_s, text)
        if reply.handling_s > self._period_s:
            self.late += 1
            text = f"the policy took {reply.handling_s:.3f} s, allowed {self._period_s:g} s"
            return PolicyAnswer(None, True, reply.compute_s, took_s, text)
        return PolicyAnswer(conversions.xyz(reply.action), False, reply.compute_s, took_s)
