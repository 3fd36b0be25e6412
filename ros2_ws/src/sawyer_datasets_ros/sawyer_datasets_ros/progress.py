"""Has everything of an episode arrived? Pure bookkeeping by stamp."""

from __future__ import annotations

from collections.abc import Iterable


class Progress:
    """Newest stamp per topic within one recording.

    Args:
        periodic: topics that carry one message per control period; those that spoke at all
            must have spoken up to the end.
        closing_topic: its message is the episode's last.
    """

    def __init__(self, periodic: Iterable[str], closing_topic: str) -> None:
        self._periodic = frozenset(periodic)
        self._closing_topic = closing_topic
        self._seen: dict[str, int] = {}

    def saw(self, topic: str, stamp_ns: int) -> None:
        """One message arrived."""
        self._seen[topic] = stamp_ns

    def lagging(self, until_ns: int) -> list[str]:
        """Topics whose messages up to ``until_ns`` are not all there."""
        return sorted(
            topic
            for topic in (self._periodic & self._seen.keys()) | {self._closing_topic}
            if self._seen.get(topic, -1) < until_ns
        )
