"""Joint-velocity control with force limits (thesis chapter 10; law in docs).

The arm's own servo follows the velocity. On a back end that takes torques only, that servo is
stood in for by a damping torque towards the commanded velocity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError
from sawyer_core.limits import JointLimits
from sawyer_core.types import N_JOINTS


@dataclass(frozen=True)
class VelocityConfig:
    """Spline following with a proportional correction and speed caps."""

    position_gain_per_s: float = setting(
        2.0,
        unit="1/s",
        bounds=(0.0, 100.0),
        doc="K, correction of the position error",
        source="residual_insertion_daib C.6 [E1]: K = 2 /s",
    )
    speed_cap_rad_per_s: tuple[float, ...] = setting(
        (0.88, 0.678, 0.996, 0.996, 1.776, 1.776, 2.316),
        unit="rad/s",
        length=N_JOINTS,
        bounds=(1e-3, 5.0),
        doc="largest commanded joint speed",
        source="residual_insertion_daib 1.3 [E1]: lab's speed caps",
    )
    servo_n_m_s_per_rad: tuple[float, ...] = setting(
        (40.0, 40.0, 30.0, 20.0, 4.0, 2.5, 0.4),
        unit="N m s/rad",
        length=N_JOINTS,
        bounds=(0.01, 500.0),
        doc="gain of the stand-in for the arm's velocity servo; j6 turns only 0.9 g m^2, more "
        "than 0.9 is unstable at 1 kHz",
    )
    torque_limit_n_m: tuple[float, ...] = setting(
        (8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0),
        unit="N m",
        length=N_JOINTS,
        bounds=(0.01, 80.0),
        doc="clip of the servo's torque (gravity compensation comes on top)",
        source="residual_insertion_daib 1.3 [E3]: lab's torque clips",
    )

    def __post_init__(self) -> None:
        validate(self)


class JointVelocityController:
    """dq_cmd = clip(dq_ref + K (q_d - q), cap); tau = sat(servo (dq_cmd - dq), tau_max)."""

    def __init__(self, config: VelocityConfig, limits: JointLimits) -> None:
        for index, name in enumerate(limits.names):
            for field, value, limit in (
                (
                    "torque_limit_n_m",
                    config.torque_limit_n_m[index],
                    float(limits.effort_n_m[index]),
                ),
                (
                    "speed_cap_rad_per_s",
                    config.speed_cap_rad_per_s[index],
                    float(limits.velocity_rad_per_s[index]),
                ),
            ):
                if value > limit:
                    raise ConfigError(
                        f"VelocityConfig.{field}[{index}]",
                        value,
                        f"at most {limit:g}, the limit of {name}",
                    )
        self.config = config
        self.command_rad_per_s: list[float] = [0.0] * N_JOINTS
        self.torque: list[float] = [0.0] * N_JOINTS
        self._rows = [
            (
                joint,
                config.position_gain_per_s,
                config.speed_cap_rad_per_s[joint],
                config.servo_n_m_s_per_rad[joint],
                config.torque_limit_n_m[joint],
            )
            for joint in range(N_JOINTS)
        ]

    def reset(self) -> None:
        """Start from rest."""
        self.command_rad_per_s = [0.0] * N_JOINTS

    def step(
        self,
        reference: Sequence[float],
        reference_velocity: Sequence[float],
        q: Sequence[float],
        dq: Sequence[float],
    ) -> list[float]:
        """Torque of this tick, (7,) N m without gravity; ``command_rad_per_s`` is set too."""
        command = self.command_rad_per_s
        out = self.torque
        for j, gain, cap, servo, tau_max in self._rows:
            speed = reference_velocity[j] + gain * (reference[j] - q[j])
            if not -cap <= speed <= cap:
                speed = cap if speed > cap else (-cap if speed < -cap else 0.0)
            command[j] = speed
            tau = servo * (speed - dq[j])
            if not -tau_max <= tau <= tau_max:
                tau = tau_max if tau > tau_max else (-tau_max if tau < -tau_max else 0.0)
            out[j] = tau
        return out
