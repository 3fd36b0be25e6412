"""Settings of TD3."""

from __future__ import annotations

from dataclasses import dataclass, field

from sawyer_core.config import setting, validate
from sawyer_policies.learners.config import DemoConfig, EncoderConfig


@dataclass(frozen=True)
class Td3Config:
    """Twin delayed deep deterministic policy gradient."""

    hidden: tuple[int, ...] = setting(
        (128, 128),
        bounds=(1, 4096),
        doc="hidden units of actor and critics (digest B.4: 100 to 256; 128 keeps bundles small)",
    )
    batch_size: int = setting(256, bounds=(1, 65536), source="digest A.4 [E4]")
    gamma: float = setting(
        0.98, bounds=(0.0, 0.9999), doc="discount, 1 - 1/50 steps", source="digest B.4 [E2]"
    )
    tau: float = setting(0.005, bounds=(1e-5, 1.0), doc="Polyak step", source="digest A.4 [E4]")
    actor_lr: float = setting(1e-3, bounds=(1e-7, 0.1), source="digest A.4 [E4]")
    critic_lr: float = setting(1e-3, bounds=(1e-7, 0.1), source="digest A.4 [E4]")
    policy_delay: int = setting(
        2,
        bounds=(1, 100),
        doc="actor and targets move every so many updates",
        source="digest A.4 [E4]",
    )
    target_noise: float = setting(
        0.2, bounds=(0.0, 2.0), doc="sigma of the target smoothing", source="digest A.4 [E4]"
    )
    target_noise_clip: float = setting(
        0.5, bounds=(0.0, 2.0), doc="limit of that noise", source="digest A.4 [E4]"
    )
    exploration_noise: float = setting(
        0.1,
        bounds=(0.0, 2.0),
        read_only=False,
        doc="sigma added while acting, action in [-1, 1]",
        source="digest B.4: as A.4 [E4]",
    )
    critic_layer_norm: bool = setting(
        False, doc="normalise the hidden layers of the critics (ours, against overestimation)"
    )
    zero_init: bool = setting(True, doc="last layer of the actor starts at zero: action 0")
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    demo: DemoConfig = field(default_factory=DemoConfig)

    def __post_init__(self) -> None:
        validate(self)
