"""Settings of the joint loop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sawyer_controllers.impedance import ImpedanceConfig
from sawyer_controllers.torque_limiter import LimiterConfig
from sawyer_controllers.velocity import VelocityConfig
from sawyer_core.config import setting, validate
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import N_JOINTS


@dataclass(frozen=True)
class ContactStopConfig:
    """Contact-force stop, checked on every tick."""

    lateral_n: float = setting(
        30.0,
        unit="N",
        bounds=(1.0, 200.0),
        doc="limit of |f_x| and of |f_y|",
        source="residual_insertion_daib C.6, 5.2: 30 N lateral",
    )
    vertical_n: float = setting(
        50.0,
        unit="N",
        bounds=(1.0, 200.0),
        doc="limit of |f_z|",
        source="residual_insertion_daib C.6, 5.2: 50 N vertical",
    )
    persist_ticks: int = setting(
        2, bounds=(1, 5), doc="samples in a row above the limit (5.6 allows 5 ms)"
    )
    return_s: float = setting(
        0.1, unit="s", bounds=(0.02, 2.0), doc="time to go back to the last safe position"
    )
    latch_after: int = setting(
        3,
        bounds=(1, 100),
        doc="stops in one episode after which the stop latches",
        source="residual_insertion_daib 5.2: latch after 3 stops",
    )
    safe_share: float = setting(
        0.5,
        bounds=(0.05, 1.0),
        doc="a position counts as safe while all forces are below this share of the limit",
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class JointLoopConfig:
    """All settings of the joint loop."""

    mode: str = setting(
        "impedance", choices=("impedance", "velocity"), doc="law between reference and torque"
    )
    tick_s: float = setting(
        0.001,
        unit="s",
        bounds=(1e-4, 0.01),
        doc="period of the loop",
        source="thesis chapter 9: 1000 Hz",
    )
    speed_cap_rad_per_s: tuple[float, ...] = setting(
        (0.88, 0.678, 0.996, 0.996, 1.776, 1.776, 2.316),
        unit="rad/s",
        length=N_JOINTS,
        bounds=(1e-3, 5.0),
        doc="largest speed of the reference",
        source="residual_insertion_daib 1.3 [E1]: lab's speed caps",
    )
    limit_margin_rad: float = setting(
        0.05,
        unit="rad",
        bounds=(0.0, 0.5),
        doc="distance of the reference from the joint limits",
        source="residual_insertion_daib 5.2: 0.05 rad",
    )
    target_timeout_s: float = setting(
        0.3,
        unit="s",
        bounds=(0.01, 10.0),
        doc="time after the end of a target without a new one until the status is hold",
        source="residual_insertion_daib 5.2: silent > 0.3 s -> hold",
    )
    fault_ticks: int = setting(
        10, bounds=(1, 1000), doc="untrue measurements in a row after which the fault latches"
    )
    late_period_s: float = setting(
        0.003,
        unit="s",
        bounds=(0.001, 0.1),
        doc="a loop period longer than this is late",
        source="residual_insertion_daib 5.2: period > 3 ms for 10 ticks -> position hold",
    )
    late_ticks: int = setting(
        10,
        bounds=(1, 1000),
        doc="late periods in a row until the loop holds",
        source="residual_insertion_daib 5.2",
    )
    impedance: ImpedanceConfig = field(default_factory=ImpedanceConfig)
    velocity: VelocityConfig = field(default_factory=VelocityConfig)
    limiter: LimiterConfig = field(default_factory=LimiterConfig)
    contact: ContactStopConfig = field(default_factory=ContactStopConfig)

    def __post_init__(self) -> None:
        validate(self)

    @property
    def torque_limit_n_m(self) -> tuple[float, ...]:
        """Clip of the torque of the law in use, (7,) N m."""
        law = self.velocity if self.mode == "velocity" else self.impedance
        return law.torque_limit_n_m

    def for_task(self, task: InsertionTask) -> JointLoopConfig:
        """The same settings with contact limits no higher than the task's."""
        contact = replace(
            self.contact,
            lateral_n=min(self.contact.lateral_n, task.lateral_force_limit_n),
            vertical_n=min(self.contact.vertical_n, task.vertical_force_limit_n),
        )
        return replace(self, contact=contact)
