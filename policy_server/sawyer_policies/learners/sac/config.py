"""Settings of soft actor-critic."""

from __future__ import annotations

from dataclasses import dataclass, field

from sawyer_core.config import setting, validate
from sawyer_core.errors import ConfigError
from sawyer_policies.learners.config import DemoConfig, EncoderConfig


@dataclass(frozen=True)
class SacConfig:
    """Soft actor-critic with two critics and an automatic entropy temperature."""

    hidden: tuple[int, ...] = setting(
        (128, 128),
        bounds=(1, 4096),
        doc="hidden units of actor and critics (digest B.4: 100 to 256; 128 keeps bundles small)",
    )
    batch_size: int = setting(256, bounds=(1, 65536), source="rlkit SAC")
    gamma: float = setting(
        0.98, bounds=(0.0, 0.9999), doc="discount, 1 - 1/50 steps", source="digest B.4 [E2]"
    )
    tau: float = setting(0.005, bounds=(1e-5, 1.0), doc="Polyak step", source="rlkit SAC")
    actor_lr: float = setting(3e-4, bounds=(1e-7, 0.1), source="digest B.4 [E2]")
    critic_lr: float = setting(3e-4, bounds=(1e-7, 0.1), source="digest B.4 [E2]")
    alpha_lr: float = setting(
        3e-4, bounds=(1e-7, 1.0), doc="step size of log alpha", source="digest B.4 [E2]"
    )
    automatic_entropy: bool = setting(
        True, doc="adapt alpha; else it stays at init_alpha", source="digest B.4 [E4]"
    )
    init_alpha: float = setting(
        0.1, bounds=(1e-6, 100.0), doc="entropy temperature at the start (usual: 1)"
    )
    target_entropy_per_dim: float = setting(
        -1.0,
        bounds=(-20.0, 5.0),
        unit="nat",
        doc="target entropy over the number of action dimensions",
        source="digest B.3: -dim(a)",
    )
    init_log_std: float = setting(
        -1.0,
        bounds=(-10.0, 2.0),
        doc="log standard deviation of the fresh policy, before the tanh",
    )
    log_std_min: float = setting(-10.0, bounds=(-20.0, 2.0), doc="usual: -20 or -5")
    log_std_max: float = setting(2.0, bounds=(-20.0, 4.0), source="rlkit SAC")
    policy_delay: int = setting(
        1, bounds=(1, 1000), doc="updates of the critics for each of actor and temperature"
    )
    critic_layer_norm: bool = setting(
        False, doc="normalise the hidden layers of the critics (ours, against overestimation)"
    )
    zero_init: bool = setting(True, doc="last layer of the actor starts at zero: mean action 0")
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    demo: DemoConfig = field(default_factory=DemoConfig)

    def __post_init__(self) -> None:
        validate(self)
        if not self.log_std_min <= self.init_log_std <= self.log_std_max:
            raise ConfigError(
                "SacConfig.init_log_std",
                self.init_log_std,
                f"from log_std_min {self.log_std_min:g} to log_std_max {self.log_std_max:g}",
            )
