"""Rewriting what can be read of a bag into a new, whole one."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sawyer_core.errors import RecordingError
from sawyer_datasets import bag_metadata
from sawyer_datasets._lock import is_recording
from sawyer_datasets._mcap_scan import Message
from sawyer_datasets.bag_check import BagContent, BagReport, judge, load_bag, verify_bag
from sawyer_datasets.bag_settings import BagSettings, TopicSpec
from sawyer_datasets.bag_writer import EpisodeBagWriter

SUFFIX: Final = "_recovered"
_STATE_KEYS: Final = (bag_metadata.STATE_KEY, bag_metadata.REASON_KEY)


def recover_bag(
    path: str | Path,
    destination: str | Path | None = None,
    *,
    settings: BagSettings | None = None,
) -> BagReport:
    """Write every readable message of a bag into a new folder; the source is left as it is.

    Args:
        path: Bag folder or .mcap file, in any state.
        destination: Folder to make; `<name>_recovered` beside the source if left out.
        settings: Buffering and compression of the new bag.

    Returns:
        The report of the new bag (complete, whatever the source was).

    Raises:
        RecordingError: Nothing can be read, the bag is still being recorded, the destination is
            taken, or the new bag cannot be written.
    """
    source = Path(path)
    content = load_bag(source)
    if is_recording(content.folder):
        raise RecordingError(f"{source} is being recorded right now; stop the recorder first")
    report = judge(content)
    if not report.message_count:
        detail = "; ".join(report.problems) or "it holds no message"
        raise RecordingError(f"nothing can be recovered from {source}: {detail}")
    target = Path(destination) if destination is not None else _beside(source)
    custom = {
        **(content.metadata.custom if content.metadata else {}),
        "recovered_from": source.resolve().name,
        "recovered_status": report.status.value,
        "recovered_lost_messages": str(report.lost_messages),
    }
    for key in _STATE_KEYS:
        custom.pop(key, None)
    with EpisodeBagWriter(target, _specs(content), settings=settings, custom=custom) as writer:
        for name, message in _in_order(content):
            writer.write(name, message.stamp_ns, message.payload)
    return verify_bag(target)


def _beside(source: Path) -> Path:
    resolved = source.resolve()
    base = resolved.parent if resolved.is_file() else resolved
    return base.with_name(base.name + SUFFIX)


def _specs(content: BagContent) -> dict[str, TopicSpec]:
    """Return the topics of the source; one without a stored definition must be standard."""
    for topic in content.topics.values():
        if topic.encoding not in ("ros2msg", ""):
            raise RecordingError(
                f"{content.path}: topic {topic.name} is described in {topic.encoding!r}; "
                "only 'ros2msg' is understood"
            )
    return {
        topic.name: TopicSpec(topic.msgtype, topic.definition, topic.qos)
        for topic in content.topics.values()
        if topic.msgtype
    }


def _in_order(content: BagContent) -> Iterator[tuple[str, Message]]:
    def of_topic(order: int, name: str) -> Iterator[tuple[int, int, str, Message]]:
        for message in content.topics[name].messages:
            yield message.stamp_ns, order, name, message

    streams = [
        of_topic(order, name) for order, name in enumerate(content.topics) if content.topics[name]
    ]
    for _, _, name, message in heapq.merge(*streams, key=lambda entry: entry[:2]):
        yield name, message
