"""The loop closes without ROS: reset, base controller, guard, joint loop, twin, sensing."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sawyer_controllers.episode import EpisodeSpec
from sawyer_controllers.scripted import SCRIPTED_POLICIES, make_scripted, scripted_spec
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_sim.bench import episode_timing
from sawyer_sim.calibration_table import Cell, markdown, picture
from sawyer_sim.connector_pictures import main as draw_pictures
from sawyer_sim.connectors import CONNECTOR_NAMES
from sawyer_sim.evaluation import evaluate_gym
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin


@pytest.mark.parametrize("connector", ["usb", "dsub"])
def test_p_controller_plugs_in_at_the_exact_goal(connector):
    results = evaluate_gym(connector, "p_controller", 0.0, 3, seed=0)
    assert [result.success for result in results] == [True] * 3
    for result in results:
        assert result.evidence == "electrical"
        assert result.steps <= 50
        assert 5.0 < result.peak_force_n < 60.0
        assert result.final_lateral_m < 1e-3


def test_model_e_depends_on_how_the_plug_was_gripped():
    results = evaluate_gym("model_e", "p_controller", 0.0, 6, seed=0)
    assert 0 < sum(result.success for result in results) < 6


def test_a_goal_far_beside_the_socket_fails():
    results = evaluate_gym("usb", "p_controller", 3.0, 3, seed=0)
    far = [r for r in results if np.abs(r.goal_offset_m).max() > 1.5e-3]
    assert far
    assert not any(result.success for result in far)


def test_workers_change_nothing():
    alone = evaluate_gym("usb", "p_controller", 1.0, 4, seed=3, workers=1)
    spread = evaluate_gym("usb", "p_controller", 1.0, 4, seed=3, workers=2)
    assert alone == spread


def test_a_policy_learned_for_another_board_is_refused():
    def entry(task, connector):
        spec = replace(scripted_spec("p_controller"), name="mine", task=task, connector=connector)
        return SimpleNamespace(spec=spec, factory=lambda: make_scripted("p_controller"))

    for task, connector, learned in (("insertion", "usb", "usb"), ("blocks", "", "blocks")):
        with pytest.raises(ConfigError, match=f"mine.*the board dsub, .* for {learned}"):
            evaluate_gym("dsub", entry(task, connector), 0.0, 1)
    assert evaluate_gym("usb", entry("insertion", "usb"), 0.0, 1)[0].valid
    assert evaluate_gym("usb", entry("insertion", ""), 0.0, 1)[0].valid


@pytest.mark.parametrize("policy", sorted(SCRIPTED_POLICIES))
def test_every_scripted_policy_runs_an_episode(policy):
    result = evaluate_gym("usb", policy, 0.5, 1, seed=1)[0]
    assert result.valid
    assert result.policy == policy
    assert 0 < result.steps <= 50


def test_reset_starts_five_centimetres_above_the_commanded_goal_with_zero_force():
    with Twin("usb") as twin:
        session = InsertionSession(twin)
        session.begin(EpisodeSpec(connector="usb", noise_mm=1.0, seed=2))
        start = session.frame.arm.ee_position_m - session.core.commanded_goal_m
        assert start == pytest.approx([0.0, 0.0, 0.05], abs=1e-3)
        assert np.abs(session.policy_input().force_n).max() < 1.0
        assert np.abs(session.core.commanded_goal_m - twin.task.goal)[:2].max() > 1e-5


def test_a_second_episode_in_one_session_equals_a_first_one():
    spec = EpisodeSpec(connector="usb", noise_mm=1.0, seed=5)

    def force_trace(session):
        session.begin(spec)
        trace = []
        while not session.step(np.zeros(3)).done:
            trace.append(session.frame.wrench.force_n)
        return np.array(trace)

    with Twin("usb") as twin:
        session = InsertionSession(twin)
        first = force_trace(session)
        session.begin(EpisodeSpec(connector="usb", noise_mm=1.0, seed=6))
        session.step(np.zeros(3))
        assert np.array_equal(force_trace(session), first)


def test_bad_requests_are_refused():
    with pytest.raises(UnknownNameError, match="p_controller"):
        evaluate_gym("usb", "p_controler", 0.0, 1)
    with pytest.raises(UnknownNameError, match="dsub"):
        evaluate_gym("dsup", "p_controller", 0.0, 1)
    with pytest.raises(ConfigError, match="at least 1"):
        evaluate_gym("usb", "p_controller", 0.0, 0)


def test_timing_counts_every_tick():
    timing = episode_timing(seconds=0.2)
    assert timing.ticks % 100 == 0
    assert 0.0 < timing.engine_s < timing.total_s


def test_calibration_table_and_picture(tmp_path):
    cells = [Cell("usb", 0.0, 100, 100, 100.0), Cell("model_e", 1.0, 100, 40, 24.0)]
    text = markdown(cells, 0, "command")
    assert "| USB-A | exact | 100/100 = 100 % | 96 to 100 % | 100 % | +0 | yes |" in text
    assert "| Model-E | ±1 mm | 40/100 = 40 %" in text
    assert "| +16 | no |" in text
    picture(cells, tmp_path / "table.png")
    assert (tmp_path / "table.png").stat().st_size > 10_000


@pytest.mark.parametrize("connector", CONNECTOR_NAMES)
def test_connector_pictures_are_drawn(connector, tmp_path):
    assert draw_pictures(["--out", str(tmp_path), "--connector", connector]) == 0
    assert (tmp_path / f"connector_{connector}.png").stat().st_size > 20_000
