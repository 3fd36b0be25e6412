"""Settings of the twin's driver node."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core import setting, validate


@dataclass(frozen=True)
class DriverConfig:
    """What the driver does around the twin."""

    connector: str = setting(doc="connector on the board and in the gripper")
    clock: str = setting(
        "lockstep",
        choices=("lockstep", "realtime"),
        doc="lockstep: one control period per joint target; realtime: 1 kHz on the wall clock",
    )
    period_s: float = setting(
        0.1,
        unit="s",
        bounds=(0.01, 1.0),
        doc="control period, the only duration a joint target may have",
        source="thesis chapter 9: actions at up to 10 Hz",
    )
    state_rate_hz: float = setting(
        100.0,
        unit="Hz",
        bounds=(1.0, 1000.0),
        doc="rate of the states in realtime; must divide 1000",
        source="residual_insertion_daib 1.1 [E6]: 100 Hz",
    )
    priority: int = setting(
        20,
        bounds=(0, 99),
        doc="realtime: FIFO priority of the 1 kHz loop where the system grants it; 0: none",
    )
    visual: bool = setting(
        True, doc="publish what the camera node draws from, once per control period"
    )
    prepare_enabled: bool = setting(
        True, doc="serve driver/prepare_episode; a real arm has nobody who hands over a plug"
    )

    def __post_init__(self) -> None:
        validate(self)
