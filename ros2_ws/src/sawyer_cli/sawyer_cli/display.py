"""The live display of a session: drawn in a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sawyer_cli.listener import GraphView

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)


class SessionDisplay:
    """Shows a :class:`GraphView`; ``update`` may be called as often as one likes."""

    def __init__(self, console: Console, episodes: int) -> None:
        self._console = console
        self._episodes = episodes
        self._started = time.monotonic()
        self._told = 0
        self._phase = ""
        self._live: Any = None

    def __enter__(self) -> SessionDisplay:
        """Start to draw."""
        if self._console.is_terminal:
            from rich.live import Live

            self._live = Live(
                self.render(GraphView()), console=self._console, refresh_per_second=8
            )
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture on the screen."""
        if self._live is not None:
            self._live.__exit__(kind, value, trace)

    def update(self, view: GraphView) -> None:
        """Show the newest view."""
        if self._live is not None:
            self._live.update(self.render(view))
            return
        for result in view.ended[self._told :]:
            word = "inserted" if result.success else f"not inserted ({result.reason})"
            self._console.print(
                f"episode {result.index}: {word}, {result.time_s:.1f} s, "
                f"peak force {result.peak_force_n:.1f} N, "
                f"final distance {result.final_distance_mm:.2f} mm",
                highlight=False,
            )
        self._told = len(view.ended)
        if not view.ended and view.phase != self._phase:
            self._phase = view.phase
            elapsed = time.monotonic() - self._started
            self._console.print(f"{elapsed:5.1f} s  {view.phase} {view.message}", highlight=False)

    def render(self, view: GraphView) -> RenderableType:
        """Return the picture of a view."""
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        total = view.episodes or self._episodes
        head = Text()
        for result in view.ended:
            head.append("● " if result.success else "○ ", "green" if result.success else "red")
        head.append("◌ " * (total - len(view.ended)), "dim")
        elapsed = time.monotonic() - self._started
        head.append(f"  {view.completed}/{total} episodes, {view.successes} inserted, ")
        head.append(f"{elapsed:.0f} s")
        grid = Table.grid(padding=(0, 2))
        phase = view.phase if view.heard else "starting the graph"
        grid.add_row("phase", f"{phase} {view.message}".strip())
        grid.add_row("episode", f"{view.index}, step {view.step}")
        grid.add_row("distance to goal", f"{_number(view.distance_mm, '.1f')} mm")
        grid.add_row(
            "force",
            f"{_number(view.force_n, '.1f')} N, peak {_number(view.peak_force_n, '.1f')} N",
        )
        bar = ProgressBar(total=max(1, total), completed=view.completed, width=50)
        return Group(head, bar, grid)
