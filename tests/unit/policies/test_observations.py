"""From named arrays to network inputs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_core import ConfigError, PolicyInput, ShapeError, UnknownNameError
from sawyer_policies.observations import (
    FEATURES,
    PRESETS,
    ObservationConfig,
    ObservationEncoder,
    preset,
)

IMAGE = np.arange(1024, dtype=np.uint32).reshape(32, 32).astype(np.uint8)


def arrays(position=(0.5, 0.16, 0.12), goal=(0.5, 0.16, 0.108), force=(0.0, 0.0, 10.0)):
    return {
        "ee_position": np.array(position),
        "goal_position": np.array(goal),
        "force": np.array(force),
        "image": IMAGE,
    }


def test_state_in_numbers():
    encoder = ObservationEncoder(preset("state", (0.5, 0.16, 0.108)))
    encoded = encoder.encode(arrays((0.501, 0.158, 0.128)))
    assert list(encoded) == ["state"]
    assert encoded["state"].dtype == np.float32
    assert encoded["state"] == pytest.approx([1.0, -2.0, 2.0, 0.5], abs=1e-6)


def test_goal_error_follows_the_commanded_goal():
    encoder = ObservationEncoder(preset("state_goal", (0.5, 0.16, 0.108)))
    state = encoder.encode(arrays(goal=(0.501, 0.16, 0.108)))["state"]
    assert state[4:] == pytest.approx([-1.0, 0.0, 1.2], abs=1e-6)


def test_the_picture_passes_unchanged():
    encoded = ObservationEncoder(preset("image32")).encode(arrays())
    assert list(encoded) == ["image"]
    assert np.array_equal(encoded["image"], IMAGE)


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "blocks"])
def test_spaces_and_spec_fit_what_is_encoded(name):
    encoder = ObservationEncoder(preset(name))
    encoded = encoder.encode(arrays())
    spaces = encoder.spaces
    assert ("image" in encoded) == (spaces.image_shape is not None) == encoder.needs_image
    assert (len(encoded["state"]) if "state" in encoded else 0) == spaces.state_dim
    sent = {spec.name: arrays()[spec.name] for spec in encoder.observation_spec().arrays}
    again = encoder.encode(encoder.observation_spec().check(sent))
    assert all(np.array_equal(again[key], encoded[key]) for key in encoded)


def test_a_policy_input_is_encoded_like_the_arrays():
    named = arrays()
    seen = PolicyInput(
        named["ee_position"], named["goal_position"], named["force"], step=3, image=IMAGE
    )
    encoder = ObservationEncoder(preset("image32_state"))
    first, second = encoder.encode(named), encoder.encode(seen)
    assert np.array_equal(first["state"], second["state"])
    assert np.array_equal(first["image"], second["image"])


@given(st.floats(-1e6, 1e6))
def test_scaled_numbers_stay_within_the_limit(force_z):
    state = ObservationEncoder(preset("state")).encode(arrays(force=(0, 0, force_z)))["state"]
    assert abs(state[3]) <= 10.0


def test_mistakes_are_named():
    with pytest.raises(UnknownNameError, match="image32"):
        preset("image23")
    with pytest.raises(UnknownNameError, match="force_z"):
        ObservationConfig(features=("force_y",))
    with pytest.raises(ConfigError, match="each feature once"):
        ObservationConfig(features=("image", "image"))
    with pytest.raises(ConfigError, match="at least one"):
        ObservationConfig(features=())
    with pytest.raises(ShapeError, match="force"):
        ObservationEncoder(preset("state")).encode({"ee_position": np.zeros(3)})
    with pytest.raises(ShapeError, match="image"):
        ObservationEncoder(preset("image32")).encode({"image": np.zeros((31, 32), np.uint8)})


def test_every_preset_is_made_of_features():
    assert {name for names in PRESETS.values() for name in names} <= set(FEATURES)
