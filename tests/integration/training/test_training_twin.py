"""Training on the twin through the command line, and demonstrations played back on it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sawyer_cli.app import run
from sawyer_datasets.demos import load_demos, read_demos
from sawyer_policies.bundles import load_bundle
from sawyer_policies.training import read_config, training_config
from sawyer_policies.training.copies import SIGNS, Step, make_copies, mirrored
from sawyer_policies.training.environment import make_environment
from sawyer_policies.training.metrics import read_metrics

WORDS = ["train", "residual", "--preset", "debug", "--reward", "image", "--steps", "70"]
SETTINGS = ["--set", "learner.encoder.channels=[4, 4]", "--set", "checkpoint_every_steps=30"]


def rows(folder: Path) -> "list[dict[str, Any]]":
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in read_metrics(folder)]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_training_from_pictures_leaves_its_artefacts_and_is_the_same_twice(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        assert run([*WORDS, *SETTINGS, "--out", str(tmp_path / name)]) == 0
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    out = capfd.readouterr().out
    assert "residual_sac_image_usb" in out
    assert "steps, episodes" in out
    result = json.loads((tmp_path / "a" / "result.json").read_text())
    assert (result["finished"], result["env_steps"]) == (True, 70)
    assert result["updates"] > 50
    bundle = load_bundle(tmp_path / "a" / result["bundle"])
    assert bundle.spec.observation.names() == ("ee_position", "goal_position", "image")
    assert (tmp_path / "a" / "curve.png").stat().st_size > 5000
    assert read_config(tmp_path / "a").reward == "image"
    assert run(["train", "residual", "--resume", "--out", str(tmp_path / "a")]) == 0
    assert rows(tmp_path / "a") == rows(tmp_path / "b")


@pytest.mark.parametrize("connector", ["usb", "dsub", "model_e"])
def test_a_shipped_demonstration_still_goes_in(connector: str) -> None:
    """If the twin has changed: collect them again with `sawyer demos collect` and ship those."""
    demos = load_demos(connector)
    info, demo = demos.info, demos.episodes[0]
    environment = make_environment(
        training_config(
            {
                "connector": connector,
                "base_controller": info.base_controller,
                "reward": "sparse",
                "observation": "state",
                "noise_mm": info.noise_mm,
                "action_scale_m": info.action_scale_m,
            }
        )
    )
    try:
        seen = environment.reset(demo.seed)
        np.testing.assert_allclose(
            seen["goal_position"], demo.arrays["goal_position"][0], atol=1e-9
        )
        for action in demo.arrays["action"]:
            outcome = environment.step(action)
            if outcome.ended:
                break
        assert outcome.info["success"]
    finally:
        environment.close()


def test_collect_and_show(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["demos", "collect", "--connector", "usb", "--episodes", "1", "--seed", "3"]
    assert run([*words, "--out", str(tmp_path / "set")]) == 0
    found = read_demos(tmp_path / "set")
    (demo,) = found.episodes
    assert demo.success
    assert demo.seed >= 503_000
    assert found.info.provenance["collection"]["seed"] == 3
    assert run(["demos", "show", str(tmp_path / "set")]) == 0
    assert "scripted expert" in capfd.readouterr().out


def test_a_copied_step_is_what_the_twin_would_have_done() -> None:
    """The same command under another goal: the same state after it, to the last bit but one."""
    config = training_config(
        {"connector": "model_e", "goal_copies": 4, "noise_mm": 1.0, "reward": "dense"}
    )
    environment = make_environment(config)
    copies = make_copies(config, environment.observation.position_reference_m, environment.base)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1.0, 1.0, (30, 3)).astype(np.float32)

    def run_with(swapped: int | None) -> "tuple[list[Any], float]":
        seen = environment.reset(7)
        for number, action in enumerate(actions[:18]):
            if number == swapped:
                step = Step(seen, action, seen)
                copy = next(iter(copies(step, number)))
                core = environment.env.unwrapped._session.core
                before = core.commanded_goal_m
                core.commanded_goal_m = copy.seen["goal_position"]
                outcome = environment.step(copy.action)
                core.commanded_goal_m = before
                assert np.linalg.norm(copy.seen["goal_position"] - before) > 1e-4
            else:
                outcome = environment.step(action)
            seen = outcome.arrays
        return [seen["ee_position"], seen["force"]], outcome.reward

    try:
        plain, reward = run_with(None)
        for number in (3, 12, 17):
            swapped, same = run_with(number)
            np.testing.assert_allclose(swapped[0], plain[0], atol=1e-6)
            np.testing.assert_allclose(swapped[1], plain[1], atol=0.5)
            assert same == pytest.approx(reward, abs=1e-2)
    finally:
        environment.close()


# of moves of up to 20 mm: left and right the arm's speed limits bind at different poses
FREE_M = (3e-3, 5e-4, 3e-3)


def test_a_mirrored_step_is_what_the_twin_would_have_done() -> None:
    """Blocks turned as the mirror shows them, actions as it shows them: the arm does likewise."""
    settings = {"env.block_yaw_rad": 0.3, "env.block_yaw_set": "discrete", "mirror_copies": True}
    environment = make_environment(training_config({"task": "blocks", **settings}))
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (4, 3)).astype(np.float32)

    def yaws(seen: "dict[str, Any]") -> "tuple[float, ...]":
        return tuple(np.round(seen["object_state"].reshape(2, 5)[:, 3], 1).tolist())

    def steps(seed: int, sign: Any) -> "list[Step]":
        found, seen = [], environment.reset(seed)
        for action in actions:
            given = (action * sign).astype(np.float32)
            outcome = environment.step(given)
            found.append(Step(seen, given, outcome.arrays))
            seen = outcome.arrays
        return found

    try:
        seeds: dict[tuple[float, ...], int] = {}
        for seed in range(40):
            seeds.setdefault(yaws(environment.reset(seed)), seed)
        plain = steps(seeds[(0.3, 0.0)], np.ones(3))
        # the yaws that each mirror shows: of left and right
        for index, turned in enumerate([(0.0, -0.3), (-0.3, 0.0), (0.0, 0.3)]):
            sign = np.array([*SIGNS[index], 1.0])
            for here, there in zip(plain, steps(seeds[turned], sign), strict=True):
                copy = list(mirrored(here, 0))[index]
                np.testing.assert_array_equal(copy.action, there.action)
                for name in ("seen", "following"):
                    shown, met = getattr(copy, name), getattr(there, name)
                    np.testing.assert_allclose(
                        shown["ee_position"], met["ee_position"], atol=FREE_M[index]
                    )
                    np.testing.assert_allclose(
                        shown["object_state"], met["object_state"], atol=2e-3
                    )
    finally:
        environment.close()
