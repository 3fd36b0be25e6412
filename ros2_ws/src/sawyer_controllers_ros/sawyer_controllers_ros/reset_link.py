"""Clients of what surrounds an episode: preparation, reset, recorder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.node import Node
from rclpy.task import Future
from sawyer_interfaces.action import Reset
from sawyer_interfaces.msg import ErrorCode
from sawyer_interfaces.srv import PrepareEpisode, StartRecording, StopRecording

from sawyer_core import TransportError
from sawyer_core.types import Array
from sawyer_ros_common import conversions
from sawyer_ros_common.stamps import to_ns, to_stamp
from sawyer_ros_common.waits import Deadlines


class EpisodeError(Exception):
    """The episode cannot go on; ``code`` is an ErrorCode."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class ResetLink:
    """Prepares the twin and runs resets.

    Args:
        node: owner of the clients.
        deadlines: the node's.
        service_timeout_s: longest wait for a service (wall clock).
        reset_timeout_s: longest wait for a whole reset (wall clock).
    """

    def __init__(
        self,
        node: Node,
        deadlines: Deadlines,
        *,
        service_timeout_s: float,
        reset_timeout_s: float,
    ) -> None:
        self._deadlines = deadlines
        self._service_timeout_s = service_timeout_s
        self._reset_timeout_s = reset_timeout_s
        self._prepare = node.create_client(PrepareEpisode, "driver/prepare_episode")
        self._reset = ActionClient(node, Reset, "reset")

    async def prepare(self, seed: int, object_yaw_rad: Sequence[float] = ()) -> int | None:
        """Have a fresh plug handed over and free objects put back; the stamp of the first state.

        None where the driver leaves that to the operator.

        Raises:
            EpisodeError: the driver refused.
            TransportError: it did not answer.
        """
        request = PrepareEpisode.Request(seed=seed, object_yaw=list(object_yaw_rad))
        reply = await self._deadlines.call(self._prepare, request, self._service_timeout_s)
        if reply.error_code == ErrorCode.DRIVER_PREPARE_DISABLED:
            return None
        if reply.error_code:
            raise EpisodeError(ErrorCode.EPISODE_PREPARE_FAILED, reply.error_msg)
        return to_ns(reply.stamp)

    async def reset(
        self,
        goal_m: Array,
        start_ns: int,
        *,
        inserted: bool,
        canceled: Callable[[], bool] = lambda: False,
    ) -> Reset.Result:
        """Run a reset to above ``goal_m``, beginning with the state at ``start_ns``.

        It is canceled where ``canceled`` says True or the time is up.

        Raises:
            EpisodeError: the reset failed.
            TransportError: the reset node did not answer.
        """
        goal = Reset.Goal(
            goal_position=conversions.point(goal_m), inserted=inserted, start=to_stamp(start_ns)
        )
        timeout_s = self._service_timeout_s
        await self._deadlines.until(
            self._reset.server_is_ready, timeout_s, f"action reset is not there ({timeout_s:g} s)"
        )
        sent = self._reset.send_goal_async(goal)
        taken = self._deadlines.new_future()
        sent.add_done_callback(lambda _: None if taken.done() else taken.set_result(None))
        try:
            await self._deadlines.watch(taken, timeout_s, "action reset did not take the goal")
        except TransportError:
            sent.add_done_callback(_cancel_accepted)
            raise
        handle = sent.result()
        if not handle.accepted:
            raise EpisodeError(ErrorCode.EPISODE_RESET_FAILED, "a reset is running already")
        result = await self._result(handle, canceled)
        if result.error_code:
            lost = result.error_code == ErrorCode.RESET_NO_STATE
            code = ErrorCode.EPISODE_NO_STATE if lost else ErrorCode.EPISODE_RESET_FAILED
            raise EpisodeError(code, f"reset: {result.error_msg}")
        return result

    async def _result(
        self, handle: ClientGoalHandle, canceled: Callable[[], bool]
    ) -> Reset.Result:
        done = handle.get_result_async()
        ended = self._deadlines.new_future()
        done.add_done_callback(lambda _: None if ended.done() else ended.set_result(None))
        limit_s = self._reset_timeout_s
        what = f"the reset did not end within {limit_s:g} s"
        try:
            await self._deadlines.watch(ended, limit_s, what, canceled)
        except TransportError:
            handle.cancel_goal_async()
            raise
        if not done.done():
            handle.cancel_goal_async()
            await self._deadlines.until(
                done.done, self._service_timeout_s, "the reset did not take the cancellation"
            )
            raise EpisodeError(ErrorCode.EPISODE_CANCELED, "canceled during the reset")
        result: Reset.Result = done.result().result
        return result


def _cancel_accepted(sent: Future) -> None:
    """A goal that is taken when nobody waits for it any more."""
    handle = sent.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


class RecorderLink:
    """Starts and stops the recorder; its failures are remembered, never raised."""

    def __init__(self, node: Node, deadlines: Deadlines, *, timeout_s: float) -> None:
        self._deadlines = deadlines
        self._timeout_s = timeout_s
        self._start = node.create_client(StartRecording, "recorder/start")
        self._stop = node.create_client(StopRecording, "recorder/stop")
        self.problem = ""
        self.code = int(ErrorCode.RECORDER_IO)  # of the problem

    async def start(self, name: str) -> None:
        """Open a bag."""
        self.problem, self.code = "", int(ErrorCode.RECORDER_IO)
        try:
            reply = await self._deadlines.call(
                self._start, StartRecording.Request(name=name), self._timeout_s
            )
        except TransportError as error:
            self.problem = f"not recorded: {error}"
            return
        if reply.error_code:
            self.problem, self.code = f"not recorded: {reply.error_msg}", reply.error_code

    async def stop(self, until_ns: int) -> None:
        """Close the bag when everything up to ``until_ns`` is in it."""
        if self.problem:
            return
        try:
            request = StopRecording.Request(until=to_stamp(until_ns))
            reply = await self._deadlines.call(self._stop, request, self._timeout_s)
        except TransportError as error:
            self.problem = f"recording not closed: {error}"
            return
        if reply.error_code:
            self.problem, self.code = f"recording failed: {reply.error_msg}", reply.error_code
