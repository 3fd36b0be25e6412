"""Listens to the running graph and keeps the newest of what a display needs."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

PROGRESS_TOPIC = "session/progress"
STEP_TOPIC = "episode/step"
WAKE_S = 0.2


@dataclass(frozen=True)
class GraphView:
    """What the graph has said so far; ``step`` counts from 0 within the episode."""

    heard: bool = False
    phase: str = "starting"
    message: str = ""
    index: int = 0
    episodes: int = 0
    completed: int = 0
    successes: int = 0
    failures: int = 0
    step: int = 0
    distance_mm: float = math.nan
    force_n: float = math.nan
    peak_force_n: float = 0.0
    ended: tuple[Any, ...] = field(default=())


class GraphListener:
    """A node of our own in a thread; it only subscribes, the graph does not depend on it."""

    def __init__(self, domain_id: int | None) -> None:
        self._domain_id = domain_id
        self._view = GraphView()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graph-listener", daemon=True)
        self.failure = ""

    def __enter__(self) -> GraphListener:
        """Start listening."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join(timeout=5.0)

    @property
    def view(self) -> GraphView:
        """The newest view, immutable."""
        with self._lock:
            return self._view

    def _update(self, **changes: Any) -> None:
        with self._lock:
            self._view = replace(self._view, heard=True, **changes)

    def _run(self) -> None:
        try:
            self._spin()
        except Exception as error:  # the display is a convenience: say it, let the session run
            self.failure = f"{type(error).__name__}: {error}"

    def _spin(self) -> None:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.qos import DurabilityPolicy, QoSProfile
        from sawyer_interfaces.msg import EpisodeStep, SessionProgress

        context = rclpy.Context()
        rclpy.init(args=[], context=context, domain_id=self._domain_id)
        try:
            node = rclpy.create_node(
                "progress_display", context=context, start_parameter_services=False
            )
            # Volatile readers match latched writers too; what was said before is not needed.
            qos = QoSProfile(depth=100, durability=DurabilityPolicy.VOLATILE)
            node.create_subscription(SessionProgress, PROGRESS_TOPIC, self.on_progress, qos)
            node.create_subscription(EpisodeStep, STEP_TOPIC, self.on_step, qos)
            executor = SingleThreadedExecutor(context=context)
            executor.add_node(node)
            while not self._stop.is_set():
                executor.spin_once(timeout_sec=WAKE_S)
            executor.shutdown()
            node.destroy_node()
        finally:
            rclpy.shutdown(context=context)

    def on_progress(self, message: Any) -> None:
        """Take the session's own account (sawyer_interfaces/SessionProgress)."""
        view = self.view
        ended = view.ended
        if message.completed > len(ended):
            ended = (*ended, message.last)
        self._update(
            phase=message.phase,
            message=message.message,
            index=message.index,
            episodes=message.episodes,
            completed=message.completed,
            successes=message.successes,
            failures=message.failures,
            ended=ended,
        )

    def on_step(self, message: Any) -> None:
        """Take one control period (sawyer_interfaces/EpisodeStep)."""
        force, peak = (_norm(v) for v in (message.force, message.force_peak))
        known = self.view.peak_force_n if message.step > 0 else 0.0
        self._update(
            step=message.step,
            distance_mm=message.distance_mm,
            force_n=force,
            peak_force_n=max(known, peak),
        )


def _norm(vector: Any) -> float:
    return math.sqrt(vector.x**2 + vector.y**2 + vector.z**2)
