"""Pictures: size, what changes them, what does not."""

import numpy as np
import pytest

from sawyer_core.pictures import policy_picture
from sawyer_sim.connectors import CONNECTOR_NAMES
from sawyer_sim.twin import Twin


@pytest.fixture(scope="module")
def twin():
    with Twin("usb") as made:
        made.prepare_episode(1)
        yield made


def test_sizes_and_types(twin):
    view = twin.render_policy_view()
    assert view.shape == (32, 32)
    assert view.dtype == np.uint8
    assert twin.render_rgb().shape == (64, 64, 3)
    assert twin.render_rgb(640, 480).shape == (480, 640, 3)
    assert twin.render_overview(160, 120).shape == (120, 160, 3)


def test_policy_view_is_the_gray_of_the_raw_image(twin):
    assert np.array_equal(twin.render_policy_view(), policy_picture(twin.render_rgb(), 32))


@pytest.mark.parametrize("connector", CONNECTOR_NAMES)
def test_view_shows_the_plug_and_moves_with_it(connector):
    with Twin(connector) as twin:
        twin.prepare_episode(2)
        first = twin.render_policy_view().astype(int)
        assert first.std() > 15.0
        joints = twin.joint_positions()
        lowered = twin.model.ik(
            twin.task.goal + np.array([0, 0, 0.03]), twin.task.quat, twin.home_q_rad
        ).tolist()
        moved = twin._camera.policy_view([*lowered, *joints[7:]], 0).astype(int)
        assert np.abs(moved - first).mean() > 5.0


def test_rendering_does_not_touch_the_physics(twin):
    twin.prepare_episode(3)
    plain = twin.advance(None, 50)
    twin.prepare_episode(3)
    twin.render_rgb()
    twin.render_overview(64, 48)
    seen = twin.advance(None, 50)
    assert np.array_equal(plain.arm.q_rad, seen.arm.q_rad)


def test_episodes_differ_in_light_texture_and_pose(twin):
    twin.prepare_episode(10)
    first = twin.render_rgb().astype(int)
    again = twin.render_rgb().astype(int)
    assert np.array_equal(first, again)
    twin.prepare_episode(11)
    assert np.abs(twin.render_rgb().astype(int) - first).mean() > 1.0
