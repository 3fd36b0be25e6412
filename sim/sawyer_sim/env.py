"""Gymnasium environment ``Sawyer/Insertion-v0``: one step is one control period of 100 ms."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces

from sawyer_controllers.episode import EpisodeSpec, StopReason
from sawyer_controllers.rewards import REWARDS, RewardInput, make_reward, needs_image
from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, SimulationError, UnknownNameError
from sawyer_core.specs import BASE_CONTROLLERS
from sawyer_core.types import Image
from sawyer_sim.config import TwinConfig
from sawyer_sim.session import InsertionSession, SessionConfig
from sawyer_sim.twin import Twin

ENV_ID = "Sawyer/Insertion-v0"
OBSERVATIONS = ("state", "image32", "both", "named")

_STATE_LOW = np.array([-2.0, -2.0, -2.0, -500.0], dtype=np.float32)
_STATE_HIGH = -_STATE_LOW

_POSITION = spaces.Box(-2.0, 2.0, (3,), np.float64)
_FORCE = spaces.Box(-500.0, 500.0, (3,), np.float64)

Observation = np.ndarray[Any, Any] | dict[str, np.ndarray[Any, Any]]


class InsertionEnv(gymnasium.Env[Observation, np.ndarray[Any, Any]]):  # type: ignore[misc]
    """Plug insertion on the twin, with the same controllers, sensing and reset as the graph.

    Observations (thesis chapter 9):
        state: (4,) float32, end-effector position in `base` (m) and bias-free vertical force (N).
        image32: (32, 32, 1) uint8 gray side view.
        both: a dict of ``state`` and ``image``.
        named: what the policies of the graph are sent, a dict of ``ee_position`` (3,) m,
            ``goal_position`` (3,) m as commanded, ``force`` (3,) N bias-free, all float64, and
            with ``with_image`` also ``image`` (32, 32) uint8.

    Action: (3,) float32 in [-1, 1], times ``action_scale_m``: the learned part that is added to
    the base controller's displacement.

    Args:
        connector: ``usb``, ``dsub`` or ``model_e``.
        observation: ``state``, ``image32``, ``both`` or ``named``.
        with_image: put the picture into a ``named`` observation.
        base_controller: ``p_controller`` or ``none``.
        noise_mm: half width of the goal perturbation in x and y.
        action_scale_m: displacement of a full action.
        reward: ``sparse`` (eq. 47), ``dense`` (eq. 48 as reconstructed) or ``image`` (L1 to the
            goal image).
        horizon: steps of an episode.
        twin: overrides of :class:`TwinConfig` as a nested mapping.
        session: settings of the parts around the twin.
        render_mode: ``rgb_array`` (overview) or None.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(
        self,
        connector: str = "usb",
        *,
        observation: str = "state",
        with_image: bool = False,
        base_controller: str = "p_controller",
        noise_mm: float = 0.0,
        action_scale_m: float = 0.001,
        reward: str = "sparse",
        horizon: int = 50,
        twin: dict[str, Any] | None = None,
        session: SessionConfig | None = None,
        render_mode: str | None = None,
    ) -> None:
        _require("observation", observation, OBSERVATIONS)
        _require("base controller", base_controller, BASE_CONTROLLERS)
        _require("reward", reward, REWARDS)
        _require("render mode", render_mode or "rgb_array", ("rgb_array",))
        if not 0.0 < action_scale_m <= 0.015:
            raise ConfigError("action_scale_m", action_scale_m, "above 0, at most 0.015 m")
        self.render_mode = render_mode
        self._observation = observation
        self._with_image = with_image
        self._scale_m = float(action_scale_m)
        self._twin = Twin(connector, from_mapping(TwinConfig, twin or {}))
        self._session = InsertionSession(self._twin, session)
        self._reward = make_reward(reward, self._twin.task)
        self._sees = needs_image(reward) or with_image or observation in ("image32", "both")
        self._picture: Image | None = None
        self._spec = EpisodeSpec(
            connector=self._twin.connector.name,
            policy="external",
            base_controller=base_controller,
            noise_mm=float(noise_mm),
            horizon=horizon,
            learned_clip_m=self._scale_m,
        )
        self.action_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        state = spaces.Box(_STATE_LOW, _STATE_HIGH, dtype=np.float32)
        image = spaces.Box(0, 255, (32, 32, 1), np.uint8)
        self.observation_space = {
            "state": state,
            "image32": image,
            "both": spaces.Dict({"state": state, "image": image}),
            "named": _named_space(with_image),
        }[observation]

    @property
    def twin(self) -> Twin:
        """The twin behind the environment."""
        return self._twin

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; with a seed it is the same to the last bit, whatever ran before.

        Args:
            seed: seed of the episode, by default drawn from the environment's generator.
            options: ``noise_mm`` overrides the perturbation of this episode.
        """
        super().reset(seed=seed)
        changes: dict[str, Any] = {
            "seed": int(self.np_random.integers(2**31)) if seed is None else int(seed) % 2**31
        }
        for key, value in (options or {}).items():
            if key != "noise_mm":
                raise UnknownNameError("option", key, ("noise_mm",))
            changes["noise_mm"] = float(value)
        spec = from_mapping(EpisodeSpec, {**asdict(self._spec), **changes})
        self._session.begin(spec)
        self._begin_ns = self._session.frame.stamp_ns
        self._look()
        return self._observe(), self._info()

    def step(
        self, action: np.ndarray[Any, Any]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """One control period with the learned action."""
        clipped = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        outcome = self._session.step(clipped * self._scale_m)
        self._look()
        reward = self._reward(self._reward_input())
        truncated = outcome.reason is StopReason.HORIZON
        terminated = outcome.done and not truncated
        info = self._info()
        if outcome.done:
            info["result"] = asdict(self._session.result())
        return self._observe(), reward, terminated, truncated, info

    def render(self) -> np.ndarray[Any, Any] | None:
        """Overview picture in mode ``rgb_array``."""
        return self._twin.render_overview(320, 240) if self.render_mode else None

    def close(self) -> None:
        """Release the engine."""
        self._twin.close()

    def _state(self) -> np.ndarray[Any, Any]:
        seen = self._session.policy_input()
        state = np.array([*seen.ee_position_m, seen.force_n[2]], dtype=np.float32)
        return np.clip(state, _STATE_LOW, _STATE_HIGH)

    def _look(self) -> None:
        if self._sees:
            self._picture = self._twin.render_policy_view()

    def _reward_input(self) -> RewardInput:
        seen = self._session.policy_input()
        inserted = bool(self._session.insertion.inserted)
        return RewardInput(seen.ee_position_m, seen.force_n, inserted, self._picture)

    def _observe(self) -> Observation:
        if self._observation == "state":
            return self._state()
        if self._observation == "named":
            return self._named()
        if self._picture is None:
            raise SimulationError("no picture was taken")
        image = self._picture[:, :, None]
        if self._observation == "image32":
            return image
        return {"state": self._state(), "image": image}

    def _named(self) -> dict[str, np.ndarray[Any, Any]]:
        seen = self._session.policy_input()
        named: dict[str, np.ndarray[Any, Any]] = {
            "ee_position": np.array(seen.ee_position_m),
            "goal_position": np.array(seen.goal_position_m),
            "force": np.array(seen.force_n),
        }
        if self._with_image and self._picture is not None:
            named["image"] = self._picture
        return named

    def _info(self) -> dict[str, Any]:
        session = self._session
        return {
            "goal_position_m": np.array(session.core.commanded_goal_m),
            "force_n": np.array(session.policy_input().force_n),
            "success": bool(session.insertion.success),
            "inserted": bool(session.insertion.inserted),
            "episode_time_s": (session.frame.stamp_ns - self._begin_ns) * 1e-9,
        }


def _require(kind: str, name: str, choices: tuple[str, ...]) -> None:
    if name not in choices:
        raise UnknownNameError(kind, name, choices)


def _named_space(with_image: bool) -> spaces.Dict:
    named: dict[str, spaces.Space[Any]] = {
        "ee_position": _POSITION,
        "goal_position": _POSITION,
        "force": _FORCE,
    }
    if with_image:
        named["image"] = spaces.Box(0, 255, (32, 32), np.uint8)
    return spaces.Dict(named)
