"""Shapes, grasp, mating force and sensors by numbers."""

import numpy as np
import pytest

from sawyer_core.errors import ConfigError
from sawyer_sim.connectors.config import ContactConfig, GraspConfig, MatingConfig
from sawyer_sim.grasp import Grasp
from sawyer_sim.mating import MatingForce
from sawyer_sim.sensors import ElectricalContact, WrenchSensor, WrenchSensorConfig
from sawyer_sim.shapes import box, rotation_from_rpy, wall


def corners(shape):
    half = 0.5 * np.array(shape.size_m)
    signs = np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    return signs * half @ shape.rotation.T + np.array(shape.position_m)


def test_box_from_extents():
    shape = box((0.0, 2.0), (-1.0, 1.0), (3.0, 4.0))
    assert shape.size_m == (2.0, 2.0, 1.0)
    assert shape.position_m == (1.0, 0.0, 3.5)


def test_rotated_box_moves_its_centre():
    turned = box((1.0, 2.0), (-0.5, 0.5), (0.0, 1.0)).rotated_z(np.pi / 2)
    assert turned.position_m == pytest.approx((0.0, 1.5, 0.5))
    assert corners(turned)[:, 1].max() == pytest.approx(2.0)


def test_rpy_is_fixed_axis():
    rotation = rotation_from_rpy((0.0, -np.pi / 2, 0.0))
    assert rotation @ [1, 0, 0] == pytest.approx([0, 0, 1])


@pytest.mark.parametrize("lead", [(5e-4, 5e-4), (3e-4, 6e-4)])
def test_wall_chamfer_meets_its_line_and_stays_behind_it(lead):
    inner, depth = 0.006, 0.012
    shapes = wall(inner, 0.012, 0.003, depth, lead)
    chamfer = shapes[-1]
    points = corners(chamfer)[:, [0, 2]]
    normal = np.array([-lead[1], lead[0]]) / np.hypot(*lead)
    height = (points - [inner, -lead[1]]) @ normal
    assert height.max() == pytest.approx(0.0, abs=1e-12)
    surface = points[height > -1e-9]
    assert surface[:, 0].min() == pytest.approx(inner)
    assert surface[:, 1].max() == pytest.approx(0.0, abs=1e-12)
    for shape in shapes:
        assert corners(shape)[:, 0].min() >= inner - 1e-9
        assert corners(shape)[:, 2].max() <= 1e-9


def test_grasp_is_a_spring_below_the_slip_force():
    config = GraspConfig()
    grasp = Grasp(config, [1e-4, 0, 0, 0, 0, 0])
    effort = grasp.update([2e-4, 0, 0, 0, 0.01, 0], [0.0] * 6)
    assert effort[0] == pytest.approx(-config.stiffness_n_per_m[0] * 1e-4)
    assert effort[4] == pytest.approx(-config.rotational_stiffness_n_m_per_rad[1] * 0.01)
    assert grasp.rest[0] == 1e-4


def test_grasp_slips_and_stays_where_it_slipped_to():
    config = GraspConfig()
    grasp = Grasp(config, [0.0] * 6)
    reach = config.slip_force_n[2] / config.stiffness_n_per_m[2]
    effort = grasp.update([0, 0, reach + 1e-3, 0, 0, 0], [0.0] * 6)
    assert effort[2] == pytest.approx(-config.slip_force_n[2])
    assert grasp.rest[2] == pytest.approx(1e-3)
    assert grasp.update([0, 0, 1e-3, 0, 0, 0], [0.0] * 6)[2] == pytest.approx(0.0)


MATING = MatingConfig(depth_m=(0.0, 0.01), force_n=(0.0, 20.0))


def test_mating_force_opposes_motion_and_is_bounded():
    force = MatingForce(MATING, 1.0)
    for step in range(100):
        value = force.update(0.001 + 5e-5 * step, 0.05, 0.001)
        assert 0.0 <= value <= force.bound_n(0.001 + 5e-5 * step) + 1e-12
    assert value == pytest.approx(force.bound_n(0.001 + 5e-5 * 99))
    for _ in range(200):
        value = force.update(0.005, -0.05, 0.001)
    assert value == pytest.approx(-10.0)


def test_mating_force_never_gives_energy_over_a_cycle():
    force = MatingForce(MATING, 1.0)
    depth, work = 0.005, 0.0
    for tick in range(4000):
        rate = 0.05 * np.cos(2 * np.pi * tick / 500)
        depth += rate * 1e-3
        work -= force.update(depth, rate, 1e-3) * rate * 1e-3
    assert work < 0.0


def test_mating_table_is_interpolated_and_scaled():
    force = MatingForce(MATING, 1.5)
    assert force.bound_n(0.005) == pytest.approx(15.0)
    assert force.bound_n(1.0) == pytest.approx(30.0)
    assert force.update(-0.001, 0.1, 0.001) == 0.0


@pytest.mark.parametrize(
    "changes", [{"depth_m": (0.01, 0.0)}, {"depth_m": (0.0,)}, {"force_n": (1.0, 2.0, 3.0)}]
)
def test_bad_mating_tables_are_refused(changes):
    values = {"depth_m": (0.0, 0.01), "force_n": (0.0, 20.0), **changes}
    with pytest.raises(ConfigError, match="mating"):
        MatingConfig(**values)


def test_electrical_contact_needs_every_contact_deep_enough():
    contact = ElectricalContact(ContactConfig(x_m=(-0.004, 0.004), y_m=(0.0, 0.0), depth_m=0.008))
    assert contact.overlap_m(-0.0085, (0.0, 0.0)) == pytest.approx(0.0005)
    assert contact.overlap_m(-0.0075, (0.0, 0.0)) == pytest.approx(-0.0005)
    # Tilted by 0.2 rad about y one of the outer contacts is 0.8 mm higher.
    assert contact.overlap_m(-0.0085, (0.2, 0.0)) == pytest.approx(-0.0003)


def test_wrench_bias_depends_on_the_pose_and_on_the_episode():
    sensor = WrenchSensor(WrenchSensorConfig(), np.random.default_rng(1))
    rng = np.random.default_rng(2)
    here, there = rng.normal(size=(6, 7)), rng.normal(size=(6, 7))
    assert np.abs(sensor.bias(here) - sensor.bias(there)).max() > 0.01
    other = WrenchSensor(WrenchSensorConfig(), np.random.default_rng(3))
    assert np.abs(sensor.bias(here) - other.bias(here)).max() > 0.01


def test_wrench_noise_has_the_configured_spread():
    config = WrenchSensorConfig(force_noise_n=0.2, torque_noise_n_m=0.01)
    noise = WrenchSensor(config, np.random.default_rng(0)).noise(20000)
    assert noise.std(axis=0) == pytest.approx([0.2] * 3 + [0.01] * 3, rel=0.05)
