"""The `metadata.yaml` of a bag folder, as rosbag2 writes it (version 8).

Version 8 is the newest one that stores QoS profiles as text; every rosbag2 from Humble on reads
it. The text is made by hand because it is written several times a second while recording.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from sawyer_core.errors import RecordingError

METADATA_NAME: Final = "metadata.yaml"
METADATA_VERSION: Final = 8
NO_DISTRO: Final = "rosbags"  # without a ROS: what the library of that name writes as well
STATE_KEY: Final = "sawyer_recording_state"
STATE_ACTIVE: Final = "active"
STATE_COMPLETE: Final = "complete"
STATE_ABORTED: Final = "aborted"
REASON_KEY: Final = "sawyer_recording_reason"


@dataclass(frozen=True)
class TopicInfo:
    """Topic as listed in metadata.yaml."""

    name: str
    msgtype: str
    qos: str
    type_hash: str
    message_count: int


@dataclass(frozen=True)
class BagMetadata:
    """Content of metadata.yaml that matters here."""

    file_names: Sequence[str]
    start_ns: int
    end_ns: int
    topics: Sequence[TopicInfo]
    custom: Mapping[str, str] = field(default_factory=dict)
    storage: str = "mcap"
    ros_distro: str = ""

    @property
    def message_count(self) -> int:
        """Messages over all topics."""
        return sum(topic.message_count for topic in self.topics)

    @property
    def state(self) -> str:
        """Recording state, empty for bags of other recorders."""
        return self.custom.get(STATE_KEY, "")


def _quote(text: str) -> str:
    """Return a double-quoted YAML string; JSON's own escapes break beyond the 16-bit range."""
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    if 0x20 <= code < 0x7F:
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"


def _topic_lines(topic: TopicInfo) -> list[str]:
    return [
        "    - topic_metadata:",
        f"        name: {_quote(topic.name)}",
        f"        type: {_quote(topic.msgtype)}",
        "        serialization_format: cdr",
        f"        offered_qos_profiles: {_quote(topic.qos)}",
        f"        type_description_hash: {_quote(topic.type_hash)}",
        f"      message_count: {topic.message_count}",
    ]


def render(metadata: BagMetadata) -> str:
    """Return the text of metadata.yaml."""
    span = max(0, metadata.end_ns - metadata.start_ns)
    name = metadata.file_names[0]
    lines = [
        "rosbag2_bagfile_information:",
        f"  version: {METADATA_VERSION}",
        f"  storage_identifier: {metadata.storage}",
        "  duration:",
        f"    nanoseconds: {span}",
        "  starting_time:",
        f"    nanoseconds_since_epoch: {metadata.start_ns}",
        f"  message_count: {metadata.message_count}",
        f"  topics_with_message_count:{'' if metadata.topics else ' []'}",
    ]
    for topic in metadata.topics:
        lines += _topic_lines(topic)
    lines += [
        '  compression_format: ""',
        '  compression_mode: ""',
        "  relative_file_paths:",
        f"    - {_quote(name)}",
        "  files:",
        f"    - path: {_quote(name)}",
        "      starting_time:",
        f"        nanoseconds_since_epoch: {metadata.start_ns}",
        "      duration:",
        f"        nanoseconds: {span}",
        f"      message_count: {metadata.message_count}",
        f"  custom_data:{'' if metadata.custom else ' {}'}",
        *(f"    {_quote(key)}: {_quote(value)}" for key, value in metadata.custom.items()),
        f"  ros_distro: {_quote(metadata.ros_distro)}",
        "",
    ]
    return "\n".join(lines)


def render_inner(metadata: BagMetadata) -> str:
    """Return the same without its outermost key, as rosbag2 stores it inside an MCAP file."""
    lines = render(metadata).splitlines()[1:]
    return "\n".join(line[2:] for line in lines)


def _qos_as_text(value: Any) -> str:
    return value if isinstance(value, str) else str(yaml.safe_dump(value)) if value else ""


def parse(text: str, path: Path) -> BagMetadata:
    """Read metadata.yaml.

    Raises:
        RecordingError: It is not YAML, or a needed key is missing or of the wrong kind.
    """
    try:
        info = yaml.safe_load(text)["rosbag2_bagfile_information"]
        start = int(info["starting_time"]["nanoseconds_since_epoch"])
        topics = [
            TopicInfo(
                name=str(item["topic_metadata"]["name"]),
                msgtype=str(item["topic_metadata"]["type"]),
                qos=_qos_as_text(item["topic_metadata"].get("offered_qos_profiles", "")),
                type_hash=str(item["topic_metadata"].get("type_description_hash", "")),
                message_count=int(item["message_count"]),
            )
            for item in info["topics_with_message_count"] or []
        ]
        custom = info.get("custom_data") or {}
        return BagMetadata(
            file_names=[str(name) for name in info["relative_file_paths"]],
            start_ns=start,
            end_ns=start + int(info["duration"]["nanoseconds"]),
            topics=topics,
            custom={str(key): str(value) for key, value in custom.items()},
            storage=str(info["storage_identifier"]),
            ros_distro=str(info.get("ros_distro") or ""),
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        detail = " ".join(str(error).split())[:200]
        raise RecordingError(
            f"{path} is not the metadata of a rosbag2 bag ({type(error).__name__}: {detail})"
        ) from error
