"""One episode on the graph, from preparation to result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from rclpy.action.server import ServerGoalHandle
from sawyer_interfaces.action import Reset, RunEpisode
from sawyer_interfaces.msg import EeCommand, EpisodeResult, EpisodeStep, ErrorCode

from sawyer_controllers.episode import EpisodeCore, EpisodeSpec, draw_episode
from sawyer_controllers_ros import episode_messages, episode_transition
from sawyer_controllers_ros.episode_transition import Seen
from sawyer_controllers_ros.insertion_message import insertion_state
from sawyer_controllers_ros.policy_link import PolicyAnswer, PolicyQuestion
from sawyer_controllers_ros.reset_link import EpisodeError
from sawyer_core import ConfigError, PolicyInput, TransportError
from sawyer_core.specs import check_board
from sawyer_core.types import Array
from sawyer_ros_common import conversions
from sawyer_ros_common.frames import Frame
from sawyer_ros_common.stamps import to_ns

if TYPE_CHECKING:
    from sawyer_controllers_ros.episode_manager_node import EpisodeManagerNode


_FROM_RUN = ("reset_attempts", "reward_name", "reward_sum", "reward_last", "policy_version")
"""Fields of the result that the episode core knows nothing of."""


class EpisodeRun:
    """The coroutine of one episode and what it found out."""

    def __init__(self, node: EpisodeManagerNode, handle: ServerGoalHandle) -> None:
        goal: RunEpisode.Goal = handle.request
        self._node = node
        self._handle = handle
        self._goal = goal
        self._core = EpisodeCore(node.task, base=node.base_config, source=node.get_name())
        self._bias: Array = np.zeros(3)
        self._sees = False  # policy or reward ask for pictures
        self._policy_sees = False
        config = node.config
        self._lockstep = config.clock == "lockstep"
        self._keeps_pace = self._lockstep and config.wait_for_image
        self.stamp_ns = 0
        self._first_ns: int | None = None
        self.recording = False
        self.result = EpisodeResult(
            index=goal.index,
            connector=goal.connector,
            policy=goal.policy,
            noise_mm=goal.noise_mm,
            seed=goal.seed,
            reason="aborted",
            evidence="none",
            final_distance_mm=float("nan"),
            reward_name=node.score.name,
        )

    def fail(self, code: int, message: str) -> None:
        """The episode could not be run to an end; it does not count."""
        self.result.valid = False
        self.result.success = False
        self.result.error_code, self.result.error_msg = code, message

    @property
    def robot_s(self) -> float:
        """Robot time since the first state of this episode's own."""
        return 0.0 if self._first_ns is None else (self.stamp_ns - self._first_ns) * 1e-9

    async def run(self) -> None:
        """Prepare, reset, step until done.

        Raises:
            EpisodeError, SawyerError: why it could not be run to an end.
        """
        node, goal = self._node, self._goal
        spec = await self._make_spec()
        draw = draw_episode(spec)
        self._core.begin(spec, draw)  # refuses a goal outside the workspace before anything moves
        goal_m = self._core.commanded_goal_m
        if node.run_before and node.config.unplug_first and not node.loop_stop:
            await self._unplug()
        node.run_before = True
        if goal.record:
            self.recording = True
            again = f"_again{goal.attempt}" if goal.attempt else ""
            await node.recorder.start(f"episode_{goal.index:04d}{again}")
        node.goals.publish(episode_messages.goal_message(self._first_ns or 0, node.task, goal_m))
        self._phase("resetting")
        prepared_ns = await node.reset.prepare(draw.twin_seed, draw.block_yaw_rad)
        inserted = False
        if prepared_ns is None:  # the operator has handed over
            newest = await node.commander.frame_from(0)
            prepared_ns = newest.stamp_ns
            inserted = newest.insertion is not None and newest.insertion.inserted
        self.stamp_ns = prepared_ns
        if self._first_ns is None:
            self._first_ns = self.stamp_ns
        node.specs.publish(
            episode_messages.spec_message(self.stamp_ns, goal.index, spec, draw, goal_m)
        )
        reset = await self._reset(goal_m, self.stamp_ns, inserted=inserted)
        self.result.reset_attempts = reset.attempts
        self._bias = conversions.xyz(reset.bias)
        self._core.begin(spec, draw, self._bias)
        start_ns = to_ns(reset.stamp)
        await node.commander.acquire(start_ns, fresh=False)
        self._phase("running")
        frame = await node.commander.frame_from(start_ns)
        began = time.perf_counter()
        await self._steps(frame)
        self._take_result()
        self.result.steps_wall_s = time.perf_counter() - began

    async def _make_spec(self) -> EpisodeSpec:
        node, goal = self._node, self._goal
        if goal.connector != node.task.connector:
            raise ConfigError("connector", goal.connector, f"{node.task.connector} on this board")
        info = await node.policy.begin(
            f"episode-{goal.index}-{goal.seed}",
            goal.policy,
            draw_episode(EpisodeSpec(goal.connector, seed=goal.seed)).policy_seed,
            node.config.policy_start_timeout_s,
            try_s=node.commander_config.service_timeout_s,
        )
        check_board(
            info.name, info.task, info.connector, kind=node.task.kind, board=node.task.connector
        )
        self._policy_sees = any(array.name == "image" for array in info.observation)
        self._sees = self._policy_sees or node.score.needs_image
        self.result.policy_version = info.version
        # A learned policy states the bound of its actions; the others are clipped by default.
        clip = info.action.high[0] if len(info.action.high) else node.task.learned_clip_m
        return EpisodeSpec(
            connector=goal.connector,
            policy=goal.policy,
            base_controller=info.base_controller,
            noise_mm=goal.noise_mm,
            horizon=goal.horizon or node.config.horizon,
            rate_hz=node.commander_config.rate_hz,
            seed=goal.seed,
            learned_clip_m=clip,
            block_yaw_rad=goal.block_yaw_rad,
            block_yaw_set=goal.block_yaw_set or "uniform",
            control_sigma=goal.control_sigma,
            control_mu=goal.control_mu,
        )

    async def _reset(self, goal_m: Array, start_ns: int, *, inserted: bool) -> Reset.Result:
        return await self._node.reset.reset(
            goal_m,
            start_ns,
            inserted=inserted,
            canceled=lambda: bool(self._handle.is_cancel_requested),
        )

    async def _unplug(self) -> None:
        """Leave the socket under control before the next plug is handed over."""
        self._phase("unplugging")
        node = self._node
        newest = await node.commander.frame_from(0)
        self._first_ns = newest.stamp_ns
        inserted = newest.insertion is not None and newest.insertion.inserted
        try:
            await self._reset(node.task.goal, newest.stamp_ns, inserted=inserted)
        except EpisodeError as error:
            if error.code != ErrorCode.EPISODE_RESET_FAILED:
                raise
            node.health.count("failed_unpluggings")
            node.get_logger().warning(f"not unplugged, a fresh plug is handed over: {error}")

    async def _steps(self, frame: Frame) -> None:
        node, core = self._node, self._core
        seen = await self._see(frame)
        question: PolicyQuestion | None = None
        while not core.done:
            if self._handle.is_cancel_requested:
                raise EpisodeError(ErrorCode.EPISODE_CANCELED, "canceled")
            if question is None:
                image = seen.image if self._policy_sees else None
                asked = core.policy_input(seen.frame, image)
                question = node.policy.ask(frame.stamp_ns, asked)
            answer = await node.policy.answer(question)
            insertion = insertion_state(frame.insertion) if frame.insertion else None
            delta = core.act(seen.frame, insertion, answer.action_m, message=answer.message)
            sent = node.commander.send(delta)
            step = self._step_message(seen, answer)
            try:
                if self._keeps_pace and not self._sees:
                    await self._image(frame.stamp_ns)
                question = await self._ask_ahead(sent)
                frame = await node.commander.answer(sent)
                seen = await self._observe(frame, step)
            except Exception:
                node.steps.publish(step)  # done, though nobody knows what came of it
                raise
            node.steps.publish(step)
        if question is not None:
            node.policy.forget(question)

    async def _observe(self, frame: Frame, step: EpisodeStep) -> Seen:
        """The state after a step; the step's message learns what came of it."""
        node = self._node
        after = await self._see(frame)
        if frame.insertion is None:
            raise TransportError("insertion_state is missing")
        insertion = insertion_state(frame.insertion)
        stop = episode_messages.loop_stop(frame.driver) or node.commander.stop_reason
        result = self._core.observe(after.frame, insertion, safety_stop=stop)
        reward = node.score(after, inserted=insertion.inserted)
        self.result.reward_sum += reward
        self.result.reward_last = reward
        episode_transition.add_outcome(step, after, result, reward)
        return after

    async def _ask_ahead(self, sent: EeCommand) -> PolicyQuestion | None:
        """In lockstep, ask for the next action while the insertion is still being judged."""
        node, core = self._node, self._core
        step = core.step + 1
        if not self._lockstep or self._policy_sees or step >= core.spec.horizon:
            return None
        seen = await node.commander.answer(sent, node.seen)
        if seen.pose is None or seen.wrench is None:
            return None
        observation = PolicyInput(
            ee_position_m=conversions.xyz(seen.pose.pose.position),
            goal_position_m=core.commanded_goal_m,
            force_n=seen.wrench.force_n - self._bias,
            step=step,
            object_state=seen.objects,
        )
        return node.policy.ask(seen.stamp_ns, observation)

    def _step_message(self, seen: Seen, answer: PolicyAnswer) -> EpisodeStep:
        """Message of the step just sent, what comes of it still unknown."""
        node, core = self._node, self._core
        action = core.last_action
        if action is None:
            raise TransportError("no action has been decided on")
        goals_m = core.commanded_goal_m, node.task.goal
        step = episode_transition.step_message(self._goal.index, seen, goals_m, action, answer)
        step.reward_name = node.score.name
        step.policy_version = self.result.policy_version
        if action.step % node.config.feedback_every == 0:
            self._phase("running", action.step, step.distance_mm * 1e-3)
        return step

    async def _image(self, stamp_ns: int) -> Frame:
        """The policy's picture: in lockstep of that instant, else the newest one."""
        node = self._node
        age_s = 0.0 if self._lockstep else node.config.image_age_s
        return await node.commander.image_from(node.images, stamp_ns - round(age_s * 1e9))

    async def _see(self, frame: Frame) -> Seen:
        """The sensors of an instant and, where somebody looks, its picture."""
        sensed = episode_messages.sensor_frame(frame)
        if sensed is None:
            raise TransportError("an incomplete frame")
        self.stamp_ns = frame.stamp_ns
        if not self._sees:
            return Seen(sensed, self._bias)
        picture = await self._image(frame.stamp_ns)
        return Seen(sensed, self._bias, picture.image, picture.stamp_ns)

    def _take_result(self) -> None:
        node, before = self._node, self.result
        result = episode_messages.result_message(
            self.stamp_ns, self._goal.index, self._core.result()
        )
        for name in _FROM_RUN:
            setattr(result, name, getattr(before, name))
        result.late_policy_replies = node.policy.late
        result.clipped_commands = node.commander.clipped
        if result.reason == "safety_stop":
            result.error_code = ErrorCode.EPISODE_SAFETY_STOP
        elif not result.valid:
            result.error_code = ErrorCode.EPISODE_POLICY_FAILED
        self.result = result

    def _phase(self, phase: str, step: int = 0, distance_m: float = float("nan")) -> None:
        feedback = RunEpisode.Feedback(phase=phase, step=step, distance_mm=distance_m * 1e3)
        self._handle.publish_feedback(feedback)
