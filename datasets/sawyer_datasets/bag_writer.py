"""Writing one episode as a rosbag2 folder (MCAP) that survives being killed.

While recording, the folder holds::

    <name>/recording.lock     who records; removed by close() and abort()
    <name>/metadata.yaml      custom_data says "active"; renewed with the data
    <name>/<name>_0.mcap      valid and indexed after every flush

so a bag cut off by SIGKILL is readable as it lies (rosbags, `ros2 bag info`), and cannot be taken
for a whole one: `verify_bag` reports it as not closed. What is buffered goes to the file when it
spans half a second of stamps, when it is a quarter of a second old, or when it fills a chunk,
whichever comes first.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeAlias

from sawyer_core.errors import ConfigError, RecordingError, UnknownNameError
from sawyer_datasets import _mcap, bag_metadata
from sawyer_datasets._files import free_bytes, readable_size, write_atomic
from sawyer_datasets._lock import FolderLock
from sawyer_datasets._mcap_file import McapFile, recording_error
from sawyer_datasets.bag_settings import BagSettings, TopicSpec, checked_spec
from sawyer_datasets.definitions import type_hash

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIBRARY: Final = "sawyer_datasets"
CLOSING_RECORD: Final = "sawyer_recording"
METADATA_PERIOD_S: Final = 0.05  # metadata.yaml lags the data by this at most; ours
MAX_STAMP_NS: Final = 2**63 - 1

Payload: TypeAlias = bytes | bytearray | memoryview
_log = logging.getLogger(__name__)


class _Chunk:
    """Messages not yet in the file."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.messages: dict[int, list[tuple[int, int]]] = {}
        self.start_ns = MAX_STAMP_NS
        self.end_ns = 0
        self.born_s = 0.0

    def add(self, channel_id: int, sequence: int, stamp_ns: int, payload: Payload) -> None:
        if not self.messages:
            self.born_s = time.monotonic()
        self.messages.setdefault(channel_id, []).append((stamp_ns, len(self.content)))
        self.content += _mcap.message_head(channel_id, sequence, stamp_ns, len(payload))
        self.content += payload
        self.start_ns = min(self.start_ns, stamp_ns)
        self.end_ns = max(self.end_ns, stamp_ns)


class EpisodeBagWriter:
    """Writes raw CDR messages of one episode into a new bag folder.

    Safe to use from several threads. Use it as a context manager, or call `close` (whole) or
    `abort` (kept, but marked as not whole).

    Args:
        path: Folder to make; must not exist, or be empty.
        topics: Topic name to `TopicSpec` or (type, definition text, QoS).
        settings: Buffering and compression.
        custom: Extra key-value pairs for metadata.yaml, such as the episode's seed.

    Raises:
        RecordingError: The folder is in use or cannot be written, or the disk is full.
        ConfigError: A definition cannot be understood.
    """

    def __init__(
        self,
        path: str | Path,
        topics: Mapping[str, TopicSpec | tuple[str, str, Any]],
        *,
        settings: BagSettings | None = None,
        custom: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.settings = settings or BagSettings()
        self._custom = dict(custom or {})
        specs = {name: checked_spec(name, spec) for name, spec in topics.items()}
        self._mutex = threading.RLock()
        self._specs: dict[str, TopicSpec] = {}
        self._channels: dict[str, int] = {}
        self._schemas: dict[tuple[str, str], int] = {}
        self._sequences: dict[int, int] = {}
        self._failure: RecordingError | None = None
        self._chunk = _Chunk()
        self._metadata_written_s = 0.0
        self._lock = _claim_folder(self.path, self.settings.min_free_bytes)
        try:
            self._file = McapFile(self.path / f"{self.path.name}_0.mcap", LIBRARY)
            for name, spec in specs.items():
                self._add_channel(name, spec)
            self._write_metadata(bag_metadata.STATE_ACTIVE)
        except BaseException:
            for leftover in self.path.glob("*"):  # ours: the folder was empty
                leftover.unlink()
            self._lock.release()
            raise
        self._stop = threading.Event()
        self._flusher = threading.Thread(
            target=self._flush_old, name=f"bag-flush-{self.path.name}", daemon=True
        )
        self._flusher.start()

    # -- public ------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the bag was closed or aborted."""
        return self._file.closed

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics that can be written."""
        return tuple(self._channels)

    @property
    def message_count(self) -> int:
        """Messages written so far, buffered ones included."""
        return sum(self._sequences.values())

    def add_topic(self, name: str, spec: TopicSpec | tuple[str, str, Any]) -> None:
        """Add a topic that became known while recording; the same topic twice is an error."""
        checked = checked_spec(name, spec)
        with self._mutex:
            self._require_usable()
            if name in self._channels:
                raise RecordingError(f"{self.path}: topic {name!r} is already being recorded")
            self._guarded(lambda: self._add_channel(name, checked))

    def write(self, topic: str, stamp_ns: int, cdr: Payload) -> None:
        """Record one message.

        Args:
            topic: One of the names given at construction.
            stamp_ns: Time of the message, ns; sim time on the twin.
            cdr: Serialised message with its 4-byte encapsulation header, stored as it is.

        Raises:
            RecordingError: The payload is no CDR, or this or an earlier write failed.
            UnknownNameError: The topic was not announced.
        """
        if len(cdr) < 4 or cdr[0] != 0 or cdr[1] > 1:
            raise RecordingError(
                f"{topic}: payload of {len(cdr)} bytes does not start with a CDR header"
            )
        if not 0 <= stamp_ns <= MAX_STAMP_NS:
            raise ConfigError(f"stamp_ns of {topic}", stamp_ns, f"0 to {MAX_STAMP_NS}")
        with self._mutex:
            self._require_usable()
            channel_id = self._channels.get(topic)
            if channel_id is None:
                raise UnknownNameError("topic", topic, self._channels)
            chunk = self._chunk
            if chunk.messages:
                span_ns = max(chunk.end_ns, stamp_ns) - min(chunk.start_ns, stamp_ns)
                full = len(chunk.content) + len(cdr) > self.settings.chunk_bytes
                if full or span_ns > self.settings.flush_span_s * 1e9:
                    self._guarded(self._flush_chunk)
                    chunk = self._chunk
            chunk.add(channel_id, self._sequences[channel_id], stamp_ns, cdr)
            self._sequences[channel_id] += 1

    def flush(self) -> None:
        """Hand everything buffered to the operating system; SIGKILL cannot take it any more."""
        with self._mutex:
            self._require_usable()
            self._guarded(self._flush_chunk)
            self._guarded(lambda: self._write_metadata(bag_metadata.STATE_ACTIVE))

    def close(self) -> None:
        """Finish the bag: everything on the disk, marked as complete. A second call is harmless.

        Raises:
            RecordingError: The end cannot be written, or an earlier write failed; the bag then
                stays marked as not complete.
        """
        self._stop_flusher()
        with self._mutex:
            if self.closed:
                return
            if self._failure is not None:
                self.abort(str(self._failure))
                raise _again(self._failure)
            try:
                self._guarded(self._flush_chunk)
                self._guarded(self._write_closing_records)
                self._guarded(self._file.close)
                self._guarded(
                    lambda: self._write_metadata(bag_metadata.STATE_COMPLETE, durable=True)
                )
            except RecordingError as error:
                self.abort(str(error))
                raise
            self._lock.release()

    def abort(self, reason: str) -> None:
        """Keep what can be kept, marked as not complete with `reason`. Never raises for I/O."""
        self._stop_flusher()
        with self._mutex:
            try:
                if self._failure is None:
                    self._flush_chunk()
                self._file.close()
            except RecordingError as error:
                _log.error("%s: %s", self.path, error)
            try:
                self._write_metadata(bag_metadata.STATE_ABORTED, reason=reason)
            except RecordingError as error:
                _log.error("%s: %s", self.path, error)
            self._lock.release()

    def __enter__(self) -> EpisodeBagWriter:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None:
            self.close()
        elif not self.closed:
            self.abort(f"{exc_type.__name__}: {exc_value}")

    # -- inside ------------------------------------------------------------------------------

    def _require_usable(self) -> None:
        if self._failure is not None:
            raise _again(self._failure)
        if self.closed:
            raise RecordingError(f"{self.path} is closed")

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run `action`; its failure makes every later write fail too."""
        try:
            action()
        except RecordingError as error:
            self._failure = error
            raise

    def _add_channel(self, name: str, spec: TopicSpec) -> None:
        key = (spec.msgtype, spec.definition)
        schema: _mcap.Schema | None = None
        if key not in self._schemas:
            self._schemas[key] = len(self._schemas) + 1
            schema = _mcap.Schema(self._schemas[key], spec.msgtype, "ros2msg", spec.definition)
        channel_id = len(self._channels) + 1
        metadata = {
            "offered_qos_profiles": str(spec.qos),
            "topic_type_hash": type_hash(spec.msgtype, spec.definition),
        }
        channel = _mcap.Channel(channel_id, self._schemas[key], name, "cdr", metadata)
        records = self._file.add_channel(channel, schema)
        self._chunk.content += records  # once more inside the chunk, where some readers look
        self._channels[name] = channel_id
        self._specs[name] = spec
        self._sequences[channel_id] = 0

    def _flush_chunk(self) -> None:
        chunk = self._chunk
        if not chunk.messages:
            return
        compression = "" if self.settings.compression == "none" else self.settings.compression
        compressed = (
            zstd.compress(chunk.content, self.settings.compression_level)
            if compression
            else chunk.content
        )
        span = (chunk.start_ns, chunk.end_ns)
        self._file.append_chunk(chunk.content, compressed, compression, span, chunk.messages)
        self._chunk = _Chunk()
        if time.monotonic() - self._metadata_written_s >= METADATA_PERIOD_S:
            self._write_metadata(bag_metadata.STATE_ACTIVE)

    def _flush_old(self) -> None:
        """Body of the thread that bounds the age of what is buffered."""
        period = self.settings.flush_age_s / 2
        while not self._stop.wait(period):
            with self._mutex:
                if self._failure is not None or self.closed:
                    return
                if not self._chunk.messages or time.monotonic() - self._chunk.born_s < period:
                    continue
                try:
                    self._guarded(self._flush_chunk)
                except RecordingError as error:
                    _log.error("recording stopped: %s", error)

    def _stop_flusher(self) -> None:
        self._stop.set()
        if threading.current_thread() is not self._flusher:
            self._flusher.join()

    def _metadata(self, state: str, reason: str) -> bag_metadata.BagMetadata:
        stats = self._file.statistics
        custom = {**self._custom, bag_metadata.STATE_KEY: state}
        if reason:
            custom[bag_metadata.REASON_KEY] = reason
        return bag_metadata.BagMetadata(
            file_names=[self._file.path.name],
            start_ns=stats.start_ns,
            end_ns=stats.end_ns,
            topics=[
                bag_metadata.TopicInfo(
                    name=name,
                    msgtype=spec.msgtype,
                    qos=str(spec.qos),
                    type_hash=type_hash(spec.msgtype, spec.definition),
                    message_count=stats.channel_counts.get(self._channels[name], 0),
                )
                for name, spec in self._specs.items()
            ],
            custom=custom,
            ros_distro=os.environ.get("ROS_DISTRO") or bag_metadata.NO_DISTRO,
        )

    def _write_metadata(self, state: str, *, reason: str = "", durable: bool = False) -> None:
        path = self.path / bag_metadata.METADATA_NAME
        try:
            write_atomic(path, bag_metadata.render(self._metadata(state, reason)), durable=durable)
        except OSError as error:
            raise recording_error(path, "cannot write", error) from error
        self._metadata_written_s = time.monotonic()

    def _write_closing_records(self) -> None:
        inner = bag_metadata.render_inner(self._metadata(bag_metadata.STATE_COMPLETE, ""))
        self._file.append_metadata("rosbag2", {"serialized_metadata": inner})
        count = str(self._file.statistics.message_count)
        self._file.append_metadata(
            CLOSING_RECORD, {"state": bag_metadata.STATE_COMPLETE, "message_count": count}
        )


def _again(error: RecordingError) -> RecordingError:
    """Return the same error without its traceback, for a later call."""
    return RecordingError(str(error), errno=error.errno)


def _claim_folder(path: Path, min_free_bytes: int) -> FolderLock:
    try:
        path.mkdir(parents=True, exist_ok=True)
        free = free_bytes(path)
        if free < min_free_bytes:
            raise RecordingError(
                f"no room to record into {path}: {readable_size(free)} free, "
                f"{readable_size(min_free_bytes)} needed to start",
                errno=errno.ENOSPC,
            )
        lock = FolderLock(path)
    except OSError as error:
        raise recording_error(path, "cannot record into", error) from error
    others = sorted(entry.name for entry in path.iterdir() if entry != lock.path)
    if others:
        lock.release()
        raise RecordingError(f"{path} is not empty ({others[0]}), not overwriting it")
    return lock
