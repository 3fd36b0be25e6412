"""Message classes made from definitions."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseWithCovariance, Quaternion
from sensor_msgs.msg import Image, Imu, JointState
from std_msgs.msg import Empty, Header, String, UInt8
from std_srvs.srv import SetBool

from embedded_types.definitions import DefinitionError, parse_message
from embedded_types.registry import InterfaceNotFoundError, get_definition


def test_defaults() -> None:
    state = JointState()
    assert state.header == Header(stamp=Time(sec=0, nanosec=0), frame_id="")
    assert state.name == []
    assert state.position == array("d")
    assert Quaternion().w == 1.0
    assert DiagnosticStatus().level == DiagnosticStatus.OK == b"\0"
    covariance = PoseWithCovariance().covariance
    assert covariance.dtype == np.float64
    assert covariance.shape == (36,)


def test_defaults_are_not_shared() -> None:
    first, second = Imu(), Imu()
    first.orientation_covariance[0] = 5.0
    first.header.frame_id = "a"
    assert second.orientation_covariance[0] == 0.0
    assert second.header.frame_id == ""


def test_keyword_constructor_and_equality() -> None:
    assert String(data="x") == String(data="x")
    assert String(data="x") != String(data="y")
    assert String(data="x") != "x"
    assert JointState(position=[1.0]) == JointState(position=array("d", [1.0]))
    with pytest.raises(AssertionError, match="nope"):
        String(nope=1)


def test_repr_names_type_and_fields() -> None:
    assert repr(String(data="a")) == "std_msgs.msg.String(data='a')"


def test_fields_and_types() -> None:
    assert Image.get_fields_and_field_types()["data"] == "sequence<uint8>"
    assert PoseWithCovariance.get_fields_and_field_types() == {
        "pose": "geometry_msgs/Pose",
        "covariance": "double[36]",
    }
    assert Empty.get_fields_and_field_types() == {}
    assert "_data" in String.__slots__


@pytest.mark.parametrize(
    ("message", "field", "value"),
    [
        (String(), "data", 3),
        (UInt8(), "data", 256),
        (UInt8(), "data", 1.0),
        (Quaternion(), "x", 1),
        (JointState(), "position", [1]),
        (JointState(), "position", array("f", [1.0])),
        (JointState(), "name", "right_j0"),
        (JointState(), "name", [1]),
        (JointState(), "header", Time()),
        (PoseWithCovariance(), "covariance", [0.0] * 35),
        (PoseWithCovariance(), "covariance", np.zeros(36, np.float32)),
        (DiagnosticStatus(), "level", 1),
    ],
)
def test_wrong_assignment_is_refused(message: Any, field: str, value: Any) -> None:
    before = copy.deepcopy(message)
    with pytest.raises(AssertionError, match=field):
        setattr(message, field, value)
    assert message == before


def test_unknown_attribute_is_refused() -> None:
    with pytest.raises(AttributeError):
        String().dta = "x"


def test_sequences_become_arrays() -> None:
    image = Image(data=b"abc")
    assert image.data == array("B", b"abc")
    image.data = np.arange(3, dtype=np.uint8)
    assert image.data.tolist() == [0, 1, 2]
    state = JointState(position=(0.5, 1.5), velocity=np.array([2.5]))
    assert isinstance(state.position, array)
    assert state.velocity.tolist() == [2.5]


def test_copy_and_pickle() -> None:
    message = JointState(name=["a"], position=[1.0])
    message.header.frame_id = "base"
    assert copy.deepcopy(message) == message
    assert pickle.loads(pickle.dumps(message)) == message


def test_service_and_action_classes() -> None:
    from example_interfaces.action import Fibonacci

    assert SetBool.Request(data=True).data is True
    assert SetBool.Response().message == ""
    request = Fibonacci.Impl.SendGoalService.Request()
    assert request.goal == Fibonacci.Goal()
    assert request.goal_id.uuid.shape == (16,)
    assert Fibonacci.Impl.FeedbackMessage().feedback == Fibonacci.Feedback()
    assert Fibonacci.Impl.GetResultService.Response().result == Fibonacci.Result()
    assert Fibonacci.Impl.CancelGoalService.Response.ERROR_REJECTED == 1


def test_missing_interface_names_the_near_ones() -> None:
    import std_msgs.msg

    with pytest.raises(AttributeError, match="String"):
        _ = std_msgs.msg.Strng
    with pytest.raises(InterfaceNotFoundError, match="JointState"):
        get_definition("sensor_msgs/msg/JointStates")
    with pytest.raises(ModuleNotFoundError):
        __import__("no_such_interfaces.msg")


def test_definition_text() -> None:
    definition = parse_message(
        "pkg",
        "pkg/msg/Sample",
        """
        # comment
        int32 A=-5          # a constant
        string NAME = "x # y"
        bool flag true
        uint8[3] three [1, 2, 3]
        float64[<=4] some
        string<=8[] names
        Other other
        std_msgs/Header header
        """,
    )
    assert [(c.name, c.value) for c in definition.constants] == [("A", -5), ("NAME", "x # y")]
    fields = {field.name: field for field in definition.fields}
    assert fields["flag"].default is True
    assert fields["three"].default == (1, 2, 3)
    assert fields["three"].type.is_fixed
    assert (fields["some"].type.size, fields["some"].type.is_fixed) == (4, False)
    assert fields["names"].type.string_bound == 8
    assert fields["other"].type.base == "pkg/msg/Other"
    assert fields["header"].type.base == "std_msgs/msg/Header"


@pytest.mark.parametrize(
    "text",
    ["int32", "int32 a b c", "uint8 a 300", "Other o 1", "int32 a\nint32 a", "int32[2] a [1]",
     "uint8 X=-1", "bool b maybe", "int32<=3 a"],
)  # fmt: skip
def test_bad_definition_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError, match="pkg/msg/Bad"):
        parse_message("pkg", "pkg/msg/Bad", text)


def test_own_package_from_the_search_path(tmp_path: Path) -> None:
    share = tmp_path / "own_interfaces"
    for kind, text in {
        "msg": "float64[3] step_m\nuint32 COUNT=7\n",
        "srv": "own_interfaces/Sample sample\n---\nbool ok true\n",
        "action": "uint8 n\n---\nuint8 n\n---\nSample[] samples\n",
    }.items():
        (share / kind).mkdir(parents=True)
        (share / kind / f"Sample.{kind}").write_text(text)
    code = """
from own_interfaces.msg import Sample
from own_interfaces.srv import Sample as Service
from own_interfaces.action import Sample as Action
from rclpy.serialization import deserialize_message, serialize_message
message = Sample(step_m=[0.1, 0.2, 0.3])
assert deserialize_message(serialize_message(message), Sample) == message
request = Service.Request(sample=message)
assert deserialize_message(serialize_message(request), Service.Request) == request
assert Service.Response().ok is True
feedback = Action.Feedback(samples=[message, Sample()])
assert deserialize_message(serialize_message(feedback), Action.Feedback) == feedback
print(Sample.COUNT)
"""
    environment = {"EMBEDDED_INTERFACE_PATH": str(tmp_path), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("7\n", "")
