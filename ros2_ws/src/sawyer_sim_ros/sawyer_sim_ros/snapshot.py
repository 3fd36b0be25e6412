"""Everything that is published about one instant, taken at once."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core import SensorFrame
from sawyer_sim.twin import Twin


@dataclass(frozen=True)
class Snapshot:
    """One instant of the twin; nothing in it changes when the twin goes on.

    Attributes:
        frame: what the sensors say.
        seed: of the episode.
        tick: ms since the episode was prepared.
        joints: arm and grasp joints, rad and m.
        loop_status: of the 1 kHz joint loop.
        contact_stops: of the joint loop since it was started.
        force_bias_n: what its contact stop subtracts.
    """

    frame: SensorFrame
    seed: int
    tick: int
    joints: tuple[float, ...]
    loop_status: str
    contact_stops: int
    force_bias_n: tuple[float, float, float]

    @property
    def stamp_ns(self) -> int:
        """Stamp of the instant."""
        return self.frame.stamp_ns


def take_snapshot(twin: Twin, frame: SensorFrame | None = None) -> Snapshot:
    """Snapshot of a prepared twin; whoever shares the twin between threads holds its lock."""
    return Snapshot(
        frame=twin.frame() if frame is None else frame,
        seed=twin.seed or 0,
        tick=twin.tick_index,
        joints=tuple(twin.joint_positions()),
        loop_status=str(twin.loop.status.value),
        contact_stops=twin.loop.stops,
        force_bias_n=twin.loop.force_bias_n,
    )
