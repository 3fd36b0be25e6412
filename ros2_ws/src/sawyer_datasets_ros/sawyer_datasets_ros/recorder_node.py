"""Recorder: one bag folder per episode, raw CDR straight from the wire to the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.task import Future
from sawyer_interfaces.msg import ErrorCode, RecorderState
from sawyer_interfaces.srv import StartRecording, StopRecording

from sawyer_core import RecordingError, SawyerError, TransportError
from sawyer_datasets import EpisodeBagWriter
from sawyer_datasets_ros.config import RecorderConfig
from sawyer_datasets_ros.progress import Progress
from sawyer_datasets_ros.topics import RecordedTopic, stamp_of
from sawyer_ros_common import qos
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.runner import ThinNode, run_node
from sawyer_ros_common.stamps import to_ns, to_stamp
from sawyer_ros_common.waits import Deadlines


class RecorderNode(ThinNode):
    """Writes everything of an episode; a failure is reported and never stops the episode."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self._config = ConfigParameters(self, RecorderConfig).config
        self._topics = [RecordedTopic.parse(text) for text in self._config.topics]
        self._writer: EpisodeBagWriter | None = None
        self._newest_ns = 0
        self._progress = self._new_progress()
        self._until_ns = 0
        self._complete: Future | None = None
        self._state = RecorderState()

    def start(self) -> None:
        """Subscribe to everything (raw) and offer the services."""
        self._deadlines = Deadlines(self)
        self._publisher = self.create_publisher(RecorderState, "recorder/state", qos.LATCHED)
        for topic in self._topics:
            self.create_subscription(
                topic.message_class(), topic.name, self._receiver(topic), topic.qos, raw=True
            )
        self.create_service(StartRecording, "recorder/start", self._start)
        # It waits for messages and a timer, so it must not hold their callback group meanwhile.
        waits = ReentrantCallbackGroup()
        self.create_service(StopRecording, "recorder/stop", self._stop, callback_group=waits)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self._config.state_period_s, self._publish_state, clock=steady)
        self._publish_state()

    def close(self) -> None:
        """Finish an open bag."""
        self._finish()

    def _new_progress(self) -> Progress:
        periodic = [topic.name for topic in self._topics if topic.profile in ("state", "image")]
        names = map(self.resolve_topic_name, periodic)
        return Progress(names, self.resolve_topic_name(self._config.closing_topic))

    def _receiver(self, topic: RecordedTopic) -> Callable[[bytes], None]:
        name = self.resolve_topic_name(topic.name)  # bags hold full names, as rosbag2 writes them
        wall_stamped = topic.name in self._config.wall_stamped

        def receive(cdr: bytes) -> None:
            stamp_ns = self._newest_ns if wall_stamped else stamp_of(cdr)
            self._newest_ns = max(self._newest_ns, stamp_ns)
            if self._writer is not None:
                self._write(self._writer, name, stamp_ns, cdr)

        return receive

    def _write(self, writer: EpisodeBagWriter, name: str, stamp_ns: int, cdr: bytes) -> None:
        try:
            writer.write(name, stamp_ns, cdr)
        except SawyerError as error:
            self._fail(error)
            return
        self._state.messages += 1
        self._state.bytes += len(cdr)
        self.health.tick()
        self._progress.saw(name, stamp_ns)
        if self._complete is not None and not self._progress.lagging(self._until_ns):
            self._complete.set_result(True)
            self._complete = None

    def _fail(self, error: SawyerError | OSError) -> None:
        """The bag cannot go on: keep what is there, say so, let the episode run."""
        message = str(error)
        self._state.dropped += 1
        self._state.error_code, self._state.error_msg = _code(error), message
        self.health.error(message)
        self.get_logger().error(f"recording stopped: {message}")
        if self._writer is not None:
            self._writer.abort(message)
            self._writer = None
        self._publish_state()

    def _start(
        self, request: StartRecording.Request, response: StartRecording.Response
    ) -> StartRecording.Response:
        if self._writer is not None:
            response.error_code = ErrorCode.RECORDER_BUSY
            response.error_msg = f"already recording {self._writer.path}"
            return response
        name = request.name
        if not name or Path(name).name != name or name.startswith("."):
            response.error_code = ErrorCode.RECORDER_BAD_NAME
            response.error_msg = f"name {name!r} is not allowed; allowed: a plain folder name"
            return response
        path = Path(self._config.output_dir) / "bags" / name
        self._state = RecorderState(uri=str(path))
        self._progress = self._new_progress()
        try:
            specs = {self.resolve_topic_name(t.name): t.spec() for t in self._topics}
            self._writer = EpisodeBagWriter(path, specs)
        except (SawyerError, OSError) as error:
            self._fail(error)
            response.error_code, response.error_msg = self._state.error_code, str(error)
            return response
        self._publish_state()
        response.uri = str(path)
        return response

    async def _stop(
        self, request: StopRecording.Request, response: StopRecording.Response
    ) -> StopRecording.Response:
        if self._writer is None and not self._state.error_code:
            response.error_code = ErrorCode.RECORDER_NOT_RECORDING
            response.error_msg = "no bag is open"
            return response
        until_ns = to_ns(request.until)
        if self._writer is not None and until_ns:
            await self._wait_until(until_ns)
        self._finish()
        response.uri = self._state.uri
        response.error_code, response.error_msg = self._state.error_code, self._state.error_msg
        response.messages, response.dropped = self._state.messages, self._state.dropped
        self._publish_state()
        return response

    async def _wait_until(self, until_ns: int) -> None:
        """Wait for what is still on its way; give up after a while and say what was missing."""
        if not self._progress.lagging(until_ns):
            return
        self._until_ns, self._complete = until_ns, self._deadlines.new_future()
        self._deadlines.watch(self._complete, self._config.closing_timeout_s, "late messages")
        try:
            await self._complete
        except TransportError:
            lagging = ", ".join(self._progress.lagging(until_ns))
            self.health.warn(f"closed without the last messages of: {lagging}")
            self.get_logger().warning(f"closing the bag without the last messages of: {lagging}")
        finally:
            self._complete = None

    def _finish(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        try:
            writer.close()
        except RecordingError as error:
            self._state.error_code, self._state.error_msg = _code(error), str(error)
            self.health.error(str(error))

    def _publish_state(self) -> None:
        self._state.header.stamp = to_stamp(self._newest_ns)
        self._state.recording = self._writer is not None
        self._publisher.publish(self._state)


def _code(error: SawyerError | OSError) -> int:
    full = isinstance(error, RecordingError) and error.no_space
    return int(ErrorCode.RECORDER_NO_SPACE if full else ErrorCode.RECORDER_IO)


def main(args: list[str] | None = None) -> int:
    """Run the recorder."""
    return run_node(RecorderNode, args)
