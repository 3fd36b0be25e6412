"""Waiting until all parts of one instant are there, whatever order they come in.

Every node that needs several topics collects them by stamp. A frame is complete when each part
carries the same stamp; older incomplete frames are dropped then. That is what makes lockstep
independent of process scheduling.
"""

from collections.abc import Callable, Iterable
from typing import Any


class StampBarrier:
    """Collects named parts by stamp and hands over each complete set once.

    Args:
        parts: names that make a set complete.
        on_complete: called with the stamp in ns and the values by name.
        depth: how many incomplete stamps are kept.
    """

    def __init__(
        self,
        parts: Iterable[str],
        on_complete: Callable[[int, dict[str, Any]], None],
        *,
        depth: int = 16,
    ) -> None:
        self.parts = frozenset(parts)
        if not self.parts:
            raise ValueError("a barrier needs at least one part")
        self._on_complete = on_complete
        self._depth = depth
        self._open: dict[int, dict[str, Any]] = {}
        self._last_ns: int | None = None
        self.dropped = 0

    def clear(self) -> None:
        """Forget everything collected and allow any stamp again."""
        self._open.clear()
        self._last_ns = None

    def add(self, part: str, stamp_ns: int, value: Any) -> None:
        """Take one part; a stamp already handed over (or older) is ignored."""
        if self._last_ns is not None and stamp_ns <= self._last_ns:
            return
        values = self._open.get(stamp_ns)
        if values is None:
            values = self._open[stamp_ns] = {}
            if len(self._open) > self._depth:
                self._drop(min(self._open))
        values[part] = value
        if len(values) == len(self.parts):
            self._last_ns = stamp_ns
            for stale in [stamp for stamp in self._open if stamp < stamp_ns]:
                self._drop(stale)
            del self._open[stamp_ns]
            self._on_complete(stamp_ns, values)

    def _drop(self, stamp_ns: int) -> None:
        del self._open[stamp_ns]
        self.dropped += 1

    def missing(self) -> str:
        """What the newest incomplete stamp still lacks, for an error message."""
        if not self._open:
            after = "start" if self._last_ns is None else f"stamp {self._last_ns} ns"
            return f"nothing arrived since {after}"
        newest = max(self._open)
        lacking = ", ".join(sorted(self.parts - self._open[newest].keys()))
        return f"stamp {newest} ns still lacks: {lacking}"
