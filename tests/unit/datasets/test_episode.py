from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sawyer_core.errors import ConfigError, RecordingError, UnknownNameError
from sawyer_datasets import EpisodeBagWriter, read_episode
from sawyer_datasets.definitions import complete_definition, standard_types, type_hash
from sawyer_datasets.testing import TOPICS, encode, image, stamp

RELAXED = settings(
    deadline=None,
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def bag_of(path: Path, spec: tuple[str, str, None], messages: list[bytes]) -> Path:
    with EpisodeBagWriter(path, {"/ns/x": spec}) as writer:
        for index, message in enumerate(messages):
            writer.write("/ns/x", index * 10, message)
    return path


def test_everything_in_a_whole_bag(whole_bag: Path) -> None:
    episode = read_episode(whole_bag, allow_incomplete=False)
    assert set(episode) == set(TOPICS)
    assert episode.spec is not None
    assert episode.result is not None
    assert episode.result["success"] is True
    steps = len(episode["episode/step"])
    assert steps == episode.result["steps"]
    joints = episode["joint_states"]
    assert joints["position"].shape == (steps, 7)
    assert joints["name"][0].tolist() == [f"right_j{i}" for i in range(7)]
    np.testing.assert_array_equal(joints["header.stamp"], joints.stamp_ns)
    assert np.all(np.diff(joints.stamp_ns) == 100_000_000)
    assert episode["wrench"]["wrench.force"].shape == (steps, 3)
    assert episode["camera/image_policy"].images.shape == (steps, 32, 32)
    assert episode["overview/image_raw"].images.shape == (steps, 240, 320, 3)


def test_names_by_their_ends(whole_bag: Path) -> None:
    episode = read_episode(whole_bag)
    assert episode["overview/image_raw"] is episode["/overview/image_raw"]
    assert "wrench" in episode
    assert "rench" not in episode
    with pytest.raises(UnknownNameError, match=r"camera/image_raw, /overview"):
        episode["image_raw"]  # two end like that
    with pytest.raises(UnknownNameError, match="did you mean 'data'"):
        episode["camera/image_policy"]["dat"]


def test_arrays_are_read_only(whole_bag: Path) -> None:
    episode = read_episode(whole_bag)
    for array in (
        episode["wrench"].stamp_ns,
        episode["wrench"]["wrench.force.x"],
        episode["camera/image_policy"].images,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@RELAXED
@given(
    pixels=hnp.arrays(
        np.uint8,
        st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.just(3)),
    )
)
def test_images_come_back(tmp_path_factory: pytest.TempPathFactory, pixels: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("images") / "bag"
    messages = [encode("sensor_msgs/msg/Image", image(5, frame)) for frame in pixels]
    episode = read_episode(bag_of(path, ("sensor_msgs/msg/Image", "", None), messages))
    np.testing.assert_array_equal(episode["x"].images, pixels)


def test_bgr_and_padded_rows(tmp_path: Path) -> None:
    message = {
        "height": 2,
        "width": 1,
        "encoding": "bgr8",
        "step": 4,  # one byte of padding
        "data": np.array([1, 2, 3, 99, 4, 5, 6, 99], dtype=np.uint8),
    }
    raw = encode("sensor_msgs/msg/Image", message)
    episode = read_episode(bag_of(tmp_path / "bag", ("sensor_msgs/msg/Image", "", None), [raw]))
    np.testing.assert_array_equal(episode["x"].images, [[[[3, 2, 1]], [[6, 5, 4]]]])


def test_sixteen_bit_big_endian(tmp_path: Path) -> None:
    message = {
        "height": 1,
        "width": 2,
        "encoding": "mono16",
        "is_bigendian": 1,
        "step": 4,
        "data": np.array([1, 0, 0, 2], dtype=np.uint8),
    }
    raw = encode("sensor_msgs/msg/Image", message)
    episode = read_episode(bag_of(tmp_path / "bag", ("sensor_msgs/msg/Image", "", None), [raw]))
    np.testing.assert_array_equal(episode["x"].images, [[[256, 2]]])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"encoding": "yuv9"}, "yuv9"),
        ({"data": np.zeros(3, dtype=np.uint8)}, "does not fit"),
        ({"step": 2}, "does not fit"),
    ],
)
def test_images_that_do_not_fit_their_header(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    message = {**image(0, np.zeros((2, 2, 3), dtype=np.uint8)), **changes}
    raw = encode("sensor_msgs/msg/Image", message)
    episode = read_episode(bag_of(tmp_path / "bag", ("sensor_msgs/msg/Image", "", None), [raw]))
    with pytest.raises((RecordingError, UnknownNameError), match=words):
        _ = episode["x"].images


def test_images_of_another_type(whole_bag: Path) -> None:
    with pytest.raises(RecordingError, match="not images"):
        _ = read_episode(whole_bag)["wrench"].images


def test_fields_whose_length_varies(tmp_path: Path) -> None:
    spec = ("sensor_msgs/msg/JointState", "", None)
    messages = [
        encode("sensor_msgs/msg/JointState", {"header": stamp(7), "position": np.arange(n)})
        for n in (1, 3)
    ]
    column = read_episode(bag_of(tmp_path / "bag", spec, messages))["x"]["position"]
    assert column.dtype == object
    np.testing.assert_array_equal(column[1], [0.0, 1.0, 2.0])


def test_nested_lists_and_durations(tmp_path: Path) -> None:
    definition = "geometry_msgs/Point[] points\nbuiltin_interfaces/Duration wait\nstring[2] names"
    # CDR by hand: two points, 1.5 s, two names.
    body = struct.pack("<I4x6d", 2, 1, 2, 3, 4, 5, 6) + struct.pack("<iI", 1, 500_000_000)
    body += struct.pack("<I2s2x", 2, b"a\0") + struct.pack("<I2s", 2, b"b\0")
    raw = b"\x00\x01\x00\x00" + body
    path = bag_of(tmp_path / "bag", ("my_msgs/msg/Path", definition, None), [raw])
    topic = read_episode(path)["x"]
    np.testing.assert_array_equal(topic["points.1"], [[4.0, 5.0, 6.0]])
    assert topic["wait"].tolist() == [1_500_000_000]
    assert topic["names"].tolist() == [["a", "b"]]


def test_payload_that_does_not_fit_its_type(tmp_path: Path) -> None:
    spec = ("std_msgs/msg/Float64", "", None)
    path = bag_of(tmp_path / "bag", spec, [b"\x00\x01\x00\x00\x01"])
    with pytest.raises(RecordingError, match="/ns/x, message 0"):
        _ = read_episode(path)["x"]["data"]


def test_incomplete_bag_only_if_asked(tmp_path: Path) -> None:
    writer = EpisodeBagWriter(tmp_path / "bag", {"x": ("std_msgs/msg/Bool", "", None)})
    writer.write("x", 1, encode("std_msgs/msg/Bool", {"data": 1}))
    writer.abort("arm lost")
    assert len(read_episode(tmp_path / "bag")["x"]) == 1
    with pytest.raises(RecordingError, match="arm lost"):
        read_episode(tmp_path / "bag", allow_incomplete=False)


def test_definition_is_completed_from_the_standard_packages() -> None:
    text = complete_definition(
        "a_msgs/msg/B", "Header header\ngeometry_msgs/Pose[3] poses # x y\n"
    )
    for name in ("std_msgs/Header", "builtin_interfaces/Time", "geometry_msgs/Quaternion"):
        assert f"MSG: {name}\n" in text
    assert text.count("=" * 80) == 5  # Header, Time, Pose, Point, Quaternion
    assert complete_definition("a_msgs/msg/B", text) == text


def test_hashes_are_those_of_ros() -> None:
    for name in ("sensor_msgs/msg/Image", "geometry_msgs/msg/WrenchStamped"):
        known = standard_types().hash_rihs01(name)
        assert type_hash(name, complete_definition(name)) == known


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a_msgs/msg/B", "a_msgs/C inner\n", "a_msgs/msg/C"),
        ("a_msgs/msg/B", "this is not { a message", "definition of a_msgs/msg/B"),
        ("nonsense", "bool x", "package/msg/Name"),
    ],
)
def test_definitions_that_cannot_be_used(name: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        type_hash(name, complete_definition(name, text))
