"""Settings that the learners share."""

from __future__ import annotations

from dataclasses import dataclass

from sawyer_core.config import setting, validate


@dataclass(frozen=True)
class EncoderConfig:
    """Image encoder: 3x3 convolutions of stride 2, a linear layer, LayerNorm, tanh."""

    channels: tuple[int, ...] = setting(
        (16, 32, 32), bounds=(1, 512), doc="channels of the convolutions (widths of digest B.4)"
    )
    features: int = setting(64, bounds=(1, 1024), doc="length of the code the MLPs see")
    decoupled: bool = setting(
        False,
        doc="an actor with an encoder of its own does not train it: the regression alone does "
        "(ours)",
    )
    representation_lr: float = setting(
        1e-3,
        bounds=(1e-7, 0.1),
        doc="step size of the regression that teaches an actor's encoder what the critics see "
        "besides (ours)",
    )

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class DemoConfig:
    """Behaviour cloning on demonstrations, thesis chapter 5, equations (17)-(19).

    Used only where a demonstration batch is given: the actor then minimises
    ``lambda1 * L_RL + (lambda2_times_batch / N_D) * sum_i |pi(s_i) - a_i|^2 * mask_i``.
    """

    batch_size: int = setting(
        32, bounds=(1, 65536), doc="N_D, demonstrations in each update", source="digest B.3 item 3"
    )
    lambda1: float = setting(
        1e-3,
        bounds=(0.0, 1e6),
        read_only=False,
        doc="weight of the learner's own actor loss",
        source="thesis ch. 5, lines 2226-2235",
    )
    lambda2_times_batch: float = setting(
        1.0,
        bounds=(0.0, 1e6),
        read_only=False,
        doc="lambda2 * N_D: 1 is the seed's lambda2 = 1/N_D whatever the batch size",
        source="thesis ch. 5, lines 2226-2235",
    )
    q_filter: bool = setting(
        True, doc="clone only where Q(s, a) > Q(s, pi(s))", source="thesis ch. 5, eq. (19)"
    )

    def __post_init__(self) -> None:
        validate(self)
