"""Reset routine: retreat, unplug, recover a jam, go above the goal, settle, re-zero the force.

A pure state machine, one step per control period. It gives displacements for the Cartesian
interface and never moves anything itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from sawyer_controllers.sensing import InsertionState
from sawyer_controllers.workspace import Workspace
from sawyer_core.config import setting, validate
from sawyer_core.errors import CommandRejectedError, RejectionCode
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import ArmState, Array, Wrench, frozen_vector


class ResetPhase(str, Enum):
    """Phases in their usual order; unplug and recover only where needed."""

    IDLE = "idle"
    RETREAT = "retreat"
    UNPLUG = "unplug"
    RECOVER = "recover"
    APPROACH = "approach"
    SETTLE = "settle"
    ZERO_FORCE = "zero_force"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class ResetConfig:
    """Steps, tolerances and bounds of the reset."""

    clearance_m: float = setting(
        0.01,
        unit="m",
        bounds=(0.001, 0.1),
        doc="height above the socket mouth from which the arm moves sideways",
        source="residual_insertion_daib 5.3: straight up until > depth + 10 mm",
    )
    step_m: float = setting(
        0.015, unit="m", bounds=(1e-4, 0.015), doc="largest step while retreating and approaching"
    )
    jam_rise_m: float = setting(
        0.001, unit="m", bounds=(1e-5, 0.01), doc="a smaller rise over the jam steps is a jam"
    )
    jam_steps: int = setting(8, bounds=(2, 100), doc="steps over which the rise is judged")
    wiggle_m: float = setting(
        0.002, unit="m", bounds=(1e-4, 0.01), doc="sideways step while recovering a jam"
    )
    wiggle_steps: int = setting(12, bounds=(4, 100), doc="steps of one recovery")
    retries: int = setting(
        2,
        bounds=(0, 20),
        doc="recoveries before the reset fails",
        source="residual_insertion_daib 5.3: retry twice, then call the operator",
    )
    position_tolerance_m: float = setting(
        0.0005, unit="m", bounds=(1e-5, 0.01), doc="distance from the start pose that is reached"
    )
    arrival_speed_m_per_s: float = setting(
        0.01,
        unit="m/s",
        bounds=(1e-4, 1.0),
        doc="a faster end effector passes through the start pose, it has not arrived",
    )
    approaches: int = setting(
        4, bounds=(1, 100), doc="approaches, when settling has led away from the start pose"
    )
    correction_gain: float = setting(
        0.3, bounds=(0.0, 1.0), doc="share of the remaining error that is kept as a correction"
    )
    correction_limit_m: float = setting(
        0.005, unit="m", bounds=(0.0, 0.015), doc="largest kept correction per axis"
    )
    settle_speed_rad_per_s: float = setting(
        0.01,
        unit="rad/s",
        bounds=(1e-4, 1.0),
        doc="all joint speeds below this count as settled",
        source="residual_insertion_daib B.5, 5.3: 0.01 rad/s",
    )
    settle_steps: int = setting(2, bounds=(1, 100), doc="settled steps in a row")
    phase_steps: int = setting(
        150, bounds=(10, 10_000), doc="steps after which a phase that goes on fails"
    )
    zero_retries: int = setting(
        2, bounds=(0, 20), doc="further force calibrations after a bad one"
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, eq=False)
class ResetCommand:
    """What to do in this control period.

    Attributes:
        delta_m: (3,) displacement.
        hold: keep the last joint target instead (``delta_m`` is zero then).
        phase: phase the routine is in.
        zero_force: run the force calibration and report it with ``force_zeroed``.
        done, failed: the routine has ended.
        message: why, for the user.
    """

    delta_m: Array
    hold: bool
    phase: ResetPhase
    zero_force: bool = False
    done: bool = False
    failed: bool = False
    message: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta_m", frozen_vector("delta_m", self.delta_m, 3))


class ResetRoutine:
    """See the module; ``failures`` and ``recoveries`` count over the routine's life."""

    def __init__(self, config: ResetConfig, task: InsertionTask) -> None:
        self.config = config
        self.task = task
        self.phase = ResetPhase.IDLE
        self.message = ""
        self.failures = 0
        self.recoveries = 0
        self._workspace = Workspace.of_task(task)
        self._start_m: Array = np.zeros(3)
        self._free_z_m = 0.0
        self._steps = 0
        self._settled = 0
        self._tries = 0
        self._zero_tries = 0
        self._approaches = 0
        self._zeroed: bool | None = None
        self._heights: list[float] = []
        self._correction: Array = np.zeros(3)

    def start(
        self, state: ArmState, commanded_goal_m: npt.ArrayLike, inserted: bool = False
    ) -> None:
        """Begin a reset to the start pose above ``commanded_goal_m`` (perturbation included).

        Raises:
            ConfigError: the goal is not finite or outside the workspace.
        """
        goal = np.asarray(commanded_goal_m, dtype=np.float64)
        self._workspace.check_goal(goal)
        start = goal + np.array([0.0, 0.0, self.task.reset_height_m])
        self._start_m = self._workspace.clamp(start)
        mouth = self.task.goal_position_m[2] + self.task.mouth_height_m
        self._free_z_m = min(mouth + self.config.clearance_m, self._workspace.top_z_m)
        self._tries = self._zero_tries = self._approaches = 0
        self.message = ""
        self._enter(ResetPhase.UNPLUG if inserted else ResetPhase.RETREAT)

    def force_zeroed(self, ok: bool, message: str = "") -> None:
        """Report the force calibration that ``zero_force`` asked for."""
        if self.phase is not ResetPhase.ZERO_FORCE:
            raise CommandRejectedError(
                RejectionCode.NOT_STARTED,
                f"no force calibration is asked for in phase {self.phase.value}",
            )
        self._zeroed = ok
        if not ok:
            self.message = f"force calibration failed: {message}"

    def step(
        self, state: ArmState, wrench: Wrench, insertion: InsertionState | None = None
    ) -> ResetCommand:
        """What to do in this control period.

        Args:
            state: newest measured state.
            wrench: newest wrench, kept for the message of a failure.
            insertion: newest insertion state: verifies that the plug has come out.
        """
        if self.phase in (ResetPhase.DONE, ResetPhase.FAILED):
            return self._hold()
        if self.phase is ResetPhase.IDLE:
            raise CommandRejectedError(RejectionCode.NOT_STARTED, "the reset was not started")
        self._steps += 1
        if self._steps > self.config.phase_steps:
            return self._fail(
                f"{self.phase.value} took more than {self.config.phase_steps} steps, "
                f"position {state.ee_position_m.round(4).tolist()} m, "
                f"force {[f'{value:.1f}' for value in wrench.force_n.tolist()]} N"
            )
        if not (np.isfinite(state.ee_position_m).all() and np.isfinite(state.dq_rad_per_s).all()):
            return self._hold()
        if self.phase in (ResetPhase.RETREAT, ResetPhase.UNPLUG):
            return self._rise(state, insertion)
        if self.phase is ResetPhase.RECOVER:
            return self._wiggle()
        if self.phase is ResetPhase.APPROACH:
            return self._approach(state)
        if self.phase is ResetPhase.SETTLE:
            return self._settle(state)
        return self._zero_force()

    def _enter(self, phase: ResetPhase) -> None:
        self.phase = phase
        self._steps = 0
        self._settled = 0
        self._zeroed = None
        self._heights = []
        if phase is ResetPhase.APPROACH:
            self._correction = np.zeros(3)

    def _rise(self, state: ArmState, insertion: InsertionState | None) -> ResetCommand:
        z = float(state.ee_position_m[2])
        if z >= self._free_z_m - self.config.position_tolerance_m:
            alive = insertion is not None and (insertion.inserted or bool(insertion.implausible))
            if not alive:
                self._enter(ResetPhase.APPROACH)
                return self._approach(state)
            return self._retry("the plug still reports contact above the socket")
        self._heights.append(z)
        if len(self._heights) > self.config.jam_steps:
            rise = z - self._heights[-1 - self.config.jam_steps]
            if rise < self.config.jam_rise_m:
                return self._retry(f"the plug does not come up, {rise * 1e3:.2f} mm")
        return self._move([0.0, 0.0, self.config.step_m])

    def _retry(self, problem: str) -> ResetCommand:
        self._tries += 1
        if self._tries > self.config.retries:
            return self._fail(f"{problem}; {self.config.retries} recoveries did not help")
        self.recoveries += 1
        self.message = problem
        self._enter(ResetPhase.RECOVER)
        return self._wiggle()

    def _wiggle(self) -> ResetCommand:
        index = max(self._steps, 1) - 1
        if index >= self.config.wiggle_steps:
            self._enter(ResetPhase.UNPLUG)
            return self._move([0.0, 0.0, self.config.step_m])
        side = self.config.wiggle_m
        dx, dy = ((side, 0.0), (-side, 0.0), (0.0, side), (0.0, -side))[index % 4]
        return self._move([dx, dy, self.config.step_m])

    def _approach(self, state: ArmState) -> ResetCommand:
        error = self._start_m - state.ee_position_m
        slow = float(np.abs(state.ee_linear_m_per_s).max()) <= self.config.arrival_speed_m_per_s
        if slow and float(np.abs(error).max()) <= self.config.position_tolerance_m:
            self._enter(ResetPhase.SETTLE)
            return self._settle(state)
        # Sideways first: no descent before the axis is met.
        if float(np.abs(error[:2]).max()) > 0.005 and error[2] < 0.0:
            error = np.array([error[0], error[1], 0.0])
        if float(np.abs(error).max()) < self.config.correction_limit_m:
            limit = self.config.correction_limit_m
            kept = self._correction + self.config.correction_gain * error
            self._correction = np.clip(kept, -limit, limit)
        return self._move(error + self._correction)

    def _settle(self, state: ArmState) -> ResetCommand:
        fastest = float(np.abs(state.dq_rad_per_s).max())
        settled = fastest < self.config.settle_speed_rad_per_s
        self._settled = self._settled + 1 if settled else 0
        if self._settled < self.config.settle_steps:
            return self._hold()
        away = float(np.abs(self._start_m - state.ee_position_m).max())
        if away <= 2.0 * self.config.position_tolerance_m:
            self._enter(ResetPhase.ZERO_FORCE)
            return self._zero_force()
        self._approaches += 1
        if self._approaches >= self.config.approaches:
            return self._fail(
                f"settled {away * 1e3:.2f} mm away from the start pose, "
                f"{self.config.approaches} times"
            )
        self._enter(ResetPhase.APPROACH)
        return self._approach(state)

    def _zero_force(self) -> ResetCommand:
        if self._zeroed:
            self.message = ""
            self._enter(ResetPhase.DONE)
            return self._hold()
        if self._zeroed is False:
            self._zero_tries += 1
            if self._zero_tries > self.config.zero_retries:
                return self._fail(self.message)
            self._enter(ResetPhase.SETTLE)
            return self._hold()
        return self._hold()

    def _move(self, delta_m: npt.ArrayLike) -> ResetCommand:
        step = np.clip(np.asarray(delta_m), -self.config.step_m, self.config.step_m)
        return ResetCommand(step, hold=False, phase=self.phase, message=self.message)

    def _fail(self, message: str) -> ResetCommand:
        self.failures += 1
        self.message = message
        self._enter(ResetPhase.FAILED)
        return self._hold()

    def _hold(self) -> ResetCommand:
        return ResetCommand(
            np.zeros(3),
            hold=True,
            phase=self.phase,
            zero_force=self.phase is ResetPhase.ZERO_FORCE,
            done=self.phase is ResetPhase.DONE,
            failed=self.phase is ResetPhase.FAILED,
            message=self.message,
        )
