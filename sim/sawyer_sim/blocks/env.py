"""Gymnasium environment ``Sawyer/Blocks-v0``: block assembly, one step is one control period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from sawyer_controllers.blocks import (
    BlocksReward,
    BlocksRewardConfig,
    make_blocks_reward,
)
from sawyer_controllers.episode import EpisodeSpec, StopReason
from sawyer_controllers.scripted import PolicyProtocol
from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.specs import BASE_CONTROLLERS
from sawyer_core.types import Array
from sawyer_sim.blocks.assembly import BLOCKS_NAMES, load_blocks
from sawyer_sim.config import TwinConfig
from sawyer_sim.session import InsertionSession, SessionConfig
from sawyer_sim.twin import Twin

ENV_ID = "Sawyer/Blocks-v0"
EPISODE_OPTIONS = ("block_yaw_rad", "block_yaw_set", "control_sigma", "control_mu")

_POSITION = spaces.Box(-2.0, 2.0, (3,), np.float64)
_FORCE = spaces.Box(-500.0, 500.0, (3,), np.float64)
_OBJECTS = spaces.Box(-4.0, 4.0, (10,), np.float64)
_OBSERVATIONS = spaces.Dict(
    {
        "ee_position": _POSITION,
        "goal_position": _POSITION,
        "force": _FORCE,
        "object_state": _OBJECTS,
    }
)

Observation = dict[str, np.ndarray[Any, Any]]


class BlocksEnv(gymnasium.Env[Observation, np.ndarray[Any, Any]]):  # type: ignore[misc]
    """Block assembly on the twin, with the same controllers and reset as the graph.

    Observation: a dict of ``ee_position`` (3,) m, ``goal_position`` (3,) m, ``force`` (3,) N
    bias-free and ``object_state`` (10,), all float64. The thirteen numbers of the digest are
    ``ee_position - goal_position`` and ``object_state``.

    Action: (3,) float32 in [-1, 1], times ``action_scale_m``: the learned part u of
    u' = pi_H + u + N(mu, sigma^2), eq. (45) and (46).

    An episode ends when the success state has been held for 0.5 s (``terminated``), on a safety
    stop (``terminated``) or at the horizon (``truncated``). ``info["result"]`` then holds the
    episode's result and ``info["episode_return"]`` the return in which the last reward goes on
    to the horizon, so that short and long episodes compare.

    Args:
        scene: ``blocks`` (twin A) or ``blocks_b`` (twin B: other friction, mass and tracker).
        base_controller: ``p_controller`` (eq. 50, the hand controller) or ``none``.
        base_policy: frozen policy whose action is added to the base controller's, clipped like
            a learned one: sim-to-real with the policy of one twin as the base in another.
        block_yaw_rad: r, yaw of each standing block at the reset.
        block_yaw_set: ``uniform`` U[-r, r] or ``discrete`` {0, r, -r}.
        control_sigma, control_mu: noise and bias of eq. (46), share of a full action.
        action_scale_m: displacement of a full action, at most the guard's 15 mm.
        reward: ``blocks`` or ``blocks_tilt``.
        reward_config: weights instead of the reward's own, as a mapping.
        horizon: steps of an episode.
        twin: overrides of :class:`TwinConfig` as a nested mapping.
        session: settings of the parts around the twin.
        render_mode: ``rgb_array`` (overview) or None.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(
        self,
        scene: str = "blocks",
        *,
        base_controller: str = "p_controller",
        base_policy: PolicyProtocol | None = None,
        block_yaw_rad: float = 0.0,
        block_yaw_set: str = "uniform",
        control_sigma: float = 0.0,
        control_mu: float = 0.0,
        action_scale_m: float | None = None,
        reward: str = "blocks",
        reward_config: Mapping[str, Any] | None = None,
        horizon: int = 50,
        twin: dict[str, Any] | None = None,
        session: SessionConfig | None = None,
        render_mode: str | None = None,
    ) -> None:
        if scene not in BLOCKS_NAMES:
            raise UnknownNameError("scene", scene, BLOCKS_NAMES)
        if base_controller not in BASE_CONTROLLERS:
            raise UnknownNameError("base controller", base_controller, BASE_CONTROLLERS)
        if render_mode not in (None, "rgb_array"):
            raise UnknownNameError("render mode", str(render_mode), ("rgb_array",))
        if action_scale_m is not None and not 0.0 < action_scale_m <= 0.015:
            raise ConfigError("action_scale_m", action_scale_m, "above 0, at most 0.015 m")
        self.render_mode = render_mode
        self._twin = Twin(load_blocks(scene), from_mapping(TwinConfig, twin or {}))
        task = self._twin.task
        self._scale_m = task.learned_clip_m if action_scale_m is None else float(action_scale_m)
        self._session = InsertionSession(self._twin, session)
        weights = None if reward_config is None else _weights(reward_config)
        self._reward: BlocksReward = make_blocks_reward(reward, task, weights)
        self._base_policy = base_policy
        self._spec = EpisodeSpec(
            connector=self._twin.connector.name,
            policy="external",
            base_controller=base_controller,
            horizon=horizon,
            learned_clip_m=self._scale_m,
            block_yaw_rad=float(block_yaw_rad),
            block_yaw_set=block_yaw_set,
            control_sigma=float(control_sigma),
            control_mu=float(control_mu),
        )
        self.action_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.observation_space = _OBSERVATIONS

    @property
    def twin(self) -> Twin:
        """The twin behind the environment."""
        return self._twin

    @property
    def session(self) -> InsertionSession:
        """Everything around the twin."""
        return self._session

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; with a seed it is the same to the last bit, whatever ran before.

        Args:
            seed: seed of the episode, by default drawn from the environment's generator.
            options: any of ``EPISODE_OPTIONS``, for this episode.
        """
        super().reset(seed=seed)
        changes: dict[str, Any] = {
            "seed": int(self.np_random.integers(2**31)) if seed is None else int(seed) % 2**31
        }
        for key, value in (options or {}).items():
            if key not in EPISODE_OPTIONS:
                raise UnknownNameError("option", key, EPISODE_OPTIONS)
            changes[key] = value
        spec = from_mapping(EpisodeSpec, {**asdict(self._spec), **changes})
        draw = self._session.begin(spec)
        if self._base_policy is not None:
            self._base_policy.reset(np.random.default_rng(draw.policy_seed))
        self._begin_ns = self._session.frame.stamp_ns
        self._return = 0.0
        return self._observe(), self._info()

    def step(
        self, action: np.ndarray[Any, Any]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control period with the learned action."""
        clipped = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        outcome = self._session.step(clipped * self._scale_m, self._base_action())
        frame = self._session.frame
        reward = self._reward(frame.arm.ee_position_m, frame.objects)
        self._return += reward
        truncated = outcome.reason is StopReason.HORIZON
        terminated = outcome.done and not truncated
        info = self._info()
        if outcome.done:
            left = self._session.core.spec.horizon - outcome.step
            info["result"] = asdict(self._session.result())
            info["episode_return"] = self._return + left * reward
        return self._observe(), reward, terminated, truncated, info

    def _base_action(self) -> Array | None:
        """Base controller plus frozen policy; None where the core's own base is all."""
        if self._base_policy is None:
            return None
        session, clip = self._session, self._scale_m
        frozen = np.asarray(self._base_policy.action(session.policy_input()))
        base = session.core.base_action(session.frame.arm)
        total: Array = base + np.clip(frozen, -clip, clip)
        return total

    def render(self) -> np.ndarray[Any, Any] | None:
        """Overview picture in mode ``rgb_array``."""
        return self._twin.render_overview(320, 240) if self.render_mode else None

    def close(self) -> None:
        """Release the engine."""
        self._twin.close()

    def _observe(self) -> Observation:
        seen = self._session.policy_input()
        return {
            "ee_position": np.array(seen.ee_position_m),
            "goal_position": np.array(seen.goal_position_m),
            "force": np.array(seen.force_n),
            "object_state": np.array(seen.object_state),
        }

    def _info(self) -> dict[str, Any]:
        session = self._session
        action = session.core.last_action
        return {
            "goal_position_m": np.array(session.core.commanded_goal_m),
            "force_n": np.array(session.policy_input().force_n),
            "success": bool(session.insertion.success),
            "inserted": bool(session.insertion.inserted),
            "disturbance_m": np.zeros(3) if action is None else np.array(action.disturbance_m),
            "block_yaw_rad": session.core.draw.block_yaw_rad,
            "episode_time_s": (session.frame.stamp_ns - self._begin_ns) * 1e-9,
        }


def _weights(values: Mapping[str, Any]) -> BlocksRewardConfig:
    return from_mapping(BlocksRewardConfig, values)
