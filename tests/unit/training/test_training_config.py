"""Settings that do not work are refused with what would."""

import json
from typing import Any

import pytest

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_policies.learners import SacConfig, Td3Config
from sawyer_policies.training import TrainingConfig, config_mapping, training_config
from sawyer_policies.training.config import CHOICES, TASKS
from sawyer_policies.training.environment import environment_arguments, make_environment
from sawyer_policies.training.presets import PRESETS, preset_settings


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"algorithm": "sacc"}, "unknown algorithm 'sacc' (did you mean 'sac'?); choices: sac"),
        ({"reward": "spare"}, "(did you mean 'sparse'?); choices: sparse, dense, image"),
        ({"base_controller": "pcontroller"}, "(did you mean 'p_controller'?)"),
        ({"observation": "image"}, "(did you mean 'image32'?)"),
        ({"task": "insert"}, "(did you mean 'insertion'?); choices: insertion, blocks"),
        ({"step": 10}, "(did you mean 'steps'?)"),
        ({"learner.batchsize": 1}, "(did you mean 'learner.batch_size'?)"),
        ({"learner": {"demo": {"batch": 1}}}, "(did you mean 'learner.demo.batch_size'?)"),
        ({"task": "blocks", "reward": "sparse"}, "choices: blocks, blocks_tilt"),
    ],
)
def test_unknown_names_give_the_nearest(values: "dict[str, Any]", said: str) -> None:
    with pytest.raises(UnknownNameError) as raised:
        training_config(values)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"observation": "blocks"}, "task insertion: algorithm sac | td3, reward sparse | dense"),
        ({"task": "blocks", "observation": "image32"}, "observation blocks, without demonstr"),
        ({"task": "blocks", "demos": "shipped"}, "none for task blocks"),
        ({"base_policy": "residual_blocks"}, "task blocks with a base controller"),
        ({"steps": 0}, "from 1 to"),
        ({"noise_mm": 11}, "from 0 to 10 mm"),
        ({"seed": 20_001}, "from 0 to 20000"),
        ({"learner.gamma": 1.0}, "from 0 to 0.9999"),
        ({"learner": 3}, "a group of settings"),
    ],
)
def test_wrong_values_and_combinations_say_what_is_allowed(
    values: "dict[str, Any]", said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        training_config(values)
    assert said in str(raised.value)


def test_learner_of_another_algorithm_is_refused() -> None:
    with pytest.raises(ConfigError, match="Td3Config for td3"):
        TrainingConfig(algorithm="td3", learner=SacConfig())


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"representation_updates_per_step": 1}, "representation_updates_per_step = 1"),
        (
            {"reward": "image", "base_controller": "none", "representation_updates_per_step": 2},
            "representation_updates_per_step = 2",
        ),
        (
            {
                "reward": "image",
                "representation_updates_per_step": 0,
                "learner.encoder": {"decoupled": True},
            },
            "learner.encoder.decoupled = True",
        ),
    ],
)
def test_a_regression_needs_pictures_and_privileged_critics(values: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        training_config(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ("state_goal", 0.0015, "deterministic")),
        ({"reward": "sparse"}, ("state", 0.0015, "deterministic")),
        ({"reward": "image"}, ("image32_goal", 0.0015, "deterministic")),
        ({"reward": "image", "base_controller": "none"}, ("image32", 0.002, "deterministic")),
        ({"base_controller": "none"}, ("state_goal", 0.002, "deterministic")),
        ({"algorithm": "td3"}, ("state_goal", 0.0015, "deterministic")),
        ({"task": "blocks"}, ("blocks", 0.01, "stochastic")),
        (
            {"observation": "state_goal", "action_scale_m": 0.003},
            (
                "state_goal",
                0.003,
            )
            * 1,
        ),
    ],
)
def test_defaults_that_depend_on_other_settings(values: Any, expected: Any) -> None:
    config = training_config(values)
    found = (config.observation, config.action_scale_m, config.sampling)
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"reward": "image"}, "residual_sac_image_usb"),
        ({"connector": "dsub"}, "residual_sac_state_dsub"),
        ({"reward": "sparse"}, "residual_sac_sparse_usb"),
        ({"algorithm": "td3", "connector": "model_e"}, "residual_td3_state_model_e"),
        ({"task": "blocks"}, "residual_blocks"),
        ({"base_controller": "none"}, "pure_sac_state_usb"),
        ({"base_controller": "none", "demos": "shipped"}, "lfd_sac_state_usb"),
        ({"name": "mine"}, "mine"),
    ],
)
def test_names_of_the_bundles(values: "dict[str, Any]", name: str) -> None:
    assert training_config(values).bundle_name == name


def test_round_trip_through_json() -> None:
    config = training_config(
        {"algorithm": "td3", "learner.hidden": [8], "env.twin": {"seed": 1}, "steps": 5}
    )
    assert isinstance(config.learner, Td3Config)
    again = training_config(json.loads(json.dumps(config_mapping(config))))
    assert again == config


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_config(name: str) -> None:
    config = training_config(preset_settings(name))
    if name != "debug":
        kind = name.split("_")[0]
        assert config.residual == (kind == "residual")
        assert bool(config.demos) == (kind == "lfd")
        assert config.algorithm == name.split("_")[1]


def test_unknown_preset_gives_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="residual_sac_image"):
        preset_settings("residual_sac_images")


def test_arguments_of_the_environment() -> None:
    seen = environment_arguments(training_config({"reward": "image", "noise_mm": 0.5}))
    assert seen["with_image"] is True
    assert seen["noise_mm"] == 0.5
    assert seen["observation"] == "named"
    assert environment_arguments(training_config({}))["with_image"] is False
    blocks = environment_arguments(training_config({"task": "blocks", "env.control_mu": 0.1}))
    assert blocks["control_mu"] == 0.1
    assert "connector" not in blocks


def test_unknown_option_of_the_environment_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"env\.block_yaw_rad"):
        make_environment(training_config({"task": "blocks", "env.block_yaw": 0.1}))
    with pytest.raises(UnknownNameError, match=r"did you mean .usb."):
        make_environment(training_config({"connector": "usbc"}))


def test_every_task_has_its_choices() -> None:
    assert tuple(CHOICES) == TASKS
    for task, choices in CHOICES.items():
        assert set(choices.observation_of_reward) == set(choices.rewards)
        assert training_config({"task": task}).observation in choices.observations
