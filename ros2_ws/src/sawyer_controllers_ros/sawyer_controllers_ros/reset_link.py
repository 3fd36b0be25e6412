"""Clients of what surrounds an episode: preparation, reset, recorder."""

from __future__ import annotations

from rclpy.action import ActionClient
from rclpy.node import Node
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
        self._prepare = node.create_client(PrepareEpisode, "twin/prepare_episode")
        self._reset = ActionClient(node, Reset, "reset")

    async def prepare(self, seed: int) -> int:
        """Have a fresh plug handed over; the stamp of the first state.

        Raises:
            EpisodeError: the driver refused.
            TransportError: it did not answer.
        """
        request = PrepareEpisode.Request(seed=seed)
        reply = await self._deadlines.call(self._prepare, request, self._service_timeout_s)
        if reply.error_code:
            raise EpisodeError(ErrorCode.EPISODE_PREPARE_FAILED, reply.error_msg)
        return to_ns(reply.stamp)

    async def reset(self, goal_m: Array, start_ns: int, *, inserted: bool) -> Reset.Result:
        """Run a reset to above ``goal_m``, beginning with the state at ``start_ns``.

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
        handle = await self._deadlines.watch(sent, timeout_s, "action reset did not take the goal")
        if not handle.accepted:
            raise EpisodeError(ErrorCode.EPISODE_RESET_FAILED, "a reset is running already")
        limit_s = self._reset_timeout_s
        done = handle.get_result_async()
        reply = await self._deadlines.watch(
            done, limit_s, f"the reset did not end within {limit_s:g} s"
        )
        result: Reset.Result = reply.result
        if result.error_code:
            lost = result.error_code == ErrorCode.RESET_NO_STATE
            code = ErrorCode.EPISODE_NO_STATE if lost else ErrorCode.EPISODE_RESET_FAILED
            raise EpisodeError(code, f"reset: {result.error_msg}")
        return result


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
