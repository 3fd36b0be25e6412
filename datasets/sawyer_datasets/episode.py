"""Reading an episode bag into arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sawyer_core.errors import RecordingError, UnknownNameError
from sawyer_datasets.bag_check import BagReport, TopicContent, judge, load_bag
from sawyer_datasets.columns import decode
from sawyer_datasets.images import image_stack

_AXES = (("x", "y", "z"), ("x", "y", "z", "w"))


class TopicData:
    """All messages of one topic; decoded when first asked for."""

    def __init__(self, content: TopicContent) -> None:
        self.name = content.name
        self.msgtype = content.msgtype
        self._content = content
        self.stamp_ns: NDArray[np.int64] = np.array(
            [message.stamp_ns for message in content.messages], dtype=np.int64
        )
        self.stamp_ns.flags.writeable = False

    def __len__(self) -> int:
        return len(self.stamp_ns)

    @property
    def payloads(self) -> list[memoryview]:
        """Raw CDR of each message."""
        return [message.payload for message in self._content.messages]

    @cached_property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Fields by dotted name, each with the messages along its first axis; read-only."""
        content = self._content
        return decode(content.name, content.msgtype, content.definition, self.payloads)

    def __getitem__(self, field: str) -> NDArray[Any]:
        """Return a field; a vector or quaternion by its own name has shape (N, 3) or (N, 4).

        Raises:
            UnknownNameError: The messages have no such field.
        """
        columns = self.columns
        if field in columns:
            return columns[field]
        names = {key.rpartition(".")[2] for key in columns if key.rpartition(".")[0] == field}
        for axes in _AXES:
            if names == set(axes):
                return np.stack([columns[f"{field}.{axis}"] for axis in axes], axis=1)
        raise UnknownNameError(f"field of {self.name}", field, sorted(columns))

    @cached_property
    def images(self) -> NDArray[Any]:
        """Images of a `sensor_msgs/Image` topic, (N, H, W) or (N, H, W, channels) in RGB order."""
        if not self.msgtype.endswith("/Image"):
            raise RecordingError(f"{self.name} holds {self.msgtype}, not images")
        stack = image_stack(self.name, self.columns)
        stack.flags.writeable = False
        return stack

    def message(self, index: int) -> dict[str, Any]:
        """Return the fields of one message as plain values."""
        if not -len(self) <= index < len(self):
            raise RecordingError(f"{self.name} has {len(self)} messages, not number {index}")
        return {key: _plain(values[index]) for key, values in self.columns.items()}


@dataclass(frozen=True)
class Episode(Mapping[str, TopicData]):
    """One recorded episode: topics by name, and the state of its bag."""

    path: Path
    report: BagReport
    topics: Mapping[str, TopicData]
    custom: Mapping[str, str]

    def __getitem__(self, name: str) -> TopicData:
        """Return a topic by its full name, or by its end where that is unique.

        Raises:
            UnknownNameError: There is no such topic, or more than one.
        """
        if name in self.topics:
            return self.topics[name]
        ending = "/" + name.lstrip("/")
        found = [topic for topic in self.topics if f"/{topic}".endswith(ending)]
        if len(found) != 1:
            raise UnknownNameError("topic", name, sorted(found or self.topics))
        return self.topics[found[0]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.topics)

    def __len__(self) -> int:
        return len(self.topics)

    def __contains__(self, name: object) -> bool:
        try:
            return bool(self[str(name)] is not None)
        except UnknownNameError:
            return False

    def has(self, name: str) -> bool:
        """Return whether the topic exists and holds at least one message."""
        return name in self and len(self[name]) > 0

    @property
    def spec(self) -> dict[str, Any] | None:
        """The episode's specification, None if it was not recorded."""
        return self["episode/spec"].message(-1) if self.has("episode/spec") else None

    @property
    def result(self) -> dict[str, Any] | None:
        """The episode's result, None if it was not recorded."""
        return self["episode/result"].message(-1) if self.has("episode/result") else None


def read_episode(path: str | Path, *, allow_incomplete: bool = True) -> Episode:
    """Read a bag folder (or .mcap file); images and fields are decoded when asked for.

    Args:
        path: The bag, in any state.
        allow_incomplete: Whether a bag that is not complete may be read; `episode.report` says
            what is missing.

    Raises:
        RecordingError: There is no bag, nothing in it can be read, or it is not complete and
            `allow_incomplete` is false.
    """
    content = load_bag(path)
    report = judge(content)
    if not report.readable:
        raise RecordingError(f"{path} cannot be read: {'; '.join(report.problems) or 'no data'}")
    if not allow_incomplete and report.status.value != "complete":
        raise RecordingError(f"{path} is {report.status.value}: {'; '.join(report.problems)}")
    return Episode(
        path=Path(path),
        report=report,
        topics={name: TopicData(topic) for name, topic in sorted(content.topics.items())},
        custom=dict(content.metadata.custom) if content.metadata else {},
    )


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
