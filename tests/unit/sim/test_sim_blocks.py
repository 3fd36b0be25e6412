"""Block assembly on the twin: scene, tracker, environment."""

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
import yaml

from sawyer_controllers.scripted import make_scripted, scripted_spec
from sawyer_core import ConfigError, UnknownNameError
from sawyer_sim.blocks import BLOCKS_NAMES, blocks_from_mapping, blocks_task_path, load_blocks
from sawyer_sim.blocks.evaluation import evaluate_blocks
from sawyer_sim.blocks.objects import yaw_and_tilt
from sawyer_sim.boards import BOARD_NAMES, load_board, load_board_task
from sawyer_sim.twin import Twin

ENV_ID = "sawyer_sim:Sawyer/Blocks-v0"
ZERO = np.zeros(3, dtype=np.float32)
SIDEWAYS = np.array([0.0, 1.0, 0.0], dtype=np.float32)


@pytest.fixture(scope="module")
def env() -> Iterator[Any]:
    made = gymnasium.make(ENV_ID, block_yaw_rad=0.3)
    yield made.unwrapped
    made.close()


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with Twin("blocks") as made:
        yield made


def roll(env: Any, seed: int, actions: list[np.ndarray], **options: Any) -> list[Any]:
    first, _ = env.reset(seed=seed, options=options)
    out = [first]
    for action in actions:
        out.append(env.step(action))
        if out[-1][2] or out[-1][3]:
            break
    return out


@pytest.mark.parametrize("name", BLOCKS_NAMES)
def test_scenes_are_whole(name: str) -> None:
    scene, task = load_board(name), load_board_task(name)
    assert (scene.name, task.connector, task.kind) == (name, name, "blocks")
    left, right = scene.loose_bodies
    assert (left.name, right.name) == ("left", "right")
    sizes = load_blocks(name).sizes
    gap = right.position_m[0] - left.position_m[0] - right.size_m[0]
    assert gap == pytest.approx(sizes.carried_size_m[0] + 2.0 * sizes.clearance_m)
    assert task.insertion_depth_m == sizes.carried_size_m[2]
    for shape in scene.plug_shapes:  # all of the carried block lies within its outline
        reach = np.abs(shape.rotation) @ (0.5 * np.array(shape.size_m))
        outer = np.abs(np.array(shape.position_m[:2])) + reach[:2]
        assert (outer <= 0.5 * np.array(sizes.carried_size_m[:2]) + 1e-9).all()


def test_twin_b_is_another_world_of_the_same_size() -> None:
    a, b = load_blocks("blocks"), load_blocks("blocks_b")
    assert a.sizes == b.sizes
    assert a.blocks.standing.mass_kg != b.blocks.standing.mass_kg
    assert a.blocks.standing.friction != b.blocks.standing.friction
    assert a.blocks.tracker != b.blocks.tracker


def test_bad_scene_files_name_what_is_wrong() -> None:
    path = blocks_task_path("blocks").parent.parent / "blocks" / "blocks.yaml"
    good = yaml.safe_load(path.read_text(encoding="utf-8"))
    with pytest.raises(UnknownNameError, match="standing"):
        blocks_from_mapping("x", {**good, "blocks": {"standng": {}}})
    with pytest.raises(UnknownNameError, match="geometry"):
        blocks_from_mapping("x", {**good, "geometri": {}})
    with pytest.raises(ConfigError, match=r"clearance_m.*0\.02"):
        blocks_from_mapping("x", {**good, "geometry": {**good["geometry"], "clearance_m": 1.0}})
    with pytest.raises(UnknownNameError, match="blocks_b"):
        load_blocks("block_b")
    assert set(BLOCKS_NAMES) < set(BOARD_NAMES)


def test_yaw_and_tilt_of_known_turns() -> None:
    half = np.radians(30.0) / 2.0
    assert yaw_and_tilt((0.0, 0.0, np.sin(half), np.cos(half))) == pytest.approx(
        (np.radians(30.0), 0.0)
    )
    yaw, tilt = yaw_and_tilt((np.sin(half), 0.0, 0.0, np.cos(half)))
    assert (yaw, tilt) == pytest.approx((0.0, np.radians(30.0)))


def test_blocks_stand_still_until_they_are_pushed(twin: Twin) -> None:
    before = twin.prepare_episode(5, [0.2, -0.3]).objects
    assert before is not None
    np.testing.assert_allclose(before[[3, 8]], [0.2, -0.3], atol=1e-9)
    for _ in range(20):
        after = twin.advance(None).objects
    assert after is not None
    assert np.abs(after - before).max() < 2e-4  # m and rad in two seconds
    assert len(twin.joint_positions()) == 13 + 14


def test_a_push_at_the_top_topples_a_block(twin: Twin) -> None:
    twin.prepare_episode(5)
    body, client = twin.world.loose[0], twin.world.client
    for _ in range(400):
        position, _ = client.getBasePositionAndOrientation(body)
        top = [position[0], position[1], position[2] + 0.02]
        client.applyExternalForce(body, -1, [-1.2, 0.0, 0.0], top, 1)
        twin.tick()
    objects = twin.advance(None, 800).objects
    assert objects is not None
    assert objects[4] > 1.0
    assert abs(objects[9]) < 0.01


@pytest.mark.parametrize("yaw", [[0.1], [0.1, 0.2, 0.3], [0.6, 0.0], [float("nan"), 0.0]])
def test_impossible_yaws_are_refused(twin: Twin, yaw: list[float]) -> None:
    with pytest.raises(ConfigError, match="object_yaw_rad"):
        twin.prepare_episode(1, yaw)


def test_a_connector_has_no_blocks_to_turn() -> None:
    with Twin("usb") as usb, pytest.raises(ConfigError, match="usb has no blocks"):
        usb.prepare_episode(1, [0.1, 0.1])


def test_the_tracker_of_twin_b_is_late_and_noisy() -> None:
    with Twin("blocks_b") as twin:
        twin.prepare_episode(3)
        client = twin.world.client
        body = twin.world.loose[0]
        position, quat = client.getBasePositionAndOrientation(body)
        client.resetBasePositionAndOrientation(body, [position[0] - 0.05, *position[1:]], quat)
        seen = [twin.advance(None).objects for _ in range(3)]
    xs = [one[0] for one in seen if one is not None]
    assert abs(xs[0]) < 0.01
    assert xs[1] < -0.045
    assert xs[2] < -0.045
    assert xs[1] != xs[2]  # noise of its own in each picture


def test_observation_action_and_info(env: Any) -> None:
    observation, info = env.reset(seed=20_001)
    assert env.observation_space.contains(observation)
    assert {name: value.shape for name, value in observation.items()} == {
        "ee_position": (3,), "goal_position": (3,), "force": (3,), "object_state": (10,),
    }  # fmt: skip
    drawn = info["block_yaw_rad"]
    np.testing.assert_allclose(observation["object_state"][[3, 8]], drawn, atol=1e-4)
    _, reward, _, _, info = env.step(ZERO)
    assert reward < 0.0
    assert info["disturbance_m"].tolist() == [0.0, 0.0, 0.0]


def test_a_seed_gives_the_same_episode_whatever_ran_before(env: Any) -> None:
    actions = [SIDEWAYS] * 4 + [ZERO] * 3
    options = {"control_sigma": 0.05, "control_mu": 0.1}
    first = roll(env, 20_002, actions, **options)
    roll(env, 20_003, actions)
    second = roll(env, 20_002, actions, **options)
    for a, b in zip(first[1:], second[1:], strict=True):
        assert all(np.array_equal(a[0][name], b[0][name]) for name in a[0])
        assert a[1] == b[1]
        assert np.array_equal(a[4]["disturbance_m"], b[4]["disturbance_m"])


def test_hand_controller_fails_where_a_correction_succeeds(env: Any) -> None:
    """Turned by 20 degrees each way: from above it stands on a block, from the side it enters."""
    options = {"block_yaw_rad": 0.349, "block_yaw_set": "discrete"}
    hand = roll(env, 20_017, [ZERO] * 50, **options)[-1]
    assert hand[3]
    assert not hand[2]
    assert not hand[4]["success"]
    assert hand[4]["result"]["final_distance_m"] > 0.03
    assert any(hand[4]["block_yaw_rad"])
    corrected = roll(env, 20_017, [SIDEWAYS] * 7 + [ZERO] * 43, **options)[-1]
    assert corrected[2]
    assert corrected[4]["success"]
    assert corrected[4]["result"]["reason"] == "success"
    assert corrected[4]["episode_return"] > hand[4]["episode_return"]


def test_a_frozen_policy_is_a_base(env: Any) -> None:
    class Sideways:
        def reset(self, rng: np.random.Generator) -> None:
            self.steps = 0

        def action(self, observation: Any) -> np.ndarray:
            self.steps += 1
            return np.array([0.0, 0.5 if self.steps <= 7 else 0.0, 0.0])  # clipped to 10 mm

    options = {"block_yaw_rad": 0.349, "block_yaw_set": "discrete"}
    made = gymnasium.make(ENV_ID, base_policy=Sideways()).unwrapped
    stacked = roll(made, 20_017, [ZERO] * 50, **options)[-1]
    learned = roll(env, 20_017, [SIDEWAYS] * 7 + [ZERO] * 43, **options)[-1]
    made.close()
    assert stacked[4]["success"]
    assert stacked[4]["result"]["final_distance_m"] == pytest.approx(
        learned[4]["result"]["final_distance_m"], abs=1e-12
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"scene": "block"}, "blocks_b"),
        ({"reward": "dense"}, "blocks_tilt"),
        ({"base_controller": "p_control"}, "p_controller"),
        ({"block_yaw_set": "both"}, "discrete"),
        ({"block_yaw_rad": 0.9}, "0.5"),
        ({"action_scale_m": 0.02}, "0.015"),
        ({"reward_config": {"yaw_weight": 1.0}}, "yaw_weight_per_rad"),
    ],
)
def test_bad_arguments_name_the_choices(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises((UnknownNameError, ConfigError), match=text):
        gymnasium.make(ENV_ID, **arguments)


def test_unknown_episode_options_are_refused(env: Any) -> None:
    with pytest.raises(UnknownNameError, match="block_yaw_rad"):
        env.reset(seed=1, options={"yaw_rad": 0.1})


def test_evaluation_counts_and_scores() -> None:
    straight = evaluate_blocks("blocks", "p_controller", 2, 20_020)
    assert [one.result.seed for one in straight] == [20_020, 20_021]
    assert all(one.result.success and one.block_yaw_rad == () for one in straight)
    turned = evaluate_blocks(
        "blocks", "p_controller", 1, 20_017,
        options={"block_yaw_rad": 0.349, "block_yaw_set": "discrete"},
    )  # fmt: skip
    assert turned[0].episode_return < min(one.episode_return for one in straight)
    with pytest.raises(UnknownNameError, match="control_mu"):
        evaluate_blocks("blocks", "p_controller", 1, options={"mu": 0.1})


def test_evaluation_refuses_a_policy_of_another_task() -> None:
    plain = scripted_spec("p_controller")
    for task, connector in (("insertion", "usb"), ("insertion", ""), ("blocks", "blocks_b")):
        spec = replace(plain, name="mine", task=task, connector=connector)
        entry = SimpleNamespace(spec=spec, factory=lambda: make_scripted("p_controller"))
        with pytest.raises(ConfigError, match=f"mine.*the board blocks, .*{connector or task}"):
            evaluate_blocks("blocks", entry, 1)
