from __future__ import annotations

import numpy as np
import pytest

from sawyer_core.errors import ConfigError, ShapeError
from sawyer_core.specs import (
    EE_POSITION,
    IMAGE_32,
    ActionSpec,
    ArraySpec,
    ObservationSpec,
    PolicySpec,
)


def test_fitting_arrays_pass() -> None:
    spec = ObservationSpec((EE_POSITION, IMAGE_32))
    assert spec.names() == ("ee_position", "image")
    checked = spec.check(
        {"ee_position": [1, 2, 3], "image": np.zeros((32, 32), np.uint8), "more": 1}
    )
    assert checked["ee_position"].dtype == np.float64
    assert set(checked) == {"ee_position", "image"}


@pytest.mark.parametrize(
    "image", [np.zeros((32, 31), np.uint8), np.zeros((32, 32, 3), np.uint8), np.zeros((32, 32))]
)
def test_wrong_image_is_refused(image: np.ndarray) -> None:
    with pytest.raises(ShapeError, match="image"):
        IMAGE_32.check(image)


def test_missing_array_is_named() -> None:
    with pytest.raises(ShapeError, match="image has shape or type missing"):
        ObservationSpec((IMAGE_32,)).check({})


@pytest.mark.parametrize("value", [[np.nan, 0, 0], [np.inf, 0, 0]])
def test_numbers_must_be_finite(value: list[float]) -> None:
    with pytest.raises(ConfigError, match="finite"):
        ActionSpec().check(value)


def test_element_bounds_at_the_boundary_and_just_outside() -> None:
    spec = ArraySpec("x", (1,), low=-1.0, high=1.0, unit="m")
    for value in (-1.0, 1.0):
        spec.check([value])
    for value in (-1.0001, 1.0001):
        with pytest.raises(ConfigError, match="x"):
            spec.check([value])


def test_unknown_base_controller_is_refused() -> None:
    with pytest.raises(ConfigError, match="p_controller, none"):
        PolicySpec("x", ObservationSpec(()), ActionSpec(), 10.0, "pd", "")
