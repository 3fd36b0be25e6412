"""Saying what state a bag is in and what can be read from it."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from sawyer_core.errors import RecordingError
from sawyer_datasets import _mcap, bag_metadata
from sawyer_datasets._files import readable_size
from sawyer_datasets._lock import is_recording, lock_exists
from sawyer_datasets._mcap_scan import Message, Scan, scan
from sawyer_datasets.bag_writer import CLOSING_RECORD, LIBRARY


class BagStatus(str, Enum):
    """State of a bag."""

    COMPLETE = "complete"
    READABLE = "recovered-readable"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class TopicReport:
    """What is left of one topic; `expected` is None where nobody kept count."""

    name: str
    msgtype: str
    messages: int
    expected: int | None
    first_ns: int | None
    last_ns: int | None

    @property
    def lost(self) -> int:
        """Messages that were written once and cannot be read."""
        return max(0, (self.expected or 0) - self.messages)


@dataclass(frozen=True)
class BagReport:
    """State of a bag.

    `status` is one of

    - complete: closed, every checksum right, every counted message there;
    - recovered-readable: everything up to a point can be read, and nothing that was known to be
      on the disk is missing, but the recording was not closed or its folder is not whole;
    - damaged: messages that were written cannot be read, or nothing can.
    """

    path: Path
    status: BagStatus
    recording_now: bool
    size_bytes: int
    topics: tuple[TopicReport, ...]
    problems: tuple[str, ...]

    @property
    def message_count(self) -> int:
        """Messages that can be read."""
        return sum(topic.messages for topic in self.topics)

    @property
    def lost_messages(self) -> int:
        """Messages known to have been written that cannot be read."""
        return sum(topic.lost for topic in self.topics)

    @property
    def start_ns(self) -> int | None:
        """Earliest readable stamp."""
        return min((t.first_ns for t in self.topics if t.first_ns is not None), default=None)

    @property
    def end_ns(self) -> int | None:
        """Latest readable stamp."""
        return max((t.last_ns for t in self.topics if t.last_ns is not None), default=None)

    @property
    def readable(self) -> bool:
        """Whether the bag opens: it may hold no message, but its end or some message is there."""
        return self.status is not BagStatus.DAMAGED or self.message_count > 0

    def summary(self) -> str:
        """Return a few lines for people."""
        lines = [f"{self.path}: {self.status.value}"]
        span = ""
        if self.start_ns is not None and self.end_ns is not None:
            span = f", stamps {self.start_ns / 1e9:.3f} to {self.end_ns / 1e9:.3f} s"
        lines.append(
            f"  readable: {self.message_count} messages on "
            f"{sum(1 for t in self.topics if t.messages)} topics{span}"
            f" ({readable_size(self.size_bytes)})"
        )
        lines += [f"  {text}" for text in self.problems]
        lines += [
            f"  lost: {topic.lost} of {topic.expected} messages of {topic.name}"
            for topic in self.topics
            if topic.lost
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "path": str(self.path),
            "status": self.status.value,
            "recording_now": self.recording_now,
            "size_bytes": self.size_bytes,
            "messages": self.message_count,
            "lost_messages": self.lost_messages,
            "start_ns": self.start_ns,
            "end_ns": self.end_ns,
            "problems": list(self.problems),
            "topics": {
                topic.name: {
                    "type": topic.msgtype,
                    "messages": topic.messages,
                    "expected": topic.expected,
                    "first_ns": topic.first_ns,
                    "last_ns": topic.last_ns,
                }
                for topic in self.topics
            },
        }


@dataclass
class TopicContent:
    """Messages of a topic over all files of a bag, in order of their stamps."""

    name: str
    msgtype: str
    definition: str
    encoding: str
    qos: str
    messages: list[Message] = field(default_factory=list)


@dataclass
class BagContent:
    """A bag as it was read, with what is needed to judge it."""

    path: Path
    folder: Path
    scans: list[Scan]
    topics: dict[str, TopicContent]
    metadata: bag_metadata.BagMetadata | None
    problems: list[str]


def load_bag(path: str | Path) -> BagContent:
    """Read a bag folder, or a single .mcap file, as far as it can be read.

    Raises:
        RecordingError: There is no bag at `path`, or its storage is not MCAP.
    """
    given = Path(path)
    if not given.exists():
        raise RecordingError(f"there is no bag at {given}")
    folder = given if given.is_dir() else given.parent
    problems: list[str] = []
    metadata = _read_metadata(folder, problems)
    scans: list[Scan] = []
    topics: dict[str, TopicContent] = {}
    for name in _storage_files(given, metadata, problems):
        found = scan(_file_bytes(name, mapped=not is_recording(folder)))
        scans.append(found)
        problems += [f"{name.name}, byte {d.offset}: {d.text}" for d in found.defects]
        _collect(found, topics)
    for topic in topics.values():
        topic.messages.sort(key=lambda message: message.stamp_ns)
    return BagContent(given, folder, scans, topics, metadata, problems)


def verify_bag(path: str | Path) -> BagReport:
    """Judge a bag without changing it.

    Raises:
        RecordingError: There is no bag at `path`, or its storage is not MCAP.
    """
    return judge(load_bag(path))


def judge(content: BagContent) -> BagReport:
    """Judge a bag that was already read."""
    problems = list(content.problems)
    topics = _topic_reports(content)
    count = sum(topic.messages for topic in topics)
    lost = sum(topic.lost for topic in topics)
    alive = is_recording(content.folder)
    closed = _is_closed(content, problems, alive=alive)
    if lost or _damaged_inside(content.scans) or not content.scans:
        status = BagStatus.DAMAGED
    elif closed and not problems:
        status = BagStatus.COMPLETE
    elif count == 0 and not all(found.has_end for found in content.scans):
        status = BagStatus.DAMAGED
    else:
        status = BagStatus.READABLE
    return BagReport(
        path=content.path,
        status=status,
        recording_now=alive,
        size_bytes=sum(found.size for found in content.scans),
        topics=topics,
        problems=tuple(problems),
    )


def _is_closed(content: BagContent, problems: list[str], *, alive: bool) -> bool:
    """Return whether the recorder ended the bag; say in `problems` what shows it did not."""
    ours = any(found.library == LIBRARY for found in content.scans)
    closing = all(CLOSING_RECORD in found.metadata for found in content.scans)
    metadata = content.metadata
    if alive:
        problems.append("it is being recorded right now")
    elif metadata is not None and metadata.state == bag_metadata.STATE_ABORTED:
        reason = metadata.custom.get(bag_metadata.REASON_KEY, "no reason given")
        problems.append(f"the recording was given up: {reason}")
    elif ours and not closing:
        problems.append(
            "the recording was cut off before it was closed: the last second may be missing"
        )
    elif lock_exists(content.folder) or (
        metadata is not None and metadata.state == bag_metadata.STATE_ACTIVE
    ):
        problems.append("the recorder ended while closing; all messages are there")
    return closing if ours else all(found.has_end for found in content.scans)


def _damaged_inside(scans: Sequence[Scan]) -> bool:
    """Return whether a defect has readable messages behind it."""
    return any(
        defect.messages_before < found.message_count for found in scans for defect in found.defects
    )


def _topic_reports(content: BagContent) -> tuple[TopicReport, ...]:
    promised: dict[str, int] = {}
    types: dict[str, str] = {}
    for found in content.scans:
        for channel_id, channel in found.channels.items():
            if found.counts is not None:
                more = found.counts.get(channel_id, 0)
                promised[channel.topic] = promised.get(channel.topic, 0) + more
    if content.metadata is not None:
        for info in content.metadata.topics:
            promised[info.name] = max(promised.get(info.name, 0), info.message_count)
            types[info.name] = info.msgtype
    reports: list[TopicReport] = []
    for name in sorted({*content.topics, *promised}):
        topic = content.topics.get(name)
        messages = topic.messages if topic else []
        reports.append(
            TopicReport(
                name=name,
                msgtype=topic.msgtype if topic else types.get(name, ""),
                messages=len(messages),
                expected=promised.get(name),
                first_ns=messages[0].stamp_ns if messages else None,
                last_ns=messages[-1].stamp_ns if messages else None,
            )
        )
    return tuple(reports)


def _collect(found: Scan, topics: dict[str, TopicContent]) -> None:
    for channel_id, channel in found.channels.items():
        schema = found.schemas.get(channel.schema_id, _mcap.Schema(0, "", "", ""))
        qos = channel.metadata.get("offered_qos_profiles", "")
        topic = topics.setdefault(
            channel.topic,
            TopicContent(channel.topic, schema.name, schema.data, schema.encoding, qos),
        )
        topic.messages += found.messages.get(channel_id, [])


def _read_metadata(folder: Path, problems: list[str]) -> bag_metadata.BagMetadata | None:
    path = folder / bag_metadata.METADATA_NAME
    try:
        return bag_metadata.parse(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        problems.append(f"{bag_metadata.METADATA_NAME} is missing")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{bag_metadata.METADATA_NAME} cannot be read: {error}")
    except RecordingError as error:
        problems.append(str(error))
    return None


def _storage_files(
    given: Path, metadata: bag_metadata.BagMetadata | None, problems: list[str]
) -> list[Path]:
    if given.is_file():
        return [given]
    if metadata is not None and metadata.storage != "mcap":
        raise RecordingError(
            f"{given} is stored as {metadata.storage!r}; only 'mcap' can be read here "
            "(convert it with `ros2 bag convert`)"
        )
    present = sorted(given.glob("*.mcap"))
    if metadata is None:
        files = present
    else:
        files = []
        for name in metadata.file_names:
            candidate = given / Path(name).name
            if candidate.exists():
                files.append(candidate)
            else:
                problems.append(f"{candidate.name} is missing")
        files = files or present
    if not files:
        problems.append("there is no .mcap file in the folder")
    return files


def _file_bytes(path: Path, *, mapped: bool) -> memoryview:
    """Return the bytes of a file, without copying it if nobody is writing to it."""
    try:
        with path.open("rb") as stream:
            if not mapped or path.stat().st_size == 0:
                return memoryview(stream.read())
            return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}") from error
