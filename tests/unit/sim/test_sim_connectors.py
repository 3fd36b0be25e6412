"""Connector files, their dimensions and how bad ones are refused."""

import numpy as np
import pytest
import yaml

from sawyer_core.errors import ConfigError, SawyerError, UnknownNameError
from sawyer_sim.connectors import (
    CONNECTOR_NAMES,
    connector_from_mapping,
    load_connector,
    load_connector_task,
    task_path,
)


def mapping(name):
    path = task_path(name).parent.parent / "connectors" / f"{name}.yaml"
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("name", CONNECTOR_NAMES)
def test_task_agrees_with_the_connector(name):
    connector, task = load_connector(name), load_connector_task(name)
    assert task.connector == name
    assert task.electrical
    assert task.insertion_depth_m == pytest.approx(connector.insertion_depth_m)
    assert task.mouth_height_m == pytest.approx(connector.insertion_depth_m)


@pytest.mark.parametrize("name", CONNECTOR_NAMES)
def test_contacts_close_before_the_seat_and_below_the_mouth(name):
    connector = load_connector(name)
    assert 0.0 < connector.contacts.depth_m < connector.insertion_depth_m


def overlap(first, second):
    """Depth of interpenetration of two boxes by the separating-axis test, 0 if apart."""
    axes = [*first.rotation.T, *second.rotation.T]
    axes += [np.cross(a, b) for a in first.rotation.T for b in second.rotation.T]
    best = np.inf
    offset = np.array(second.position_m) - np.array(first.position_m)
    for axis in axes:
        length = np.linalg.norm(axis)
        if length < 1e-6:
            continue
        unit = axis / length
        reach = sum(
            0.5 * np.abs(shape.rotation.T @ unit) @ np.array(shape.size_m)
            for shape in (first, second)
        )
        best = min(best, reach - abs(offset @ unit))
    return max(best, 0.0)


@pytest.mark.parametrize("name", CONNECTOR_NAMES)
@pytest.mark.parametrize("depth_share", [0.3, 0.7, 0.99])
def test_centred_plug_fits_into_its_socket(name, depth_share):
    connector = load_connector(name)
    depth = depth_share * connector.insertion_depth_m
    for plug in connector.plug_shapes:
        if not plug.collides:
            continue
        x, y, z = plug.position_m
        moved = type(plug)(plug.kind, plug.size_m, (x, y, z - depth), plug.rpy_rad, plug.role)
        for socket in connector.socket_shapes:
            if socket.collides:
                assert overlap(moved, socket) < 1e-9


@pytest.mark.parametrize("name", CONNECTOR_NAMES)
@pytest.mark.parametrize("offset", [(1.2e-3, 0.0), (-1.2e-3, 0.0), (0.0, 1.2e-3), (0.0, -1.2e-3)])
def test_plug_beyond_its_capture_range_meets_the_rim(name, offset):
    connector = load_connector(name)
    hits = 0
    for plug in connector.plug_shapes:
        if not plug.collides:
            continue
        x, y, z = plug.position_m
        place = (x + offset[0], y + offset[1], z - 0.002)
        moved = type(plug)(plug.kind, plug.size_m, place, plug.rpy_rad, plug.role)
        hits += sum(overlap(moved, s) > 1e-4 for s in connector.socket_shapes if s.collides)
    assert hits > 0


def test_unknown_connector_lists_the_choices():
    with pytest.raises(UnknownNameError, match="did you mean 'dsub'") as caught:
        load_connector("dsup")
    assert caught.value.choices == CONNECTOR_NAMES


def test_unknown_section_is_refused():
    with pytest.raises(UnknownNameError, match="grip"):
        connector_from_mapping("usb", {**mapping("usb"), "grip": {}})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("geometry", "shell_width_m", -1.0),
        ("geometry", "shell_widht_m", 0.012),
        ("plug", "friction", "high"),
        ("contacts", "x_m", [0.001]),
        ("mating", "depth_m", [0.0, 0.002, 0.001, 0.009, 0.01]),
    ],
)
def test_broken_values_are_refused(section, key, value):
    data = mapping("usb")
    data[section] = {**data[section], key: value}
    with pytest.raises(SawyerError, match=key.split("_")[0]):
        connector_from_mapping("usb", data)


def test_missing_dimension_is_named():
    data = mapping("dsub")
    del data["geometry"]["shell_width_m"]
    with pytest.raises(ConfigError, match="shell_width_m"):
        connector_from_mapping("dsub", data)
