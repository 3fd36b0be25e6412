"""Command guard: the last look at a Cartesian command before it becomes a joint target.

Degrade order: clip -> hold (command refused or late) -> retract or stop (late for longer, or
contact stops latched). A hold is never a repeated old displacement: the reference stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from sawyer_controllers.workspace import Workspace
from sawyer_core.config import setting, validate
from sawyer_core.errors import CommandRejectedError, ConfigError, RejectionCode
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import ArmState, Array, EeDelta, Wrench, frozen_vector


class GuardStatus(str, Enum):
    """What the guard made of a command, in the order of the degradation."""

    OK = "ok"
    CLIPPED = "clipped"
    HOLD = "hold"
    RETRACT = "retract"
    STOPPED = "stopped"


@dataclass(frozen=True)
class GuardConfig:
    """Limits of Cartesian commands; workspace and force limits belong to the task."""

    max_step_m: float = setting(
        0.015,
        unit="m",
        bounds=(1e-4, 0.1),
        doc="clip of each component of the summed action",
        source="residual_insertion_daib B.5, 5.2: 15 mm per step for the sum",
    )
    refuse_step_m: float = setting(
        0.1,
        unit="m",
        bounds=(1e-3, 1.0),
        doc="a component above this is refused, not clipped: it cannot be meant",
        source="residual_insertion_daib B.5 [E2]: 0.1 m",
    )
    hold_after_s: float = setting(
        0.3,
        unit="s",
        bounds=(0.01, 10.0),
        doc="hold when the last command is older",
        source="residual_insertion_daib 5.2: policy silent > 0.3 s -> hold",
    )
    degrade_after_s: float = setting(
        2.0, unit="s", bounds=(0.02, 60.0), doc="retract or stop when the last command is older"
    )
    degrade_to: str = setting(
        "retract", choices=("retract", "stop"), doc="what follows a hold that lasts too long"
    )
    retract_step_m: float = setting(
        0.005, unit="m", bounds=(1e-4, 0.015), doc="upward step while retracting"
    )
    retract_height_m: float = setting(
        0.03,
        unit="m",
        bounds=(0.0, 0.3),
        doc="height above the socket mouth where retracting ends",
    )
    max_state_age_s: float = setting(
        0.2,
        unit="s",
        bounds=(0.005, 5.0),
        doc="a command computed from an older state, or judged with an older force, is refused",
    )
    push_share: float = setting(
        0.9,
        bounds=(0.1, 1.0),
        doc="share of the force limit above which a command does not push further that way",
    )
    latch_after: int = setting(
        3,
        bounds=(1, 100),
        doc="contact stops in one episode after which the guard stops",
        source="residual_insertion_daib 5.2: latch after 3 stops",
    )

    def __post_init__(self) -> None:
        validate(self)
        for name, least in (("refuse_step_m", "max_step_m"), ("degrade_after_s", "hold_after_s")):
            value, bound = getattr(self, name), getattr(self, least)
            if value < bound:
                raise ConfigError(f"GuardConfig.{name}", value, f"at least {least} = {bound:g}")


@dataclass(frozen=True, eq=False)
class GuardDecision:
    """What is sent on.

    Attributes:
        delta_m: (3,) displacement to execute; zero for hold and stop.
        status: see :class:`GuardStatus`.
        reasons: why it differs from what was asked, empty if it does not.
        yielding: hold where the arm is now, not where it was last sent (contact stop).
        code: the main reason, None where nothing was refused or clipped.
    """

    delta_m: Array
    status: GuardStatus
    reasons: tuple[str, ...] = ()
    yielding: bool = False
    code: RejectionCode | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta_m", frozen_vector("delta_m", self.delta_m, 3))

    @property
    def clipped(self) -> bool:
        """Whether the displacement is another than the one asked for."""
        return bool(self.reasons)


class CommandGuard:
    """One commander at a time, every command checked, silence noticed.

    Time comes with the calls (stamps in ns); there is no clock in here.
    """

    def __init__(self, config: GuardConfig, task: InsertionTask) -> None:
        self.config = config
        self.task = task
        self.workspace = Workspace.of_task(task)
        self._force_limit: Array = np.array(
            [task.lateral_force_limit_n, task.lateral_force_limit_n, task.vertical_force_limit_n]
        )
        self._commander: str | None = None
        self._last_command_ns: int | None = None
        self.reset()

    @property
    def commander(self) -> str | None:
        """Who may command now, None if nobody has asked."""
        return self._commander

    @property
    def contact_stops(self) -> int:
        """Contact stops of this episode: the guard's own or the 1 kHz loop's, the larger number.

        A contact that both have stopped is one stop, so the two are not added.
        """
        return max(self._own_stops, self._loop_stops)

    @property
    def latched(self) -> bool:
        """Whether the contact stops of this episode have latched the guard."""
        return self.contact_stops >= self.config.latch_after

    def reset(self) -> None:
        """New episode: forget stops and silence. The commander stays."""
        self._own_stops = 0
        self._loop_stops = 0
        self._above = False
        self._last_command_ns = None

    def acquire(self, source: str) -> None:
        """Make ``source`` the commander.

        Raises:
            CommandRejectedError: another one commands, or the name is empty.
        """
        if not source:
            raise CommandRejectedError(RejectionCode.NOT_ACQUIRED, "a commander needs a name")
        if self._commander not in (None, source):
            raise CommandRejectedError(
                RejectionCode.OTHER_COMMANDER,
                f"{self._commander!r} commands; it must release before {source!r} can acquire",
            )
        self._commander = source
        self._last_command_ns = None

    def release(self, source: str) -> None:
        """Give the command up.

        Raises:
            CommandRejectedError: ``source`` is not the commander.
        """
        if self._commander != source:
            raise CommandRejectedError(
                RejectionCode.OTHER_COMMANDER, f"{source!r} does not command: {self._commander!r}"
            )
        self._commander = None
        self._last_command_ns = None

    def note_loop_stops(self, total: int) -> None:
        """Take over how many contact stops the 1 kHz loop counts since it was engaged.

        Called with the loop's state of the same stamp as the arm state of the next
        :meth:`check` or :meth:`watchdog`.
        """
        self._loop_stops = total

    def check(self, command: EeDelta, state: ArmState, wrench: Wrench) -> GuardDecision:
        """Judge a command against the newest state and bias-free wrench.

        Raises:
            CommandRejectedError: the source is not the commander. Nothing is changed: the
                commander's own commands go on.
        """
        self.check_source(command.source)
        self._note_force(wrench)
        if self.latched:
            return self._stop(f"{self.contact_stops} contact stops, latched until reset")
        refused = self._refuse(command, state, wrench)
        if refused is not None:
            code, reason = refused
            return _hold(reason, code, yielding=self._above)
        self._last_command_ns = state.stamp_ns
        return self._clip(command.translation_m, state, wrench)

    def watchdog(self, now_ns: int, state: ArmState) -> GuardDecision | None:
        """What to do when no command has come by ``now_ns``; None while all is well."""
        if self.latched:
            return self._stop(f"{self.contact_stops} contact stops, latched until reset")
        if self._last_command_ns is None:
            return None
        silence_ns = now_ns - self._last_command_ns
        if silence_ns <= _ns(self.config.hold_after_s):
            return None
        reason = f"no command for {silence_ns * 1e-9:.3f} s"
        if silence_ns <= _ns(self.config.degrade_after_s):
            return _hold(f"{reason}, allowed {self.config.hold_after_s:g} s", RejectionCode.STALE)
        if self.config.degrade_to == "stop":
            return self._stop(reason)
        return self._retract(reason, state)

    def check_source(self, source: str) -> None:
        """Refuse who does not command.

        Raises:
            CommandRejectedError: ``source`` is not the commander.
        """
        if self._commander is None:
            raise CommandRejectedError(
                RejectionCode.NOT_ACQUIRED, f"{source!r} must acquire before it commands"
            )
        if source != self._commander:
            raise CommandRejectedError(
                RejectionCode.OTHER_COMMANDER, f"{self._commander!r} commands, not {source!r}"
            )

    def _note_force(self, wrench: Wrench) -> None:
        above = bool((np.abs(wrench.force_n) > self._force_limit).any())
        if above and not self._above:
            self._own_stops += 1
        self._above = above

    def _refuse(
        self, command: EeDelta, state: ArmState, wrench: Wrench
    ) -> tuple[RejectionCode, str] | None:
        delta = command.translation_m
        if not np.isfinite(delta).all():
            return RejectionCode.NON_FINITE, f"displacement {delta.tolist()} is not finite"
        if not (np.isfinite(state.ee_position_m).all() and np.isfinite(state.q_rad).all()):
            return RejectionCode.NON_FINITE, "the arm state is not finite"
        if not np.isfinite(wrench.force_n).all():
            return RejectionCode.NON_FINITE, "the force is not finite"
        largest = float(np.abs(delta).max())
        if largest > self.config.refuse_step_m:
            text = f"displacement of {largest:g} m, allowed {self.config.refuse_step_m:g} m"
            return RejectionCode.OUT_OF_RANGE, text
        age_ns = state.stamp_ns - command.stamp_ns
        if age_ns > _ns(self.config.max_state_age_s):
            return RejectionCode.STALE, f"computed from a state {age_ns * 1e-9:.3f} s old"
        wrench_age_ns = state.stamp_ns - wrench.stamp_ns
        if wrench_age_ns > _ns(self.config.max_state_age_s):
            return RejectionCode.STALE, f"the force is {wrench_age_ns * 1e-9:.3f} s old"
        if self._above:
            return RejectionCode.CONTACT_STOP, f"contact stop: force {_newtons(wrench)}"
        return None

    def _clip(self, delta: Array, state: ArmState, wrench: Wrench) -> GuardDecision:
        reasons: list[str] = []
        code: RejectionCode | None = None
        step = self.config.max_step_m
        allowed: Array = np.clip(delta, -step, step)
        if (allowed != delta).any():
            code = RejectionCode.OUT_OF_RANGE
            reasons.append(f"step clipped to {step:g} m per axis")
        at = state.ee_position_m
        relieved = self._relieve(allowed, wrench)
        inside = self._into_workspace(relieved, at)
        kept = self._relieve(inside, wrench)  # the way back in must not press on either
        if (relieved != allowed).any() or (kept != inside).any():
            code = RejectionCode.CONTACT_STOP
            reasons.append(f"no further push against {_newtons(wrench)}")
        if inside is not relieved:
            code = RejectionCode.OUTSIDE_WORKSPACE
            reasons.append(f"kept inside {self.workspace}")
        if self.workspace.distance(at + kept) > self.workspace.distance(at) + 1e-9:
            kept = np.zeros(3)  # what is left of the way back in leads out elsewhere
        status = GuardStatus.CLIPPED if reasons else GuardStatus.OK
        return GuardDecision(kept, status, tuple(reasons), code=code)

    def _relieve(self, delta: Array, wrench: Wrench) -> Array:
        """Without the components that would press on against a high force."""
        high = np.abs(wrench.force_n) > self.config.push_share * self._force_limit
        relieved: Array = np.where(high & (delta * wrench.force_n < 0.0), 0.0, delta)
        return relieved

    def _into_workspace(self, delta: Array, at: Array) -> Array:
        if self.workspace.contains(at + delta):
            return delta
        step = self.config.max_step_m
        inside: Array = np.clip(self.workspace.clamp(at + delta) - at, -step, step)
        return inside

    def _retract(self, reason: str, state: ArmState) -> GuardDecision:
        top = self.task.goal_position_m[2] + self.task.mouth_height_m
        top = min(top + self.config.retract_height_m, self.workspace.top_z_m)
        rest = top - float(state.ee_position_m[2])
        if not rest > 0.0:  # also where the position is no number
            return self._stop(f"{reason}, retracted")
        up = min(rest, self.config.retract_step_m)
        return GuardDecision(
            np.array([0.0, 0.0, up]), GuardStatus.RETRACT, (reason,), code=RejectionCode.STALE
        )

    def _stop(self, reason: str) -> GuardDecision:
        code = RejectionCode.CONTACT_STOP if self.latched else RejectionCode.STALE
        return GuardDecision(np.zeros(3), GuardStatus.STOPPED, (reason,), self.latched, code)


def _newtons(wrench: Wrench) -> str:
    return "(" + ", ".join(f"{value:.1f}" for value in wrench.force_n.tolist()) + ") N"


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _hold(reason: str, code: RejectionCode, *, yielding: bool = False) -> GuardDecision:
    return GuardDecision(np.zeros(3), GuardStatus.HOLD, (reason,), yielding, code)
