"""Policies out of bundles: one forward pass for one robot or for many. Loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from sawyer_core import BundleError, PolicyInput, PolicySpec, SawyerError
from sawyer_core.types import Array
from sawyer_policies.bundles.files import Weights
from sawyer_policies.bundles.info import BundleInfo
from sawyer_policies.devices import torch_device
from sawyer_policies.held_noise import HeldNoise
from sawyer_policies.learners.policy_net import PolicyNetwork
from sawyer_policies.observations import Encoded, LearnerSpaces, ObservationEncoder

ACTION_DIM = 3


@dataclass(frozen=True, eq=False)
class Request:
    """One robot's part of a forward pass: network inputs and the noise of its action.

    ``noise`` is None where the action is the middle of the distribution.
    """

    encoded: Encoded
    noise: Array | None


class Bundle:
    """A loaded bundle: its spec and its network, shared by all policies made from it.

    Args:
        folder: where it was read from.
        info: what ``policy.json`` says.
        weights: of the network.
        version: which weights these are.
        device: where the network runs.

    Raises:
        BundleError: network, weights and observation do not belong together.
        ConfigError: there is no such device.
    """

    def __init__(
        self,
        folder: Path,
        info: BundleInfo,
        weights: Weights,
        *,
        version: str,
        device: str = "cpu",
    ) -> None:
        self.folder = folder
        self.info = info
        self.version = version
        self.spec: PolicySpec = info.policy_spec(version)
        self.encoder = ObservationEncoder(info.observation)
        self._device = torch_device(device)
        self._scale_m = float(info.action_scale_m)
        self._network = _network(folder, info, weights, self.encoder.spaces).to(self._device)
        self.sampling = info.sampling
        self._sigma = float(info.exploration_noise)
        self.noise_hold_steps = info.noise_hold_steps

    def make_policy(self) -> BundlePolicy:
        """A fresh policy; any number of them share the network."""
        return BundlePolicy(self)

    def act_batch(self, encoded: Sequence[Encoded], noises: Sequence[Array | None]) -> Array:
        """(B, 3) float64, m: the actions of B robots out of one forward pass.

        Args:
            encoded: network inputs of each robot.
            noises: (3,) numbers for each, standard normal (uniform from -1 to 1 where sampling
                is uniform); None for the middle.
        """
        mean, log_std = self._forward(encoded)
        before = mean  # (B, 3)
        after = np.zeros_like(mean)
        for row, noise in enumerate(noises):
            if noise is not None and self.sampling == "uniform":
                before[row], after[row] = 0.0, noise
            elif noise is not None and self._sigma:
                after[row] = self._sigma * noise
            elif noise is not None:
                before[row] += np.exp(log_std[row]) * noise
        action: Array = np.clip(np.tanh(before) + after, -1.0, 1.0) * self._scale_m
        return action

    def run(self, requests: Sequence[Request]) -> Array:
        """(B, 3) m, for requests of policies of this bundle."""
        return self.act_batch([r.encoded for r in requests], [r.noise for r in requests])

    def warm_up(self, batch: int = 1) -> None:
        """Run once with zeros, so that the first real answer is not late."""
        spaces = self.encoder.spaces
        encoded: Encoded = {}
        if spaces.state_dim:
            encoded["state"] = np.zeros(spaces.state_dim, np.float32)
        if spaces.image_shape is not None:
            encoded["image"] = np.zeros(spaces.image_shape, np.uint8)
        for size in {1, batch}:
            self._forward([encoded] * size)

    def _forward(self, encoded: Sequence[Encoded]) -> tuple[Array, Array]:
        with torch.inference_mode():
            mean, log_std = self._network(
                self._stack(encoded, "state"), self._stack(encoded, "image")
            )
            both = torch.stack((mean, log_std)).to("cpu", torch.float64).numpy()
        return both[0], both[1]

    def _stack(self, encoded: Sequence[Encoded], name: str) -> Any:
        if name not in encoded[0]:
            return None
        return torch.from_numpy(np.stack([one[name] for one in encoded])).to(self._device)


class BundlePolicy:
    """A learned policy; its chance comes only from the generator given at the reset."""

    def __init__(self, bundle: Bundle) -> None:
        self.group = bundle
        self._noise = HeldNoise(np.random.default_rng(0), bundle.noise_hold_steps)

    def reset(self, rng: np.random.Generator) -> None:
        """Start an episode."""
        self._noise = HeldNoise(rng, self.group.noise_hold_steps)

    def prepare(self, observation: PolicyInput) -> Request:
        """This robot's part of the next forward pass; draws the noise of its action.

        Raises:
            ShapeError: the observation lacks an array.
        """
        encoded = self.group.encoder.encode(observation)
        return Request(encoded, self._draw())

    def _draw(self) -> Array | None:
        sampling = self.group.sampling
        if sampling == "deterministic":
            return None
        if sampling == "uniform":
            return self._noise.uniform(ACTION_DIM)
        return self._noise.standard_normal(ACTION_DIM)

    def action(self, observation: PolicyInput) -> npt.NDArray[np.float64]:
        """(3,) m, base axes."""
        first: npt.NDArray[np.float64] = self.group.run([self.prepare(observation)])[0]
        return first


def _network(
    folder: Path, info: BundleInfo, weights: Weights, spaces: LearnerSpaces
) -> PolicyNetwork:
    wanted = {
        "state_dim": spaces.state_dim,
        "image_shape": None if spaces.image_shape is None else list(spaces.image_shape),
        "action_dim": ACTION_DIM,
    }
    for key, value in wanted.items():
        if info.network.get(key, "missing") != value:
            text = f"network.{key} = {info.network.get(key)!r}, but the observation makes it"
            raise BundleError(folder, f"{text} {value!r}")
    if info.sampling == "stochastic" and info.network.get("head") != "gaussian":
        head = info.network.get("head")
        raise BundleError(folder, f"sampling is stochastic, but network.head = {head!r}")
    try:
        network = PolicyNetwork.from_architecture(info.network).load(weights)
    except (SawyerError, KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
        raise BundleError(folder, f"the network cannot be built: {error}") from error
    return network.requires_grad_(False).eval()
