"""The policy's picture out of raw pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_core import ShapeError
from sawyer_core.pictures import policy_picture


def test_luma_mean_of_blocks_by_hand() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = (255, 0, 0)
    image[:2, 2:] = (0, 255, 0)
    image[2:, :2, 2] = np.array([[0, 100], [200, 255]])
    assert policy_picture(image, 2).tolist() == [[76, 150], [16, 0]]


def test_rounded_once() -> None:
    """Rounding to gray before averaging would give 1: each of these pixels is below a half."""
    image = np.zeros((2, 2, 3), np.uint8)
    image[..., 0] = [[1, 1], [1, 2]]  # luma 0.299, 0.299, 0.299, 0.598: mean 0.374
    assert policy_picture(image, 1).tolist() == [[0]]
    image[..., 0] = [[3, 3], [3, 3]]  # luma 0.897
    assert policy_picture(image, 1).tolist() == [[1]]
    gray = np.array([[0, 1], [1, 0]], np.uint8)  # mean 0.5: half up
    assert policy_picture(gray, 1).tolist() == [[1]]


@given(st.integers(0, 255), st.integers(8, 40), st.integers(8, 40), st.booleans())
def test_a_plain_picture_stays_plain(level: int, height: int, width: int, colour: bool) -> None:
    shape = (height, width, 3) if colour else (height, width)
    assert (policy_picture(np.full(shape, level, np.uint8), 8) == level).all()


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (33, 35), (32, 64)])
def test_the_middle_is_cut_out(shape: tuple[int, int]) -> None:
    height, width = shape
    edge = min(shape) // 32 * 32
    image = np.full(shape, 255, np.uint8)
    top, left = (height - edge) // 2, (width - edge) // 2
    image[top : top + edge, left : left + edge] = 7
    assert (policy_picture(image, 32) == 7).all()


@pytest.mark.parametrize("shape", [(31, 64), (64, 31), (32, 32, 4), (32,)])
def test_what_is_no_picture_or_too_small_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="image"):
        policy_picture(np.zeros(shape, np.uint8), 32)


def test_another_type_is_refused() -> None:
    with pytest.raises(ShapeError, match="uint8"):
        policy_picture(np.zeros((32, 32)), 32)
