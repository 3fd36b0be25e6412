"""Stable-Baselines3 set up as our learners are; imported only where it is measured."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from sawyer_policies.learners.sac.config import SacConfig
from sawyer_policies.learners.td3.config import Td3Config
from sawyer_policies.observations import LearnerSpaces

MODULES = ("stable_baselines3", "cloudpickle", "pandas")
INSTALL = "pip install --no-deps stable-baselines3==2.9.2 cloudpickle pandas"


def missing() -> list[str]:
    """Modules that Stable-Baselines3 needs and that are not installed."""
    return [name for name in MODULES if importlib.util.find_spec(name) is None]


class _Spaces(gymnasium.Env[Any, Any]):
    """Nothing but the spaces; never stepped."""

    def __init__(self, spaces: LearnerSpaces) -> None:
        if spaces.image_shape is None:
            shape, low, high, dtype = (spaces.state_dim,), -np.inf, np.inf, np.float32
            self.observation_space = gymnasium.spaces.Box(low, high, shape, dtype)
        else:
            picture = (1, *spaces.image_shape)
            self.observation_space = gymnasium.spaces.Box(0, 255, picture, np.uint8)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (spaces.action_dim,), np.float32)


def _extractor(config: SacConfig | Td3Config) -> type[Any]:
    """Our encoder as a features extractor of Stable-Baselines3."""
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

    from sawyer_policies.learners.networks import Encoder

    encoder = config.encoder

    class SawyerEncoder(BaseFeaturesExtractor):
        def __init__(self, observation_space: Any) -> None:
            super().__init__(observation_space, encoder.features)
            _, height, width = observation_space.shape
            self.encoder = Encoder((height, width), encoder.channels, encoder.features)

        def forward(self, observations: Any) -> Any:
            return self.encoder(observations.squeeze(1))  # divides by 255 itself

    return SawyerEncoder


def _settings(config: SacConfig | Td3Config, policy: dict[str, Any]) -> dict[str, Any]:
    """Our numbers by the names of Stable-Baselines3."""
    settings: dict[str, Any] = {
        "batch_size": config.batch_size,
        "gamma": config.gamma,
        "tau": config.tau,
        "learning_rate": config.critic_lr,
        "policy_kwargs": policy,
        "seed": 0,
    }
    if isinstance(config, Td3Config):
        settings |= {"policy_delay": config.policy_delay}
        settings |= {"target_policy_noise": config.target_noise}
        settings |= {"target_noise_clip": config.target_noise_clip}
    else:
        settings |= {"ent_coef": f"auto_{config.init_alpha}"}
    return settings


def _normalise(made: Any) -> None:
    """Put a layer norm before each ReLU of the critics, for which there is no setting."""
    from torch import nn

    for critic in (made.critic, made.critic_target):
        for index, net in enumerate(critic.q_networks):
            layers: list[nn.Module] = []
            for layer in net:
                if isinstance(layer, nn.ReLU):
                    norm = nn.LayerNorm(layers[-1].out_features).to(made.device)
                    layers.append(norm)
                    if critic is made.critic:
                        critic.optimizer.add_param_group({"params": list(norm.parameters())})
                layers.append(layer)
            critic.q_networks[index] = nn.Sequential(*layers)
            setattr(critic, f"qf{index}", critic.q_networks[index])


def make_rival(
    name: str,
    config: SacConfig | Td3Config,
    spaces: LearnerSpaces,
    content: dict[str, npt.NDArray[Any]],
    *,
    device: str,
    shared: bool = False,
) -> Callable[[int], None]:
    """Function that makes so many updates of Stable-Baselines3's SAC or TD3.

    Args:
        name: ``"sac"`` or ``"td3"``.
        config: settings of our learner; the same numbers are used.
        spaces: state alone or image alone.
        content: what fills its replay buffer (obs, next_obs, action, reward, terminal).
        device: where its networks live; its replay buffer is always in main memory.
        shared: one encoder for actor and critic, which it then trains with the actor's loss.
    """
    from stable_baselines3 import SAC, TD3
    from stable_baselines3.common.logger import Logger

    image = spaces.image_shape is not None
    policy: dict[str, Any] = {"net_arch": list(config.hidden)}
    if image:
        policy |= {"features_extractor_class": _extractor(config)}
        policy |= {"share_features_extractor": shared, "normalize_images": False}
    settings = _settings(config, policy)
    settings |= {"buffer_size": len(content["reward"]), "device": device}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a MLP on a GPU, pictures smaller than Atari's
        made = (SAC if name == "sac" else TD3)(
            "CnnPolicy" if image else "MlpPolicy", _Spaces(spaces), **settings
        )
    if config.critic_layer_norm:
        _normalise(made)
    made.set_logger(Logger(None, []))
    replay: Any = made.replay_buffer
    shape = replay.observations.shape
    replay.observations[:] = content["obs"].reshape(shape)
    replay.next_observations[:] = content["next_obs"].reshape(shape)
    replay.actions[:, 0] = content["action"]
    replay.rewards[:, 0] = content["reward"]
    replay.dones[:, 0] = content["terminal"]
    replay.full = True
    batch = config.batch_size
    return lambda updates: made.train(updates, batch)
