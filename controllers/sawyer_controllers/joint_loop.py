"""The 1 kHz code that runs inside any driver's process, real or simulated.

reference (cubic) -> law (impedance or velocity) -> torque limiter -> motors, beside it the
contact-force stop, the target watchdog and the sensor-fault handling. No clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import numpy as np

from sawyer_controllers.impedance import JointImpedanceController
from sawyer_controllers.joint_loop_config import ContactStopConfig, JointLoopConfig
from sawyer_controllers.kinematics import ArmModel
from sawyer_controllers.reference import CubicReference
from sawyer_controllers.torque_limiter import Clamp, TorqueLimiter
from sawyer_controllers.velocity import JointVelocityController
from sawyer_core.errors import CommandRejectedError, RejectionCode
from sawyer_core.limits import JointLimits
from sawyer_core.types import N_JOINTS, Array, JointTarget

__all__ = ["ContactStopConfig", "JointLoop", "JointLoopConfig", "LoopStatus"]


class LoopStatus(str, Enum):
    """What the joint loop is doing."""

    IDLE = "idle"  # before start
    OK = "ok"
    HOLD = "hold"  # no target for longer than the watchdog allows: holds the last reference
    CONTACT_STOP = "contact_stop"  # goes back to the last safe joint position
    LATCHED = "latched"  # too many contact stops: holds, refuses targets until start
    FAULT = "fault"  # measurements that cannot be true


class JointLoop:
    """Targets in, torques out, one :meth:`tick` per millisecond.

    ``q``, ``dq``, ``gravity_tau`` and ``force_n`` may be any sequences of floats; tuples and
    lists are fastest (arrays cost three times as much). The returned list is overwritten by the
    next tick.
    """

    def __init__(
        self,
        config: JointLoopConfig,
        limits: JointLimits,
        *,
        model: ArmModel | None = None,
    ) -> None:
        self.config = config
        if config.impedance.inertia_feedforward and model is None:
            model = ArmModel(limits=limits)
        self._model = model
        self._law = JointImpedanceController(config.impedance, limits, tick_s=config.tick_s)
        self._velocity = JointVelocityController(config.velocity, limits)
        self._limiter = TorqueLimiter(config.limiter, limits, tick_s=config.tick_s)
        self._reference = CubicReference(config.speed_cap_rad_per_s, tick_s=config.tick_s)
        self._lower: Array = limits.lower_rad + config.limit_margin_rad
        self._upper: Array = limits.upper_rad - config.limit_margin_rad
        self._kd: Array = np.array(config.impedance.damping_n_m_s_per_rad)
        self._step: Callable[..., list[float]] = self._no_torque
        self._timeout_ticks = round(config.target_timeout_s / config.tick_s)
        self._zero = [0.0] * N_JOINTS
        self._q: Sequence[float] = self._zero
        self._q_safe = self._zero
        self._bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self._set_force_window()
        self._start_counters()
        self.status = LoopStatus.IDLE

    def _start_counters(self) -> None:
        self.stops = 0
        self.faults = 0
        self.late = 0
        self._clamps = 0
        self.target_stamp_ns = -1
        self._above = 0
        self._force_faults = 0
        self._stop_ticks = 0
        self._fault_run = 0
        self._late_run = 0
        self._k = 0
        self._last = 0
        self._idle_ticks = 0
        self._watch = False
        self._force: Sequence[float] = (0.0, 0.0, 0.0)
        self._feed: list[list[float]] = [self._zero]

    def start(self, q_rad: Sequence[float]) -> None:
        """Engage at the measured position: clears stops and faults, ramps the stiffness up."""
        q = np.asarray(q_rad, dtype=np.float64)
        if q.shape != (N_JOINTS,):
            raise CommandRejectedError(
                RejectionCode.WRONG_SHAPE, f"start position has shape {q.shape}, not (7,)"
            )
        if not np.isfinite(q).all():
            raise CommandRejectedError(
                RejectionCode.NON_FINITE, f"start position {q.tolist()} is not finite"
            )
        self._start_counters()
        self._reference.rest(np.clip(q, self._lower, self._upper).tolist())
        self._q = q.tolist()
        self._q_safe = self._reference.positions[0]
        self._law.reset()
        self._velocity.reset()
        self._limiter.reset()
        self._step = self._velocity.step if self.config.mode == "velocity" else self._law.step
        self.status = LoopStatus.OK

    def set_force_bias(self, force_n: Sequence[float]) -> None:
        """Bias to be subtracted from the force before the contact-force stop judges it."""
        if len(force_n) != 3 or not np.isfinite(np.asarray(force_n, dtype=np.float64)).all():
            raise CommandRejectedError(
                RejectionCode.NON_FINITE, f"force bias {list(force_n)} is not three finite numbers"
            )
        self._bias = (float(force_n[0]), float(force_n[1]), float(force_n[2]))
        self._set_force_window()

    @property
    def force_bias_n(self) -> tuple[float, float, float]:
        """Bias that the contact-force stop subtracts, N."""
        return self._bias

    def _set_force_window(self) -> None:
        contact = self.config.contact
        x, y, z = self._bias
        self._window = (
            (x - contact.lateral_n, x + contact.lateral_n),
            (y - contact.lateral_n, y + contact.lateral_n),
            (z - contact.vertical_n, z + contact.vertical_n),
        )
        (self._x0, self._x1), (self._y0, self._y1), (self._z0, self._z1) = self._window

    def set_target(self, target: JointTarget) -> None:
        """Move the reference to a target within its duration, from where the reference is.

        The target is cut to the joint limits and the speed cap (``period_clamps`` says so).

        Raises:
            CommandRejectedError: not started, latched, or the target is not finite.
        """
        if self.status is LoopStatus.IDLE:
            raise CommandRejectedError(RejectionCode.NOT_STARTED, "the joint loop is not engaged")
        if self.status in (LoopStatus.LATCHED, LoopStatus.FAULT):
            raise CommandRejectedError(
                RejectionCode.LATCHED, f"status is {self.status.value}; start anew first"
            )
        goal = target.q_rad
        if not (np.isfinite(goal).all() and np.isfinite(target.duration_s)):
            raise CommandRejectedError(
                RejectionCode.NON_FINITE, f"target {goal.tolist()}, {target.duration_s} s"
            )
        if not self.config.tick_s <= target.duration_s <= 10.0:
            raise CommandRejectedError(
                RejectionCode.OUT_OF_RANGE,
                f"duration {target.duration_s} s, allowed {self.config.tick_s:g} to 10 s",
            )
        self._mark_safe()
        self._clamps = 0
        self.target_stamp_ns = target.stamp_ns
        self._idle_ticks = 0
        self._watch = True
        self.status = LoopStatus.OK
        self._move(goal, target.duration_s)

    def hold(self) -> None:
        """Stop the reference where it is."""
        if self.status is LoopStatus.IDLE:
            raise CommandRejectedError(RejectionCode.NOT_STARTED, "the joint loop is not engaged")
        self._reference.rest(self._reference.positions[self._k])
        self._rewind()

    def _move(self, goal: Array, duration_s: float) -> None:
        inside = np.minimum(np.maximum(goal, self._lower), self._upper)
        if (inside != goal).any():
            self._clamps |= int(Clamp.REFERENCE_POSITION)
        start = np.array(self._reference.positions[self._k])
        if self._reference.move(self._k, inside, duration_s):
            self._clamps |= int(Clamp.REFERENCE_SPEED)
        self._rewind(start)

    def _rewind(self, start: Array | None = None) -> None:
        reference = self._reference
        self._k = 0
        self._last = len(reference.positions) - 1
        law = self.config.impedance
        if self.config.mode == "velocity":
            self._feed = reference.velocities.tolist()
        elif start is not None and (law.velocity_feedforward or law.inertia_feedforward):
            feed = reference.feedforward(
                self._kd if law.velocity_feedforward else None,
                self._model.mass_matrix(start)
                if law.inertia_feedforward and self._model is not None
                else None,
            )
            feed[-1] = 0.0
            self._feed = feed.tolist()
        else:
            self._feed = [self._zero] * (self._last + 1)

    def _mark_safe(self) -> None:
        share = self.config.contact.safe_share
        for value, (low, high) in zip(self._force, self._window, strict=True):
            middle = 0.5 * (low + high)
            if not abs(value - middle) <= share * (high - middle):
                return
        measured = np.asarray(self._q, dtype=np.float64)
        inside = np.minimum(np.maximum(measured, self._lower), self._upper)
        if np.isfinite(inside).all():
            self._q_safe = inside.tolist()

    def tick(
        self,
        q: Sequence[float],
        dq: Sequence[float],
        gravity_tau: Sequence[float],
        force_n: Sequence[float],
    ) -> list[float]:
        """Motor torque of this millisecond, (7,) N m."""
        x, y, z = force_n
        if not (
            self._x0 <= x <= self._x1 and self._y0 <= y <= self._y1 and self._z0 <= z <= self._z1
        ):
            self._force_above(q, force_n)
        elif self._above or self._force_faults:
            self._above = self._force_faults = 0
        k = self._k
        torque = self._step(self._reference.positions[k], self._feed[k], q, dq)
        out = self._limiter.apply(torque, q, dq, gravity_tau)
        if out is None:
            return self._fault()
        self._q = q
        self._force = force_n
        if k < self._last:
            self._k = k + 1
        else:
            self._at_rest()
        if self._limiter.clamps:
            self._clamps |= self._limiter.clamps
        if self._fault_run:
            self._fault_run = 0
        if self._stop_ticks:
            self._stop_ticks -= 1
        return out

    def note_period(self, period_s: float) -> bool:
        """Real-time drivers report each loop period; True when the loop holds as it is late."""
        if period_s <= self.config.late_period_s:
            self._late_run = 0
            return False
        self.late += 1
        self._late_run += 1
        if self._late_run < self.config.late_ticks:
            return False
        self.hold()
        if self.status is LoopStatus.OK:
            self.status = LoopStatus.HOLD
        return True

    @property
    def period_clamps(self) -> Clamp:
        """Limits that were active since the last target."""
        return Clamp(self._clamps)

    @property
    def reference_rad(self) -> tuple[float, ...]:
        """Present joint reference, (7,) rad."""
        return tuple(self._reference.positions[self._k])

    @property
    def command_rad_per_s(self) -> tuple[float, ...]:
        """Joint velocity command of velocity mode, (7,) rad/s."""
        return tuple(self._velocity.command_rad_per_s)

    @property
    def integral_n_m(self) -> tuple[float, ...]:
        """Integral torque of the impedance law, (7,) N m."""
        return self._law.integral_n_m

    def _at_rest(self) -> None:
        self._idle_ticks += 1
        if (
            self._watch
            and self._idle_ticks > self._timeout_ticks + 1
            and self.status is LoopStatus.OK
        ):
            self.status = LoopStatus.HOLD

    def _force_above(self, q: Sequence[float], force_n: Sequence[float]) -> None:
        if not all(-1e6 < value < 1e6 for value in force_n):
            self._force_fault()
            return
        self._above += 1
        if self._above < self.config.contact.persist_ticks or self._stop_ticks:
            return
        if self.status in (LoopStatus.LATCHED, LoopStatus.FAULT, LoopStatus.IDLE):
            return
        self.stops += 1
        contact = self.config.contact
        self._law.reset_integral()
        measured = np.clip(np.asarray(q, dtype=np.float64), self._lower, self._upper)
        if np.isfinite(measured).all():
            self._reference.rest(measured.tolist())
            self._k = 0
        self._move(np.array(self._q_safe), contact.return_s)
        self._stop_ticks = self._last + 1
        latched = self.stops >= contact.latch_after
        self.status = LoopStatus.LATCHED if latched else LoopStatus.CONTACT_STOP

    def _force_fault(self) -> None:
        """A force that is no number: without contact stop the arm holds and stays so."""
        self.faults += 1
        self._force_faults += 1
        if self._force_faults == self.config.fault_ticks and self.status is not LoopStatus.IDLE:
            self.hold()
            self.status = LoopStatus.FAULT

    @staticmethod
    def _no_torque(
        reference: Sequence[float],
        feed: Sequence[float],
        q: Sequence[float],
        dq: Sequence[float],
    ) -> list[float]:
        return [0.0] * N_JOINTS

    def _fault(self) -> list[float]:
        self.faults += 1
        self._fault_run += 1
        self._law.reset_integral()
        if self._fault_run >= self.config.fault_ticks:
            self.status = LoopStatus.FAULT
        return self._limiter.fade()
