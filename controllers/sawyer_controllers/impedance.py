"""Joint-space impedance with anti-windup PID (thesis chapter 9 names it, law in docs).

Plain floats on purpose: for seven joints a loop over floats takes 1 us, the same in numpy calls
on arrays of seven takes several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError
from sawyer_core.limits import JointLimits
from sawyer_core.types import N_JOINTS


@dataclass(frozen=True)
class ImpedanceConfig:
    """Gains of the law, one value per joint, proximal to distal."""

    stiffness_n_m_per_rad: tuple[float, ...] = setting(
        (800.0, 800.0, 500.0, 500.0, 200.0, 150.0, 60.0),
        unit="N m/rad",
        length=N_JOINTS,
        bounds=(0.0, 5000.0),
        doc="K_p; the end effector is as stiff as 2.2 N/mm vertically, 0.9 to 1.1 N/mm laterally",
        source="ours: 100 N m/rad of the lab [E3] cannot follow 15 mm in 0.1 s; the servos of the "
        "public MuJoCo model have 800, 800, 800, 800, 500, 500, 500",
    )
    integral_n_m_per_rad_s: tuple[float, ...] = setting(
        (20.0,) * N_JOINTS,
        unit="N m/(rad s)",
        length=N_JOINTS,
        bounds=(0.0, 5000.0),
        doc="K_i",
        source="residual_insertion_daib B.5: 20 N m/(rad s)",
    )
    damping_n_m_s_per_rad: tuple[float, ...] = setting(
        (55.0, 55.0, 28.0, 28.0, 5.0, 3.0, 0.4),
        unit="N m s/rad",
        length=N_JOINTS,
        bounds=(0.0, 500.0),
        doc="K_d; j6 turns only 0.9 g m^2, more than 0.9 N m s/rad is unstable at 1 kHz",
        source="ours: 0.7 to 0.9 of critical damping in the insertion pose",
    )
    anti_windup_n_m_per_rad: tuple[float, ...] = setting(
        (800.0, 800.0, 500.0, 500.0, 200.0, 150.0, 60.0),
        unit="N m/rad",
        length=N_JOINTS,
        bounds=(1.0, 5000.0),
        doc="K_aw, back-calculation gain",
        source="residual_insertion_daib B.5: K_aw = K_p",
    )
    torque_limit_n_m: tuple[float, ...] = setting(
        (40.0, 40.0, 25.0, 25.0, 9.0, 9.0, 6.0),
        unit="N m",
        length=N_JOINTS,
        bounds=(0.01, 80.0),
        doc="tau_max, clip of the law's torque (gravity compensation comes on top)",
        source="ours, below the effort limits; the lab's clips (8, 7, 6, 5, 4, 3, 2) allow a push "
        "of 16 N only and are to be scaled per connector (residual_insertion_daib 1.3)",
    )
    integral_share: float = setting(
        0.3,
        bounds=(0.0, 1.0),
        doc="largest integral torque as a share of tau_max",
        source="residual_insertion_daib B.5: 0.3 tau_max",
    )
    ramp_s: float = setting(
        0.1,
        unit="s",
        bounds=(0.0, 5.0),
        doc="time in which the stiffness grows from 0 on engage",
        source="residual_insertion_daib B.5 [E3]: 0.1 s",
    )
    velocity_feedforward: bool = setting(
        True, doc="damp the deviation from the reference velocity instead of all motion"
    )
    inertia_feedforward: bool = setting(
        True, doc="add M(q) times the reference acceleration (needs the arm model)"
    )

    def __post_init__(self) -> None:
        validate(self)


class JointImpedanceController:
    """PID with saturation, integrator clamp and back-calculation anti-windup.

    tau_raw = ramp K_p e + w - K_d dq + feedforward, e = q_d - q, w = K_i I
    tau = sat(tau_raw, tau_max)
    dw/dt = K_i (e + (tau - tau_raw) / K_aw), |w| <= share tau_max

    The torque never exceeds tau_max, whatever the input; an input that is not a number gives
    no torque for that joint (the joint loop turns it into a fault).
    """

    def __init__(
        self, config: ImpedanceConfig, limits: JointLimits, *, tick_s: float = 0.001
    ) -> None:
        for index, name in enumerate(limits.names):
            if config.torque_limit_n_m[index] > limits.effort_n_m[index]:
                raise ConfigError(
                    f"ImpedanceConfig.torque_limit_n_m[{index}]",
                    config.torque_limit_n_m[index],
                    f"at most {limits.effort_n_m[index]:g} N m, the effort limit of {name}",
                )
        self.config = config
        self.torque: list[float] = [0.0] * N_JOINTS
        self._w: list[float] = [0.0] * N_JOINTS
        self._ramp_step = 1.0 if config.ramp_s <= tick_s else tick_s / config.ramp_s
        self._ramp = self._ramp_step
        self._rows = [
            (
                joint,
                config.stiffness_n_m_per_rad[joint],
                config.damping_n_m_s_per_rad[joint],
                config.integral_n_m_per_rad_s[joint] * tick_s,
                1.0 / config.anti_windup_n_m_per_rad[joint],
                config.torque_limit_n_m[joint],
                config.integral_share * config.torque_limit_n_m[joint],
            )
            for joint in range(N_JOINTS)
        ]

    @property
    def integral_n_m(self) -> tuple[float, ...]:
        """Present integral torque w, (7,) N m."""
        return tuple(self._w)

    def reset(self) -> None:
        """Engage anew: integrators to zero, stiffness ramp from the start."""
        self._ramp = self._ramp_step
        self.reset_integral()

    def reset_integral(self) -> None:
        """Forget the integral torque, as after every contact stop."""
        self._w = [0.0] * N_JOINTS

    def step(
        self,
        reference: Sequence[float],
        feedforward: Sequence[float],
        q: Sequence[float],
        dq: Sequence[float],
    ) -> list[float]:
        """Torque of this tick, (7,) N m without gravity; valid until the next call."""
        w = self._w
        out = self.torque
        ramp = self._ramp
        if ramp < 1.0:
            self._ramp = min(1.0, ramp + self._ramp_step)
        for j, kp, kd, ki_dt, inv_kaw, tau_max, w_max in self._rows:
            e = reference[j] - q[j]
            wj = w[j]
            raw = ramp * kp * e + wj + feedforward[j] - kd * dq[j]
            if -tau_max <= raw <= tau_max:
                out[j] = raw
                wj += ki_dt * e
            else:
                tau = tau_max if raw > tau_max else (-tau_max if raw < -tau_max else 0.0)
                out[j] = tau
                wj += ki_dt * (e + (tau - raw) * inv_kaw)
            if -w_max <= wj <= w_max:
                w[j] = wj
            else:
                w[j] = w_max if wj > w_max else (-w_max if wj < -w_max else 0.0)
        return out
