"""Demonstrations: files, refusals, the expert, and what the learner makes of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sawyer_core.errors import ConfigError, RecordingError, ShapeError, UnknownNameError
from sawyer_core.tasks import InsertionTask
from sawyer_datasets.demos import (
    DemoEpisode,
    DemoInfo,
    DemoSet,
    load_demos,
    read_demos,
    save_demos,
    shipped_connectors,
    shipped_folder,
)
from sawyer_policies.learners import ReplayBuffer
from sawyer_policies.observations import ObservationEncoder, preset
from sawyer_policies.training import training_config
from sawyer_policies.training.demo_replay import load_transitions, policy_actions
from sawyer_policies.training.expert import ExpertConfig, InsertionExpert

GOAL = (0.5, 0.16, 0.108)
TASK = InsertionTask(
    connector="usb",
    goal_position_m=GOAL,
    goal_quat_xyzw=(0.0, 1.0, 0.0, 0.0),
    mouth_height_m=0.012,
    insertion_depth_m=0.012,
)

PLAIN: "dict[str, Any]" = {
    "base_controller": "none",
    "reward_scale": 1.0,
    "success_bonus": 0.0,
    "learner.gamma": 0.98,
}


def episode(steps: int = 3, seed: int = 1, **changes: Any) -> DemoEpisode:
    rng = np.random.default_rng(seed)
    height = np.linspace(0.05, 0.0, steps + 1)
    arrays: dict[str, Any] = {
        "ee_position": np.array(GOAL) + np.outer(height, [0.0, 0.0, 1.0]),
        "goal_position": np.tile(np.array(GOAL), (steps + 1, 1)),
        "force": rng.normal(size=(steps + 1, 3)),
        "image": rng.integers(0, 256, (steps + 1, 32, 32)).astype(np.uint8),
        "inserted": np.array([0] * steps + [1], dtype=np.uint8),
        "action": rng.uniform(-1.0, 1.0, (steps, 3)).astype(np.float32),
        **changes,
    }
    return DemoEpisode(seed, True, arrays, {"final_distance_m": 1e-3})


def demo_set() -> DemoSet:
    info = DemoInfo("usb", 0.002, noise_mm=1.0, source="test", provenance={"seed": 3})
    return DemoSet(info, (episode(3, 1), episode(5, 2)))


def same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return first.keys() == second.keys() and all(
        np.array_equal(first[name], second[name]) and first[name].dtype == second[name].dtype
        for name in first
    )


def test_files_give_back_every_bit(tmp_path: Path) -> None:
    demos = demo_set()
    save_demos(tmp_path / "set", demos)
    found = read_demos(tmp_path / "set")
    assert found.info == demos.info
    assert found.transitions == 8
    for before, after in zip(demos.episodes, found.episodes, strict=True):
        assert same(before.arrays, after.arrays)
        assert (before.seed, before.success) == (after.seed, after.success)
        assert before.details == after.details
    with pytest.raises(ValueError, match="read-only"):
        found.episodes[0].arrays["action"][0, 0] = 1.0
    save_demos(tmp_path / "again", found)
    assert (tmp_path / "again/demos.bin").read_bytes() == (tmp_path / "set/demos.bin").read_bytes()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def truncate(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def change(**values: Any) -> Any:
    def write(path: Path) -> None:
        index = json.loads(path.with_name("demos.json").read_text())
        index |= values
        path.with_name("demos.json").write_text(json.dumps(index))

    return write


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (cut, "it was cut short"),
        (flip, "it was changed"),
        (Path.unlink, "no demonstrations in"),
        (lambda path: truncate(path.with_name("demos.json")), "is damaged"),
        (lambda path: path.with_name("demos.json").write_text("{"), "is damaged"),
        (change(version=2), "expected"),
        (change(episodes=[]), "the episodes 0"),
        (change(episodes=[{"seed": 1, "success": True, "steps": 3}]), "the episodes 4"),
        (change(arrays=[]), "missing"),
        (change(action_scale_m=-1.0), "a number above 0"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, damage: Any, said: str) -> None:
    save_demos(tmp_path, demo_set())
    damage(tmp_path / "demos.bin")
    with pytest.raises(RecordingError, match=said):
        read_demos(tmp_path)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"action": np.full((3, 3), 1.01, dtype=np.float32)}, ConfigError),
        ({"force": np.full((4, 3), np.nan)}, ConfigError),
        ({"image": np.zeros((3, 32, 32), dtype=np.uint8)}, ShapeError),
        ({"ee_position": np.zeros((4, 3), dtype=np.float32)}, ShapeError),
        ({"reward": np.zeros(3)}, ShapeError),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: Any, error: Any) -> None:
    with pytest.raises(error):
        episode(**changes)


def test_of_another_connector(tmp_path: Path) -> None:
    save_demos(tmp_path, demo_set())
    assert load_demos("usb", tmp_path).transitions == 8
    with pytest.raises(RecordingError, match="'usb', not of 'dsub'"):
        load_demos("dsub", tmp_path)
    with pytest.raises(UnknownNameError, match="did you mean 'usb'"):
        load_demos("usbb")


@pytest.mark.parametrize("connector", ["dsub", "model_e", "usb"])
def test_shipped_demonstrations(connector: str) -> None:
    assert connector in shipped_connectors()
    demos = load_demos(connector)
    assert len(demos.episodes) == 25
    assert demos.info.base_controller == "none"
    assert all(item.success for item in demos.episodes)
    assert len({item.seed for item in demos.episodes}) == 25
    assert all(500_000 <= item.seed < 1_000_000 for item in demos.episodes)
    assert all(item.arrays["inserted"][-1] == 1 for item in demos.episodes)
    assert all(item.details["final_distance_m"] < 0.01 for item in demos.episodes)
    assert demos.info.provenance["git_commit"]
    size = sum(path.stat().st_size for path in (shipped_folder() / connector).iterdir())
    assert size < 600_000


def encoder(name: str = "state") -> ObservationEncoder:
    return ObservationEncoder(preset(name, GOAL))


def rows(replay: ReplayBuffer) -> Any:
    return replay.gather(torch.arange(len(replay)))


def test_transitions_for_a_policy_alone(tmp_path: Path) -> None:
    save_demos(tmp_path, demo_set())
    config = training_config({**PLAIN, "demos": str(tmp_path), "reward": "sparse"})
    found = load_transitions(config, TASK, encoder())
    batch = rows(found.replay)
    assert found.left_out == 0
    expected = np.concatenate([item.arrays["action"] for item in demo_set().episodes])
    np.testing.assert_allclose(batch.action.numpy(), expected, rtol=1e-6)
    assert batch.terminal.tolist() == [0, 0, 1, 0, 0, 0, 0, 1]
    np.testing.assert_allclose(batch.reward, [0, 0, 50, 0, 0, 0, 0, 50], rtol=1e-6)  # 1/(1-0.98)
    np.testing.assert_allclose(batch.obs["state"][0, :3], [0.0, 0.0, 5.0], atol=1e-6)


def test_larger_full_action_scales_and_a_smaller_one_leaves_out(tmp_path: Path) -> None:
    save_demos(tmp_path, demo_set())
    values = {"base_controller": "none", "demos": str(tmp_path)}
    large = load_transitions(training_config({**values, "action_scale_m": 0.004}), TASK, encoder())
    expected = np.concatenate([item.arrays["action"] for item in demo_set().episodes])
    np.testing.assert_allclose(rows(large.replay).action.numpy(), expected / 2.0, rtol=1e-5)
    small = load_transitions(training_config({**values, "action_scale_m": 0.001}), TASK, encoder())
    within = (np.abs(expected) <= 0.5).all(axis=1)
    assert small.left_out == int((~within).sum())
    assert len(small.replay) == int(within.sum())
    with pytest.raises(ConfigError, match="within reach"):
        load_transitions(training_config({**values, "action_scale_m": 0.00001}), TASK, encoder())


def test_residual_actions_are_what_the_base_lacks(tmp_path: Path) -> None:
    # 4 mm above the goal the base goes down by 1.2 mm (k_p = 0.3): for 1 mm in all, +0.2 mm
    position = np.tile(np.add(GOAL, (0.0003, 0.0, 0.004)), (2, 1))
    item = episode(
        1,
        ee_position=position,
        action=np.array([[0.0, 0.25, -0.5]], dtype=np.float32),
    )
    config = training_config({"demos": "x", "action_scale_m": 0.001})
    actions = policy_actions(item, 0.002, config, TASK)
    np.testing.assert_allclose(actions, [[0.3, 0.5, 0.2]], atol=1e-9)


def test_rewards_are_those_of_the_environment(tmp_path: Path) -> None:
    save_demos(tmp_path, DemoSet(demo_set().info, (episode(1, force=np.zeros((2, 3))),)))
    config = training_config({**PLAIN, "demos": str(tmp_path)})
    batch = rows(load_transitions(config, TASK, encoder("image32")).replay)
    # eq. (48) at the goal: beta / epsilon = 2, for ever
    assert batch.reward[0] == pytest.approx(2.0 / 0.02)
    assert batch.next_obs["image"].shape == (1, 32, 32)


def free_space(expert: InsertionExpert, seed: int, stuck_m: "float | None" = None) -> Any:
    expert.reset(np.random.default_rng(seed))
    position = np.add(GOAL, (0.001, -0.001, 0.05))
    path = [position]
    for _ in range(50):
        action = expert.action(position)
        assert action.dtype == np.float32
        assert np.abs(action).max() <= 1.0
        position = position + 0.002 * action
        if stuck_m is not None:
            position[2] = max(position[2], GOAL[2] + stuck_m)
        path.append(position)
    return np.array(path) - GOAL


def test_expert_is_in_place_within_the_horizon() -> None:
    expert = InsertionExpert(TASK, 0.002)
    for seed in range(5):
        path = free_space(expert, seed)
        entering = path[np.argmax(path[:, 2] < TASK.mouth_height_m)]
        assert np.hypot(*entering[:2]) < 0.001
        assert path[:, 2].min() < 0.0
    np.testing.assert_array_equal(free_space(expert, 1), free_space(expert, 1))
    assert not np.array_equal(free_space(expert, 1), free_space(expert, 2))


def test_expert_backs_off_where_it_jams() -> None:
    quiet = ExpertConfig(near_noise_m=0.0, far_noise=(0.0, 0.0, 0.0))
    path = free_space(InsertionExpert(TASK, 0.002, quiet), 0, stuck_m=0.011)
    at_rim = np.flatnonzero(path[:, 2] <= 0.011 + 1e-9)[0]
    rises = np.diff(path[at_rim:, 2])
    assert (rises > 0.0009).sum() >= 4
    aimed = path[at_rim + 8 :, :2]
    assert np.abs(aimed).max() > 5e-5  # it tries beside
    assert np.abs(aimed).max() < 3.1e-4
