"""One process, no ROS: an episode from preparation to result, with the graph's own parts.

Command guard, Cartesian interface, joint loop, insertion sensor, reset routine, force bias and
episode core are the objects the nodes wrap; only the messages between them are missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sawyer_controllers.blocks import make_sensor
from sawyer_controllers.cartesian import CartesianConfig, CartesianInterface
from sawyer_controllers.episode import (
    EpisodeCore,
    EpisodeDraw,
    EpisodeResult,
    EpisodeSpec,
    StepResult,
    draw_episode,
)
from sawyer_controllers.guard import CommandGuard, GuardConfig, GuardDecision
from sawyer_controllers.joint_loop import LoopStatus
from sawyer_controllers.p_controller import PControllerConfig
from sawyer_controllers.reset import ResetConfig, ResetRoutine
from sawyer_controllers.sensing import InsertionState, SensingConfig
from sawyer_core.errors import CommandRejectedError, IkError, SimulationError
from sawyer_core.force_bias import ForceBiasConfig, ForceBiasEstimator
from sawyer_core.types import (
    ArmState,
    Array,
    EeDelta,
    Image,
    JointTarget,
    PolicyInput,
    SensorFrame,
    Wrench,
)
from sawyer_sim.twin import Twin

RESET_SOURCE = "reset"
EPISODE_SOURCE = "episode_manager"
_RESET_PERIODS = 600


@dataclass(frozen=True)
class SessionConfig:
    """Settings of the parts around the twin, the same as in the nodes."""

    cartesian: CartesianConfig = field(default_factory=CartesianConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    reset: ResetConfig = field(default_factory=ResetConfig)
    force_bias: ForceBiasConfig = field(default_factory=ForceBiasConfig)
    sensing: SensingConfig = field(default_factory=SensingConfig)
    base: PControllerConfig = field(default_factory=PControllerConfig)


FrameListener = Callable[[SensorFrame], None]


class InsertionSession:
    """Runs episodes on a twin, one control period at a time.

    Args:
        twin: the twin; stays with the caller, who closes it.
        config: settings of the parts around it.
        listener: called with every frame, those of the reset included.

    Attributes:
        unsolved: periods since the last :meth:`begin` in which no joint target could be found
            for the command; the arm held.
    """

    def __init__(
        self,
        twin: Twin,
        config: SessionConfig | None = None,
        *,
        listener: FrameListener | None = None,
    ) -> None:
        self.twin = twin
        self.config = SessionConfig() if config is None else config
        self._listener = listener
        task = twin.task
        self._cartesian = CartesianInterface(self.config.cartesian, twin.model, task)
        self._guard = CommandGuard(self.config.guard, task)
        self._reset = ResetRoutine(self.config.reset, task)
        self._sensor = make_sensor(self.config.sensing, task)
        self.core = EpisodeCore(task, base=self.config.base, source=EPISODE_SOURCE)
        self._bias: Array = np.zeros(3)
        self._frame: SensorFrame | None = None
        self._insertion: InsertionState | None = None
        self._goal: Array = task.goal
        self._last_target: JointTarget | None = None
        self.unsolved = 0

    @property
    def frame(self) -> SensorFrame:
        """Newest frame."""
        if self._frame is None:
            raise SimulationError("no episode has begun")
        return self._frame

    @property
    def insertion(self) -> InsertionState:
        """Newest insertion state."""
        if self._insertion is None:
            raise SimulationError("no episode has begun")
        return self._insertion

    def begin(self, spec: EpisodeSpec) -> EpisodeDraw:
        """Prepare the twin, reset above the commanded goal, zero the force, start the episode.

        Raises:
            SimulationError: the reset failed.
        """
        draw = draw_episode(spec)
        self._goal = self.twin.task.goal + draw.goal_offset_m
        self._bias = np.zeros(3)
        frame = self.twin.prepare_episode(draw.twin_seed, draw.block_yaw_rad)
        self._sensor.reset()
        self._take(frame)
        self._cartesian.reset(frame.arm)
        self._last_target = None
        self.unsolved = 0
        self._guard.reset()
        self._guard.acquire(RESET_SOURCE)
        try:
            self._run_reset(spec.period_s)
        finally:
            self._guard.release(RESET_SOURCE)
        self.core.begin(spec, draw, self._bias)
        return draw

    def _run_reset(self, period_s: float) -> None:
        self._reset.start(self.frame.arm, self._goal, self.insertion.inserted)
        estimator: ForceBiasEstimator | None = None
        for step in range(_RESET_PERIODS):
            frame = self.frame
            if estimator is not None:
                estimator.add(frame.wrench.force_n, frame.arm.dq_rad_per_s)
                if estimator.done:
                    self._bias = np.array(estimator.bias)
                    self.twin.loop.set_force_bias(self._bias.tolist())
                if estimator.done or estimator.failed:
                    self._reset.force_zeroed(estimator.done, estimator.message)
                    estimator = None
            command = self._reset.step(frame.arm, frame.wrench, self.insertion)
            if command.failed:
                raise SimulationError(f"the reset failed: {command.message}")
            if command.done:
                return
            if command.zero_force and estimator is None:
                estimator = ForceBiasEstimator(self.config.force_bias)
            delta = EeDelta(frame.stamp_ns, command.delta_m, RESET_SOURCE, step)
            self._execute(delta, period_s)
        raise SimulationError(f"the reset did not end within {_RESET_PERIODS} periods")

    def policy_input(self, image: Image | None = None) -> PolicyInput:
        """What a policy sees now."""
        return self.core.policy_input(self.frame, image)

    def step(
        self, policy_action: npt.ArrayLike | None, base_action: npt.ArrayLike | None = None
    ) -> StepResult:
        """One control period.

        Args:
            policy_action: (3,) m of the policy, None if it did not answer.
            base_action: (3,) m to add it to, by default the base controller's.
        """
        spec = self.core.spec
        delta = self.core.act(self.frame, self.insertion, policy_action, base_action)
        self._guard.acquire(EPISODE_SOURCE)
        try:
            self._execute(delta, spec.period_s)
        finally:
            self._guard.release(EPISODE_SOURCE)
        return self.core.observe(self.frame, self.insertion, safety_stop=self._stop_reason())

    def result(self) -> EpisodeResult:
        """Outcome of the episode."""
        return self.core.result()

    def _stop_reason(self) -> str:
        status = self.twin.loop.status
        if status in (LoopStatus.LATCHED, LoopStatus.FAULT):
            return f"joint loop: {status.value} after {self.twin.loop.stops} contact stops"
        if self._guard.latched:
            return f"guard: latched after {self._guard.contact_stops} contact stops"
        return ""

    def _execute(self, delta: EeDelta, period_s: float) -> None:
        frame = self.frame
        wrench = self._centered(frame)
        self._guard.note_loop_stops(self.twin.loop.stops)
        decision = self._guard.check(delta, frame.arm, wrench)
        target = self._target(decision, frame.arm, period_s)
        ticks = round(period_s / self.twin.config.physics.tick_s)
        try:
            self._take(self.twin.advance(target, ticks))
        except CommandRejectedError:
            # A latched joint loop takes no targets; it holds while the period passes.
            self._take(self.twin.advance(None, ticks))

    def _target(self, decision: GuardDecision, arm: ArmState, period_s: float) -> JointTarget:
        """Joint target of a decision; without a solution the arm holds, as in the node."""
        try:
            target = self._cartesian.execute(decision, arm, period_s)
        except (IkError, CommandRejectedError):
            self.unsolved += 1
            last = self._last_target
            q_rad = arm.q_rad if last is None else last.q_rad
            target = JointTarget(arm.stamp_ns, q_rad, period_s)
        self._last_target = target
        return target

    def _centered(self, frame: SensorFrame) -> Wrench:
        return Wrench(frame.stamp_ns, frame.wrench.force_n - self._bias, frame.wrench.torque_n_m)

    def _take(self, frame: SensorFrame) -> None:
        self._frame = frame
        self._insertion = self._sensor.update_frame(
            frame, self._goal, frame.wrench.force_n - self._bias
        )
        if self._listener is not None:
            self._listener(frame)
