"""A commander's side: take the seat, send commands, wait for the frame after each."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node
from sawyer_interfaces.msg import EeCommand, SafetyState
from sawyer_interfaces.srv import AcquireCommander, ReleaseCommander

from sawyer_core import CommandRejectedError, EeDelta, TransportError, setting, validate
from sawyer_core.errors import RejectionCode
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.frames import Frame, FrameSource
from sawyer_ros_common.stamps import to_ns, to_stamp
from sawyer_ros_common.waits import Deadlines


@dataclass(frozen=True)
class CommanderConfig:
    """Waiting times of a commander, wall clock, and its rate."""

    rate_hz: float = setting(
        10.0,
        unit="Hz",
        bounds=(1.0, 100.0),
        doc="commands per second of robot time",
        source="thesis chapter 9: up to 10 Hz",
    )
    frame_timeout_s: float = setting(
        10.0, unit="s", bounds=(0.1, 600.0), doc="longest wait for the state after a command"
    )
    resend_after_s: float = setting(
        1.0,
        unit="s",
        bounds=(0.05, 60.0),
        doc="a command without consequence is sent again (lockstep: nothing moves meanwhile)",
    )
    service_timeout_s: float = setting(
        10.0, unit="s", bounds=(0.1, 600.0), doc="longest wait for a service"
    )

    def __post_init__(self) -> None:
        validate(self)


class Commander:
    """Sends one command per control period and hands out the frames in between.

    Args:
        node: owner of the handles.
        frames: the states it acts on.
        source: name under which it commands.
        config: waiting times.
        deadlines: the node's.
    """

    def __init__(
        self,
        node: Node,
        frames: FrameSource,
        source: str,
        config: CommanderConfig,
        deadlines: Deadlines,
    ) -> None:
        self.source = source
        self.config = config
        self.stop_reason = ""
        self.clipped = 0
        self.resent = 0
        self._deadlines = deadlines
        self._period_ns = round(1e9 / config.rate_hz)
        self._frames = frames
        self._commands = node.create_publisher(EeCommand, "ee_command", qos.COMMAND)
        self._acquire = node.create_client(AcquireCommander, "commander/acquire")
        self._release = node.create_client(ReleaseCommander, "commander/release")
        node.create_subscription(SafetyState, "safety/state", self._on_safety, qos.EVENT)

    def _on_safety(self, message: SafetyState) -> None:
        if message.source != self.source:
            return
        text = "; ".join(message.reasons)
        if message.status == SafetyState.REFUSED:
            error = CommandRejectedError(RejectionCode.OTHER_COMMANDER, text)
            for source in (self._frames, *self._frames.derived):
                source.fail_waiting(error)
        elif message.status == SafetyState.STOPPED:
            self.stop_reason = text
        elif message.status == SafetyState.CLIPPED:
            self.clipped += 1

    async def acquire(self, start_ns: int, *, fresh: bool) -> None:
        """Take the seat, from the state at ``start_ns``; ``fresh``: begin anew from its pose.

        Raises:
            CommandRejectedError: somebody else has it.
            TransportError: the command node does not answer.
        """
        self.stop_reason = ""
        self.clipped = 0
        request = AcquireCommander.Request(
            source=self.source, start=to_stamp(start_ns), fresh=fresh
        )
        reply = await self._deadlines.call(self._acquire, request, self.config.service_timeout_s)
        if reply.error_code:
            raise CommandRejectedError(RejectionCode.NOT_ACQUIRED, reply.error_msg)

    async def release(self) -> None:
        """Leave the seat; a command node that is gone does not matter any more."""
        request = ReleaseCommander.Request(source=self.source)
        try:
            await self._deadlines.call(self._release, request, self.config.service_timeout_s)
        except TransportError:
            return

    async def frame_from(self, stamp_ns: int, timeout_s: float | None = None) -> Frame:
        """The newest frame once there is one stamped ``stamp_ns`` or later.

        Raises:
            TransportError: no such frame in time.
        """
        limit = self.config.frame_timeout_s if timeout_s is None else timeout_s
        return await self._frames.wait_for(stamp_ns, self._deadlines, limit)

    async def image_from(self, images: FrameSource, stamp_ns: int) -> Frame:
        """The newest picture once there is one stamped ``stamp_ns`` or later.

        Raises:
            TransportError: no such picture in time.
        """
        try:
            return await images.wait_for(stamp_ns, self._deadlines, self.config.frame_timeout_s)
        except TransportError as error:
            raise TransportError(f"no picture (is the camera on?): {error}") from error

    def send(self, delta: EeDelta) -> EeCommand:
        """Publish a command; :meth:`answer` waits for its consequence."""
        message = EeCommand(
            header=conversions.header(delta.stamp_ns),
            translation=conversions.vector3(delta.translation_m),
            source=self.source,
            step=delta.step,
        )
        self._commands.publish(message)
        return message

    async def answer(self, message: EeCommand, frames: FrameSource | None = None) -> Frame:
        """The frame one period after a command (of ``frames``, by default the commander's).

        Raises:
            TransportError: no such frame in time, though the command was sent again.
            CommandRejectedError: the command node refused the source.
        """
        wanted_ns = to_ns(message.header.stamp) + self._period_ns
        tries = max(1, round(self.config.frame_timeout_s / self.config.resend_after_s))
        for _ in range(tries):
            try:
                source = self._frames if frames is None else frames
                return await source.wait_for(
                    wanted_ns, self._deadlines, self.config.resend_after_s
                )
            except TransportError:
                self.resent += 1
                self._commands.publish(message)
        raise TransportError(
            f"the arm did not answer {tries} times command {message.step} of {self.source}"
        )
