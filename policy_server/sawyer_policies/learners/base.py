"""What the off-policy learners have in common; the update step is each learner's own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from sawyer_core.config import to_mapping
from sawyer_core.errors import ConfigError, ShapeError
from sawyer_policies.learners.batch import Batch, concatenate, expected_observation
from sawyer_policies.learners.errors import CheckpointError, NonFiniteLossError
from sawyer_policies.learners.networks import Critic
from sawyer_policies.learners.optim import PlainAdam
from sawyer_policies.learners.policy_net import PolicyNetwork, architecture
from sawyer_policies.learners.replay import ReplayBuffer
from sawyer_policies.learners.representation import Representation
from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.observations import LearnerSpaces

Metrics: TypeAlias = dict[str, Any]
LearnerConfig: TypeAlias = SacConfig | Td3Config
GENERATORS = ("indices", "noise", "demo_indices", "representation")


class OffPolicyLearner:
    """Networks, optimisers, chance and checkpoints of a twin-critic learner.

    Chance comes from four numpy generators (replay indices, noise, demonstration indices, those of
    the encoder's regression), each read in order, so results depend neither on the device nor on
    how updates are grouped.
    """

    NAME: ClassVar[str]
    HEAD: ClassVar[str]
    NOISE_SETS: ClassVar[int]
    """Sets of standard normal numbers (B, A) that one update uses."""
    LOG_STD_BOUNDS: tuple[float, float] = (0.0, 0.0)

    def __init__(
        self, config: LearnerConfig, spaces: LearnerSpaces, *, seed: int, device: str = "cpu"
    ) -> None:
        policy_spaces = spaces.of_policy()
        if policy_spaces.state_dim < 1 and spaces.image_shape is None:
            raise ConfigError("spaces", spaces, "a state, an image or both")
        self.spaces = spaces
        self.device = torch.device(device)
        self.updates = 0
        self.actor_updates = 0
        streams = np.random.SeedSequence(seed).spawn(len(GENERATORS))
        self.generators = {
            name: np.random.default_rng(stream)
            for name, stream in zip(GENERATORS, streams, strict=True)
        }
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._build(config)
            self.optimisers = self._make_optimisers(config)
            self.representation = self._make_representation(config)
        if self.representation is not None:
            self.optimisers["representation"] = self.representation.optimiser

    # ---- construction

    def _build(self, config: LearnerConfig) -> None:
        arch = architecture(
            self.spaces.of_policy(),
            head=self.HEAD,
            hidden=config.hidden,
            channels=config.encoder.channels,
            features=config.encoder.features,
            log_std_bounds=self.LOG_STD_BOUNDS,
        )
        self.policy = PolicyNetwork.from_architecture(arch)
        encoder, inputs = self.policy.encoder, self.policy.trunk.layers[0].in_features
        if self.asymmetric:
            encoder, inputs = None, self.spaces.state_dim
        self.critic = Critic(
            encoder,
            inputs,
            self.spaces.action_dim,
            config.hidden,
            layer_norm=config.critic_layer_norm,
        )
        self.policy.to(self.device)
        self.critic.to(self.device)
        self.target_critic = copy.deepcopy(self.critic).requires_grad_(False)

    @property
    def asymmetric(self) -> bool:
        """Whether the critics see another observation than the actor, who has his own encoder."""
        return self.spaces.privileged_dim > 0

    @property
    def actor(self) -> nn.Module:
        """What the actor's loss trains; a shared encoder is the critics'."""
        return self.policy if self.asymmetric else self.policy.trunk

    def _head(
        self, policy: nn.Module, obs: Mapping[str, Tensor], code: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation of ``policy`` at the critics' ``code`` or its own."""
        if not self.asymmetric:
            found: tuple[Tensor, Tensor] = self.policy.head_of(policy, code)
            return found
        seen = self.spaces.state_dim - self.spaces.privileged_dim
        state = obs["state"][:, :seen] if seen else None
        detached = self._config.encoder.decoupled
        mean, log_std = policy(state, obs.get("image"), detached=detached)
        return mean, log_std

    def _modules(self) -> dict[str, nn.Module]:
        """Networks whose weights are part of the state; a shared encoder is the critic's."""
        found: dict[str, nn.Module] = {
            "critic": self.critic,
            "actor": self.actor,
            "target_critic": self.target_critic,
        }
        if self.representation is not None:
            found["representation"] = self.representation.layer
        return found

    def _make_representation(self, config: LearnerConfig) -> Representation | None:
        if not self.asymmetric or self.policy.encoder is None:
            return None
        return Representation(
            self.policy.encoder,
            config.encoder.features,
            self.spaces.privileged_dim,
            config.encoder.representation_lr,
            self.device,
        )

    def _make_optimisers(self, config: LearnerConfig) -> dict[str, Any]:
        """Optimisers by name; their parameters carry names that are unique within each."""
        return {
            "critic": PlainAdam(list(self.critic.named_parameters()), config.critic_lr),
            "actor": PlainAdam(list(self.actor.named_parameters()), config.actor_lr),
        }

    # ---- acting

    @torch.no_grad()
    def _raw_action(self, obs: Mapping[str, npt.ArrayLike]) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation before the tanh for a batch of observations."""
        found: dict[str, Tensor] = {}
        for name, shape, dtype in expected_observation(self.spaces):
            value = torch.as_tensor(np.asarray(obs[name])) if name in obs else None
            if value is None or tuple(value.shape[1:]) != shape:
                got = "missing" if value is None else tuple(value.shape)
                raise ShapeError(f"obs.{name}", got, ("B", *shape))
            found[name] = value.to(device=self.device, dtype=dtype)
        seen = self.spaces.state_dim - self.spaces.privileged_dim
        state = found["state"][:, :seen] if seen else None
        mean, log_std = self.policy(state, found.get("image"))
        return mean, log_std

    # ---- updating

    def update(
        self, batch: Batch, *, demo: Batch | None = None, update_actor: bool = True
    ) -> Metrics:
        """One gradient step of everything; without the actor it only trains the critics.

        Args:
            batch: transitions of the replay buffer.
            demo: demonstrated transitions; they join the batch and add the cloning loss.
            update_actor: False while the critics warm up.

        Raises:
            NonFiniteLossError: carries the batch. No parameter was changed by it, except by the
                fused update on a GPU: there the losses are read back once per block of at most
                32 updates, after their steps, so go on from a checkpoint.
            ShapeError: the batch does not fit the spaces.
        """
        batch.check(self.spaces)
        joined, demos = batch, 0
        if demo is not None:
            demo.check(self.spaces, "demo")
            joined, demos = concatenate(batch, demo), len(demo)
        noise = torch.from_numpy(self._draw_noise(1, len(joined))[0]).to(self.device)
        metrics = self._step(joined, noise, demos, update_actor)
        self.updates += 1
        return metrics

    def update_many(
        self,
        replay: ReplayBuffer,
        n: int,
        *,
        demo_replay: ReplayBuffer | None = None,
        update_actor: bool = True,
    ) -> dict[str, float]:
        """``n`` updates on batches of ``config.batch_size`` drawn from ``replay``.

        Returns:
            The mean of each metric over the updates that computed it.

        Raises:
            NonFiniteLossError: carries the first such batch; see :meth:`update` for what was
                changed by then.
        """
        sums: dict[str, list[float]] = {}
        for _ in range(n):
            batch = replay.sample(self._config.batch_size, self.generators["indices"])
            demo = None
            if demo_replay is not None:
                size = self._config.demo.batch_size
                demo = demo_replay.sample(size, self.generators["demo_indices"])
            for name, value in self.update(batch, demo=demo, update_actor=update_actor).items():
                sums.setdefault(name, []).append(float(value))
        return {name: sum(values) / len(values) for name, values in sums.items()}

    def represent(self, replay: ReplayBuffer, n: int) -> float:
        """``n`` steps that teach the actor's encoder what the critics see; the mean loss.

        Raises:
            ConfigError: the actor has no encoder of its own.
        """
        if self.representation is None:
            raise ConfigError("representation", n, "an actor with pictures and privileged critics")
        size, rng = self._config.batch_size, self.generators["representation"]
        return self.representation.learn(replay, n, size, rng)

    @property
    def _config(self) -> LearnerConfig:
        raise NotImplementedError

    def _step(self, batch: Batch, noise: Tensor, demos: int, update_actor: bool) -> Metrics:
        raise NotImplementedError

    def _draw_noise(self, n: int, size: int) -> npt.NDArray[np.float32]:
        """(n, NOISE_SETS, size, A) standard normal numbers for ``n`` updates."""
        shape = (n, self.NOISE_SETS, size, self.spaces.action_dim)
        return self.generators["noise"].standard_normal(shape, dtype=np.float32)

    def _require_finite(self, metrics: Metrics, batch: Batch) -> None:
        values = {name: float(value) for name, value in metrics.items()}
        if not all(np.isfinite(value) for value in values.values()):
            raise NonFiniteLossError(values, batch, self.updates + 1)

    # ---- state

    def _tensors(self) -> dict[str, Tensor]:
        """Every tensor of the state by name, the tensors themselves."""
        found: dict[str, Tensor] = {}
        for owner, module in self._modules().items():
            for name, value in module.state_dict(keep_vars=True).items():
                found[f"{owner}.{name}"] = value
        for owner, optimiser in self.optimisers.items():
            for name, value in optimiser.moments().items():
                found[f"adam.{owner}.{name}"] = value
        return found

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Copies of all tensors and JSON-able meta: enough to go on to the same curve."""
        tensors = {
            name: value.detach().to("cpu", copy=True) for name, value in self._tensors().items()
        }
        meta = {
            "algorithm": self.NAME,
            "config": to_mapping(self._config),
            "updates": self.updates,
            "actor_updates": self.actor_updates,
            "steps": {name: optimiser.steps for name, optimiser in self.optimisers.items()},
            "generators": {name: rng.bit_generator.state for name, rng in self.generators.items()},
        }
        return tensors, meta

    def load_state(self, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
        """Take over a state; afterwards updates go on as if never interrupted.

        Raises:
            CheckpointError: it is of another algorithm, or a tensor is missing, unknown or of
                another shape. Nothing is changed then.
        """
        if meta.get("algorithm") != self.NAME:
            raise CheckpointError(
                f"checkpoint of {meta.get('algorithm')!r} offered to a {self.NAME!r} learner"
            )
        own = self._tensors()
        missing, unknown = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
        if missing or unknown:
            raise CheckpointError(f"checkpoint: missing {missing}, unknown {unknown}")
        for name, value in own.items():
            if tensors[name].shape != value.shape:
                raise CheckpointError(
                    f"checkpoint: {name} has shape {tuple(tensors[name].shape)}, "
                    f"expected {tuple(value.shape)}"
                )
        with torch.no_grad():
            for name, value in own.items():
                value.copy_(tensors[name])
        self.updates, self.actor_updates = int(meta["updates"]), int(meta["actor_updates"])
        for name, optimiser in self.optimisers.items():
            optimiser.steps = int(meta["steps"][name])
        for name, rng in self.generators.items():
            rng.bit_generator.state = meta["generators"][name]

    def policy_network(self) -> tuple[dict[str, Any], dict[str, Tensor]]:
        """Architecture and weights of the actor with its encoder, what a bundle stores."""
        weights = {
            name: value.detach().to("cpu", copy=True).contiguous()
            for name, value in self.policy.state_dict().items()
        }
        return dict(self.policy.architecture), weights
