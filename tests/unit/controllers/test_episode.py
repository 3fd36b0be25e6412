from __future__ import annotations

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_controllers.episode import (
    EpisodeCore,
    EpisodeDraw,
    EpisodeSpec,
    StopReason,
    draw_episode,
)
from sawyer_controllers.sensing import InsertionSensor, SensingConfig
from sawyer_core.config import from_mapping
from sawyer_core.errors import CommandRejectedError, ConfigError
from sawyer_core.testing import FAKE_TASK as TASK
from sawyer_core.testing import FakeArm, FakePolicy
from sawyer_core.types import SensorFrame, Wrench

SPEC = EpisodeSpec(connector="test")
NO_NOISE = EpisodeDraw(np.zeros(3), 1, 2)


def begun(spec: EpisodeSpec = SPEC, draw: EpisodeDraw = NO_NOISE) -> EpisodeCore:
    core = EpisodeCore(TASK)
    core.begin(spec, draw)
    return core


def play(core: EpisodeCore, arm: FakeArm, policy: FakePolicy) -> list[SensorFrame]:
    """The whole loop as both back ends run it; contact is alive below 1 mm."""
    sensor = InsertionSensor(SensingConfig(), TASK)
    policy.reset(np.random.default_rng(0))
    frame = arm.frame()
    frames = [frame]
    insertion = sensor.update_frame(frame, TASK.goal, np.zeros(3))
    while not core.done:
        command = core.act(frame, insertion, policy.action(core.policy_input(frame)))
        frame = arm.move(command.translation_m)
        if arm.ee_position_m[2] < 0.001 and not arm.electrical_contact:
            arm.electrical_contact = True
            frame = arm.frame()
        frames.append(frame)
        insertion = sensor.update_frame(frame, TASK.goal, np.zeros(3))
        core.observe(frame, insertion)
    return frames


def test_p_controller_episode_decays_and_succeeds() -> None:
    core, arm = begun(), FakeArm((0.6, 0.1, 0.05))
    frames = play(core, arm, FakePolicy())
    heights = [float(frame.arm.ee_position_m[2]) for frame in frames]
    assert heights[:11] == pytest.approx([0.05 * 0.7**n for n in range(11)])
    result = core.result()
    assert result.success
    assert result.valid
    assert (result.reason, result.evidence) == ("success", "electrical")
    # 0.7^11 * 50 mm is the first height below 1 mm; 0.5 s later it is a success.
    assert result.steps == 11 + 5 + 1
    assert result.time_s == pytest.approx(1.7)
    assert result.final_distance_m == pytest.approx(heights[-1])


def test_base_and_learned_action_are_summed_and_both_kept() -> None:
    core, arm = begun(), FakeArm((0.602, 0.1, 0.05))
    command = core.act(arm.frame(), None, (0.0005, -0.0005, 0.002))
    assert command.translation_m == pytest.approx([-0.0015, -0.0005, -0.014])
    action = core.last_action
    assert action is not None
    assert action.base_m == pytest.approx([-0.002, 0.0, -0.015])
    assert action.learned_m == pytest.approx([0.0005, -0.0005, 0.002])
    assert action.learned_clipped_m == pytest.approx([0.0005, -0.0005, 0.001])
    assert (command.source, command.step, command.stamp_ns) == ("episode_manager", 0, 0)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_learned_part_is_clipped_at_1_mm_only_on_top_of_a_base(axis: int, sign: float) -> None:
    learned = np.zeros(3)
    learned[axis] = sign * 0.001001
    for base, expected in (("p_controller", 0.001), ("none", 0.001001)):
        core = begun(replace(SPEC, base_controller=base))
        frame = FakeArm(TASK.goal_position_m).frame()
        command = core.act(frame, None, learned)
        assert command.translation_m[axis] == pytest.approx(sign * expected)
        at = begun(replace(SPEC, base_controller=base))
        assert at.act(frame, None, learned / 1.001).translation_m == pytest.approx(learned / 1.001)


def test_without_base_the_policy_alone_commands() -> None:
    core = begun(replace(SPEC, base_controller="none"))
    command = core.act(FakeArm((0.65, 0.1, 0.05)).frame(), None, (0.0, 0.0, -0.004))
    assert command.translation_m.tolist() == [0.0, 0.0, -0.004]


@pytest.mark.parametrize("action", [(math.nan, 0.0, 0.0), (0.0, 0.0), (0.0, math.inf, 0.0), "x"])
def test_unusable_policy_answer_holds_and_three_end_the_episode(action: object) -> None:
    core, arm = begun(), FakeArm((0.6, 0.1, 0.05))
    for count in range(1, 4):
        command = core.act(arm.frame(), None, action)  # type: ignore[arg-type]
        assert command.translation_m.tolist() == [0.0, 0.0, 0.0]
        assert core.last_action is not None
        assert core.last_action.fault
        assert core.done is (count == 3)
    assert core.result().reason == "policy_fault"
    assert not core.result().valid
    with pytest.raises(CommandRejectedError, match="ended"):
        core.act(arm.frame(), None, np.zeros(3))


@pytest.mark.parametrize(("base", "expected"), [("p_controller", -0.015), ("none", 0.0)])
def test_late_answers_leave_the_base_action_and_the_third_ends(base: str, expected: float) -> None:
    core, arm = begun(replace(SPEC, base_controller=base)), FakeArm((0.6, 0.1, 0.05))
    for height in (expected, expected, 0.0):
        assert not core.done
        command = core.act(arm.frame(), None, None, message="0.11 s")
        assert command.translation_m == pytest.approx([0.0, 0.0, height])
    result = core.result()
    assert (result.reason, result.message, result.valid) == ("policy_fault", "0.11 s", False)


def test_one_good_answer_clears_the_fault_count() -> None:
    core, arm = begun(), FakeArm((0.6, 0.1, 0.05))
    for action in (None, None, np.zeros(3), None, None):
        core.act(arm.frame(), None, action)
    assert not core.done


def insertion_of(frame: SensorFrame) -> object:
    return InsertionSensor(SensingConfig(), TASK).update_frame(frame, TASK.goal, np.zeros(3))


def test_horizon_ends_the_episode() -> None:
    core, arm = begun(replace(SPEC, horizon=3)), FakeArm((0.6, 0.1, 0.05))
    for step in range(1, 4):
        frame = arm.frame()
        core.act(frame, None, np.zeros(3))
        frame = arm.move((0.0, 0.0, 0.0))
        result = core.observe(frame, insertion_of(frame))  # type: ignore[arg-type]
        assert (result.step, result.done) == (step, step == 3)
    assert result.reason is StopReason.HORIZON
    assert core.result().valid
    assert not core.result().success


def test_safety_stop_and_sensor_fault_end_the_episode() -> None:
    core, arm = begun(), FakeArm((0.6, 0.1, 0.05))
    frame = arm.frame()
    stopped = core.observe(frame, insertion_of(frame), safety_stop="latched")  # type: ignore[arg-type]
    assert stopped.reason is StopReason.SAFETY_STOP
    assert core.result().message == "latched"
    assert core.result().valid
    blind = begun()
    bad = replace(frame, arm=replace(frame.arm, ee_position_m=np.full(3, np.nan)))
    assert blind.observe(bad, insertion_of(frame)).reason is StopReason.SENSOR_FAULT  # type: ignore[arg-type]
    assert not blind.result().valid


def test_first_reason_stays() -> None:
    core = begun()
    core.abort(StopReason.ABORTED, "operator")
    core.abort(StopReason.SAFETY_STOP, "later")
    assert (core.result().reason, core.result().message) == ("aborted", "operator")


def test_peak_force_is_free_of_the_bias() -> None:
    core, arm = EpisodeCore(TASK), FakeArm((0.6, 0.1, 0.05))
    core.begin(SPEC, NO_NOISE, force_bias_n=(1.0, 0.0, 2.0))
    frame = arm.frame()
    for peak in ((1.0, 0.0, 14.0), (4.0, 4.0, 2.0)):
        loud = replace(frame, wrench_peak=Wrench(0, np.array(peak), np.zeros(3)))
        core.observe(loud, insertion_of(frame))  # type: ignore[arg-type]
    assert core.result().peak_force_n == pytest.approx(12.0)
    wrench = Wrench(0, np.array([1.0, 0.0, 5.0]), np.zeros(3))
    assert core.centered(wrench).force_n.tolist() == [0.0, 0.0, 3.0]


def test_policy_sees_the_commanded_goal_and_the_result_the_true_one() -> None:
    draw = EpisodeDraw(np.array([0.001, -0.0005, 0.0]), 1, 2)
    core, arm = begun(draw=draw), FakeArm((0.6, 0.1, 0.05))
    seen = core.policy_input(arm.frame())
    assert seen.goal_position_m == pytest.approx([0.601, 0.0995, 0.0])
    assert core.base_action(arm.state()) == pytest.approx([0.001, -0.0005, -0.015])
    frame = FakeArm((0.601, 0.0995, 0.0)).frame()
    core.observe(frame, insertion_of(frame))  # type: ignore[arg-type]
    result = core.result()
    assert result.final_distance_m == pytest.approx(math.hypot(0.001, 0.0005))
    assert result.final_depth_m == pytest.approx(0.012)
    assert result.goal_offset_m == (0.001, -0.0005, 0.0)


def test_goal_outside_the_workspace_is_refused() -> None:
    with pytest.raises(ConfigError, match="goal_position_m"):
        EpisodeCore(TASK).begin(SPEC, EpisodeDraw(np.array([0.06, 0.0, 0.0]), 1, 2))


def test_nothing_works_before_begin() -> None:
    with pytest.raises(CommandRejectedError, match="begun"):
        EpisodeCore(TASK).act(FakeArm().frame(), None, np.zeros(3))


@given(st.integers(0, 2**31 - 1), st.floats(0.0, 10.0))
def test_draws_are_within_the_noise_and_repeatable(seed: int, noise_mm: float) -> None:
    spec = EpisodeSpec(connector="test", seed=seed, noise_mm=noise_mm)
    draw, again = draw_episode(spec), draw_episode(spec)
    assert np.abs(draw.goal_offset_m).max() <= noise_mm * 1e-3
    assert draw.goal_offset_m[2] == 0.0
    assert draw.goal_offset_m.tolist() == again.goal_offset_m.tolist()
    assert (draw.twin_seed, draw.policy_seed) == (again.twin_seed, again.policy_seed)


def test_draws_of_the_twin_do_not_depend_on_noise_or_policy() -> None:
    one = draw_episode(EpisodeSpec(connector="test", seed=5))
    two = draw_episode(EpisodeSpec(connector="test", seed=5, noise_mm=1.0, policy="other"))
    assert (one.twin_seed, one.policy_seed) == (two.twin_seed, two.policy_seed)
    other = draw_episode(EpisodeSpec(connector="test", seed=6))
    assert other.twin_seed != one.twin_seed
    assert one.twin_seed != one.policy_seed


def test_perturbation_is_uniform() -> None:
    specs = (EpisodeSpec(connector="test", seed=seed, noise_mm=1.0) for seed in range(2000))
    offsets = np.array([draw_episode(spec).goal_offset_m[:2] for spec in specs]) * 1e3
    assert np.abs(offsets.mean(axis=0)).max() < 0.05
    assert offsets.std(axis=0) == pytest.approx([1 / math.sqrt(3)] * 2, abs=0.03)
    assert abs(np.corrcoef(offsets.T)[0, 1]) < 0.06


def test_spec_survives_a_mapping_and_refuses_nonsense() -> None:
    spec = EpisodeSpec(connector="usb", noise_mm=1.0, seed=3)
    assert from_mapping(EpisodeSpec, asdict(spec)) == spec
    for field, value in (("noise_mm", -1.0), ("horizon", 0), ("seed", -1), ("rate_hz", 0.0)):
        with pytest.raises(ConfigError, match=field):
            from_mapping(EpisodeSpec, {"connector": "usb", field: value})
    with pytest.raises(ConfigError, match="connector"):
        from_mapping(EpisodeSpec, {})
