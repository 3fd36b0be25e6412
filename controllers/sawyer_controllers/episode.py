"""One episode: the per-step logic that both back ends share."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from sawyer_controllers.episode_spec import EpisodeDraw, EpisodeSpec, draw_episode
from sawyer_controllers.p_controller import PController, PControllerConfig
from sawyer_controllers.sensing import InsertionState
from sawyer_controllers.workspace import Workspace
from sawyer_core.errors import CommandRejectedError, RejectionCode, ShapeError
from sawyer_core.tasks import InsertionTask
from sawyer_core.types import (
    ArmState,
    Array,
    EeDelta,
    Image,
    PolicyInput,
    SensorFrame,
    Wrench,
    frozen_vector,
)

__all__ = [
    "INVALID_REASONS",
    "EpisodeCore",
    "EpisodeDraw",
    "EpisodeResult",
    "EpisodeSpec",
    "StepAction",
    "StepResult",
    "StopReason",
    "draw_episode",
]


class StopReason(str, Enum):
    """Why an episode ended."""

    RUNNING = "running"
    SUCCESS = "success"
    HORIZON = "horizon"
    SAFETY_STOP = "safety_stop"
    POLICY_FAULT = "policy_fault"
    SENSOR_FAULT = "sensor_fault"
    ABORTED = "aborted"


INVALID_REASONS = (StopReason.POLICY_FAULT, StopReason.SENSOR_FAULT, StopReason.ABORTED)


@dataclass(frozen=True, eq=False)
class StepAction:
    """The parts of one step's action, each (3,) m; ``command`` is their sum.

    ``learned`` is what the policy gave; ``learned_clipped`` what was added; ``disturbance`` the
    control noise of eq. (46), part of the sum.
    """

    step: int
    base_m: Array
    learned_m: Array
    learned_clipped_m: Array
    command_m: Array
    fault: str = ""
    disturbance_m: Array = field(default_factory=lambda: np.zeros(3))

    def __post_init__(self) -> None:
        for name in _STEP_PARTS:
            object.__setattr__(self, name, frozen_vector(name, getattr(self, name), 3))


_STEP_PARTS = ("base_m", "learned_m", "learned_clipped_m", "command_m", "disturbance_m")


@dataclass(frozen=True)
class StepResult:
    """Whether the episode goes on."""

    step: int
    done: bool
    success: bool
    reason: StopReason


@dataclass(frozen=True)
class EpisodeResult:
    """Outcome of one episode; ``valid`` is False where it must not count as a failure either."""

    connector: str
    policy: str
    seed: int
    noise_mm: float
    goal_offset_m: tuple[float, ...]
    success: bool
    valid: bool
    reason: str
    message: str
    evidence: str
    steps: int
    time_s: float
    peak_force_n: float
    final_distance_m: float
    final_lateral_m: float
    final_depth_m: float


class EpisodeCore:
    """Per-step logic of an episode; the only place where base and learned action are summed.

    Use: ``begin``, then per control period ``act`` -> execute -> ``observe``, until done.
    """

    def __init__(
        self,
        task: InsertionTask,
        *,
        base: PControllerConfig | None = None,
        source: str = "episode_manager",
    ) -> None:
        self.task = task
        self.source = source
        self._base = PController.of_task(task, base)
        self._workspace = Workspace.of_task(task)
        self._spec: EpisodeSpec | None = None

    def begin(
        self, spec: EpisodeSpec, draw: EpisodeDraw, force_bias_n: npt.ArrayLike = (0.0, 0.0, 0.0)
    ) -> None:
        """Start an episode with the force bias that its reset measured.

        Raises:
            ConfigError: the commanded goal is outside the workspace.
        """
        goal = self.task.goal + draw.goal_offset_m
        self._workspace.check_goal(goal)
        self._spec = spec
        self._draw = draw
        self.commanded_goal_m: Array = frozen_vector("commanded_goal_m", goal, 3)
        self._bias = frozen_vector("force_bias_n", force_bias_n, 3)
        self._step = 0
        self._control_rng = np.random.default_rng(draw.control_seed)
        self._faults = 0
        self._start_ns: int | None = None
        self._peak_n = 0.0
        self._last: tuple[SensorFrame, InsertionState] | None = None
        self._reason = StopReason.RUNNING
        self._message = ""
        self.last_action: StepAction | None = None

    @property
    def spec(self) -> EpisodeSpec:
        """Spec of the running episode."""
        if self._spec is None:
            raise CommandRejectedError(RejectionCode.NOT_STARTED, "no episode has begun")
        return self._spec

    @property
    def draw(self) -> EpisodeDraw:
        """Draws of the running episode."""
        if self._spec is None:
            raise CommandRejectedError(RejectionCode.NOT_STARTED, "no episode has begun")
        return self._draw

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self._step

    @property
    def done(self) -> bool:
        """Whether the episode has ended."""
        return self._reason is not StopReason.RUNNING

    def centered(self, wrench: Wrench) -> Wrench:
        """The wrench without the force bias."""
        return Wrench(wrench.stamp_ns, wrench.force_n - self._bias, wrench.torque_n_m)

    def policy_input(self, frame: SensorFrame, image: Image | None = None) -> PolicyInput:
        """What the policy sees at this step."""
        return PolicyInput(
            ee_position_m=frame.arm.ee_position_m,
            goal_position_m=self.commanded_goal_m,
            force_n=frame.wrench.force_n - self._bias,
            step=self._step,
            image=image,
            object_state=frame.objects,
        )

    def base_action(self, arm: ArmState) -> Array:
        """(3,) m action of the base controller for the commanded goal; zero without one."""
        if self.spec.base_controller == "none":
            return np.zeros(3)
        return self._base.action(arm.ee_position_m, self.commanded_goal_m)

    def act(
        self,
        frame: SensorFrame,
        insertion: InsertionState | None,
        policy_action: npt.ArrayLike | None,
        base_action: npt.ArrayLike | None = None,
        *,
        message: str = "",
    ) -> EeDelta:
        """Command of this step: base action plus (clipped) policy action.

        A late policy action leaves the base action alone; one of the wrong shape or not finite
        gives a hold for this step, base action included. Both are counted; the
        ``max_policy_faults``-th in a row is a hold and ends the episode.

        Args:
            frame: frame the actions were computed from; its stamp goes into the command.
            insertion: insertion state of the same stamp (kept for the result).
            policy_action: (3,) m, None if the policy did not answer in time.
            base_action: (3,) m, by default :meth:`base_action` of this frame.
            message: what is known of a late or unusable answer.
        """
        spec = self.spec
        if self.done:
            raise CommandRejectedError(
                RejectionCode.LATCHED, f"the episode has ended: {self._reason.value}"
            )
        if self._start_ns is None:
            self._start_ns = frame.stamp_ns
        base = self.base_action(frame.arm) if base_action is None else base_action
        base = frozen_vector("base_action", base, 3)
        learned, fault = _usable(policy_action, message)
        late = policy_action is None
        if spec.base_controller == "none":
            clipped = learned
        else:
            clipped = np.clip(learned, -spec.learned_clip_m, spec.learned_clip_m)
        if not np.isfinite(base).all():
            fault, late = f"base action {base.tolist()} is not finite", False
        self._faults = self._faults + 1 if fault else 0
        ended = self._faults >= spec.max_policy_faults
        noise = self._disturbance()
        if ended or (fault and not late):
            noise = command = np.zeros(3)
        else:
            command = base + clipped + noise
        self.last_action = StepAction(self._step, base, learned, clipped, command, fault, noise)
        if ended:
            self.abort(StopReason.POLICY_FAULT, fault)
        return EeDelta(frame.stamp_ns, command, self.source, self._step)

    def _disturbance(self) -> Array:
        """Eq. (46): u' = u + N(mu, sigma^2) on each axis, (3,) m; zero where none is asked for."""
        spec = self.spec
        if spec.control_sigma == 0.0 and spec.control_mu == 0.0:
            return np.zeros(3)
        unit = spec.control_mu + spec.control_sigma * self._control_rng.standard_normal(3)
        noise: Array = unit * spec.learned_clip_m
        return noise

    def observe(
        self, frame: SensorFrame, insertion: InsertionState, *, safety_stop: str = ""
    ) -> StepResult:
        """Take the frame at the end of the step; say whether the episode goes on.

        Args:
            frame: frame at the end of the control period.
            insertion: insertion state of the same stamp.
            safety_stop: why the guard or the joint loop has stopped for good, "" if not.
        """
        spec = self.spec
        self._step += 1
        self._last = (frame, insertion)
        peak = float(np.linalg.norm(frame.wrench_peak.force_n - self._bias))
        if np.isfinite(peak):
            self._peak_n = max(self._peak_n, peak)
        if not self.done:
            if not np.isfinite(frame.arm.ee_position_m).all():
                self.abort(StopReason.SENSOR_FAULT, "end-effector position is not finite")
            elif insertion.success:
                self._reason = StopReason.SUCCESS
            elif safety_stop:
                self.abort(StopReason.SAFETY_STOP, safety_stop)
            elif self._step >= spec.horizon:
                self._reason = StopReason.HORIZON
        success = self._reason is StopReason.SUCCESS
        return StepResult(self._step, self.done, success, self._reason)

    def abort(self, reason: StopReason, message: str) -> None:
        """End the episode from outside; the first reason stays."""
        if not self.done:
            self._reason = reason
            self._message = message

    def result(self) -> EpisodeResult:
        """Outcome so far; distances are to the true goal, not to the perturbed one."""
        spec = self.spec
        distance = lateral = depth = float("nan")
        time_s = 0.0
        evidence = "none"
        if self._last is not None:
            frame, insertion = self._last
            error = frame.arm.ee_position_m - self.task.goal
            distance = float(np.linalg.norm(error))
            lateral = float(np.hypot(error[0], error[1]))
            depth = float(self.task.mouth_height_m - error[2])
            evidence = insertion.evidence.value
            time_s = (frame.stamp_ns - (self._start_ns or 0)) * 1e-9
        return EpisodeResult(
            connector=spec.connector,
            policy=spec.policy,
            seed=spec.seed,
            noise_mm=spec.noise_mm,
            goal_offset_m=tuple(self._draw.goal_offset_m.tolist()),
            success=self._reason is StopReason.SUCCESS,
            valid=self._reason not in INVALID_REASONS,
            reason=self._reason.value,
            message=self._message,
            evidence=evidence,
            steps=self._step,
            time_s=time_s,
            peak_force_n=self._peak_n,
            final_distance_m=distance,
            final_lateral_m=lateral,
            final_depth_m=depth,
        )


def _usable(policy_action: npt.ArrayLike | None, message: str) -> tuple[Array, str]:
    if policy_action is None:
        return np.zeros(3), message or "the policy did not answer in time"
    try:
        action = frozen_vector("policy_action", policy_action, 3)
    except ShapeError as error:
        return np.zeros(3), str(error)
    if not np.isfinite(action).all():
        return np.zeros(3), message or f"policy action {action.tolist()} is not finite"
    return action, ""
