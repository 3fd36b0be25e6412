"""Launch of nodes: arguments that they get, parameters end to end, lifecycle, packages."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ament_index_python import PackageNotFoundError
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    GroupAction,
    LogInfo,
    RegisterEventHandler,
    Shutdown,
)
from launch.events import matches_action
from launch.substitution import SubstitutionFailure
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import (
    LifecycleNode,
    Node,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
    SetUseSimTime,
)
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState, StateTransition
from launch_ros.parameter_descriptions import Parameter, ParameterFile, ParameterValue
from launch_ros.parameter_values import evaluate_dict
from launch_ros.substitutions import ExecutableInPackage, FindPackagePrefix, FindPackageShare

pytestmark = pytest.mark.ros

DUMP = """
import json, sys
import yaml
words = sys.argv[2:]
files = [yaml.safe_load(open(b)) for a, b in zip(words, words[1:]) if a == "--params-file"]
files = [f.get("/**", f)["ros__parameters"] for f in files]
json.dump({"words": words, "files": files}, open(sys.argv[1], "w"))
"""
NODE = """
import json, sys
import rclpy
from rclpy.node import Node
from std_msgs.msg import String

rclpy.init()
node = Node("original", automatically_declare_parameters_from_overrides=True)
publisher = node.create_publisher(String, "chatter", 1)
values = {name: p.value for name, p in node.get_parameters_by_prefix("").items()}
values = {k: list(v) if hasattr(v, "tolist") else v for k, v in values.items()}
with open(sys.argv[1], "w") as stream:
    json.dump({"name": node.get_fully_qualified_name(), "topic": publisher.topic_name,
               "parameters": values}, stream)
node.destroy_node()
rclpy.shutdown()
"""
LIFECYCLE = """
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
class Talker(LifecycleNode):
    def on_configure(self, state):
        return TransitionCallbackReturn.SUCCESS
rclpy.init()
node = Talker("talker")
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
node.destroy_node()
rclpy.try_shutdown()
"""


@pytest.fixture(autouse=True)
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ros_domain: int) -> Path:
    """An installation prefix with the package ``demo`` in it."""
    folder = tmp_path / "prefix"
    for sub in ("share/ament_index/resource_index/packages", "share/demo", "lib/demo"):
        (folder / sub).mkdir(parents=True)
    (folder / "share/ament_index/resource_index/packages/demo").touch()
    for name, code in (("dump", DUMP), ("node", NODE), ("lifecycle", LIFECYCLE)):
        path = folder / "lib/demo" / name
        path.write_text(f"#!{sys.executable}\n{code}")
        path.chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(folder))
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return folder


def launch(*entities: Any) -> int:
    service = LaunchService()
    service.include_launch_description(LaunchDescription(entities))
    return service.run()


def dumped(tmp_path: Path, *entities: Any, **settings: Any) -> dict[str, Any]:
    """Return what a node launched after some entities got."""
    path = tmp_path / "dump.json"
    node = Node(package="demo", executable="dump", arguments=[str(path)], **settings)
    assert launch(*entities, node) == 0
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_plain_node_gets_no_ros_arguments(tmp_path: Path) -> None:
    assert dumped(tmp_path) == {"words": [], "files": []}


def test_name_namespace_remappings_and_ros_arguments(tmp_path: Path) -> None:
    result = dumped(
        tmp_path,
        DeclareLaunchArgument("side", default_value="left"),
        PushRosNamespace("robot"),
        PushRosNamespace(["arm_", LaunchConfiguration("side")]),
        SetRemap("a", "b"),
        name="dumper",
        namespace="inner",
        remappings=[("chatter", ["/", LaunchConfiguration("side")])],
        ros_arguments=["--log-level", "debug"],
    )
    assert result["words"] == [
        "--ros-args", "--log-level", "debug", "-r", "__node:=dumper",
        "-r", "__ns:=/robot/arm_left/inner", "-r", "a:=b", "-r", "chatter:=/left",
    ]  # fmt: skip


def test_an_absolute_namespace_and_the_end_of_a_group(tmp_path: Path) -> None:
    group = GroupAction([PushRosNamespace("robot"), SetParameter("a", 1), SetRemap("a", "b")])
    assert dumped(tmp_path, group)["words"] == []
    result = dumped(tmp_path, PushRosNamespace("robot"), namespace="/other")
    assert result["words"] == ["--ros-args", "-r", "__ns:=/other"]


def test_parameters_keep_their_order_and_types(tmp_path: Path, prefix: Path) -> None:
    path = prefix / "share/demo/p.yaml"
    path.write_text("/**:\n  ros__parameters:\n    from_file: 1\n")
    result = dumped(
        tmp_path,
        SetUseSimTime(True),
        SetParametersFromFile(PathJoinSubstitution([FindPackageShare("demo"), "p.yaml"])),
        parameters=[
            {"a": 1, "group": {"b": 2.5, "c": [True, False]}},
            Parameter("d", "007", value_type=str),
            str(path),
            {"e": LaunchConfiguration("nothing", default="[1, 2]")},
        ],
    )
    assert result["files"] == [
        {"use_sim_time": True},
        {"from_file": 1},
        {"a": 1, "group.b": 2.5, "group.c": [True, False], "d": "007"},
        {"from_file": 1},
        {"e": [1, 2]},
    ]
    assert list(tmp_path.glob("launch_params_*")) == [], "generated files go with the launch"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (3, 3),
        (True, True),
        ("3", 3),
        ("3.0", 3.0),
        ("text", "text"),
        ("", ""),
        (["a", "1"], ["a", "1"]),
        ([1, 2.5], [1.0, 2.5]),
        ((), []),
        (ParameterValue("3", value_type=str), "3"),
        (ParameterValue("3", value_type=float), 3.0),
        (ParameterValue(3, value_type=float), 3.0),
        (ParameterValue([LaunchConfiguration("x"), "0"], value_type=str), "10"),
        (ParameterValue("[1, 2]", value_type=list[float]), [1.0, 2.0]),
        ([LaunchConfiguration("x"), "0"], 10),
        (LaunchConfiguration("flag"), True),
    ],
)
def test_values_of_parameters(given: Any, expected: Any) -> None:
    context = LaunchContext()
    context.launch_configurations.update({"x": "1", "flag": "true"})
    (value,) = evaluate_dict(context, {"p": given}).values()
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a: 1", "ParameterValue(value, value_type=str)"),
        ("[1, x]", "items of a list have to be of one type"),
        ([True, 1], "items of a list have to be of one type"),
        (None, "None (NoneType); allowed: bool"),
        (ParameterValue("x", value_type=int), "'x' (str), expected int"),
    ],
)
def test_values_that_are_no_parameters(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match="parameter 'p'") as caught:
        evaluate_dict(LaunchContext(), {"p": given})
    assert message in str(caught.value)


def test_substitutions_in_a_parameter_file(
    tmp_path: Path, prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_VALUE", "7")
    path = tmp_path / "p.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n    a: $(var speed)\n    b: $(env TEST_VALUE)\n"
        "    c: $(find-pkg-share demo)/x\n    d: $(var nothing 5)\n"
    )
    argument = DeclareLaunchArgument("speed", default_value="1.5")
    result = dumped(tmp_path, argument, parameters=[ParameterFile(path, allow_substs=True)])
    assert result["files"] == [{"a": 1.5, "b": 7, "c": f"{prefix}/share/demo/x", "d": 5}]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "a-b"}, "name is 'a-b', allowed: letters"),
        ({"namespace": "a//b"}, "namespace is '/a//b', allowed"),
        ({"parameters": ["/no/such/file.yaml"]}, "'/no/such/file.yaml' is not a file"),
        ({"parameters": [{"a": None}]}, "parameter 'a' is None"),
        ({"executable": "dum"}, "(did you mean 'dump'?); available: dump, lifecycle, node"),
        ({"package": "dem"}, "package 'dem' not found"),
    ],
)
def test_faults_are_named(
    settings: dict[str, Any], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    node = Node(**{"package": "demo", "executable": "dump", "arguments": ["x"], **settings})
    assert launch(node) == 1
    assert message in capsys.readouterr().out


def test_parameters_and_names_reach_a_real_node(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    node = Node(
        package="demo",
        executable="node",
        name="renamed",
        namespace="ns",
        arguments=[str(path)],
        parameters=[{"i": 3, "d": 2.0, "s": "hi", "b": False, "g": {"list": [1.0, 2.0]}}],
        remappings=[("chatter", "gossip")],
    )
    assert launch(SetParameter("extra", "x"), node) == 0
    result = json.loads(path.read_text())
    parameters = result.pop("parameters")
    parameters.pop("use_sim_time", None)
    assert result == {"name": "/ns/renamed", "topic": "/ns/gossip"}
    assert parameters == {
        "i": 3, "d": 2.0, "s": "hi", "b": False, "g.list": [1.0, 2.0], "extra": "x",
    }  # fmt: skip


def change(node: LifecycleNode, transition_id: int) -> EmitEvent:
    return EmitEvent(
        event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition_id)
    )


def test_lifecycle_nodes_are_led_through_their_states(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from lifecycle_msgs.msg import Transition

    node = LifecycleNode(package="demo", executable="lifecycle", name="talker", namespace="ns")
    seen: list[tuple[str, str]] = []

    class Watch(OnStateTransition):
        def handle(self, event: Any, context: Any) -> Any:
            assert isinstance(event, StateTransition)
            seen.append((event.start_state, event.goal_state))
            return super().handle(event, context)

    status = launch(
        node,
        RegisterEventHandler(Watch(target_lifecycle_node=node, entities=[])),
        RegisterEventHandler(
            OnStateTransition(
                target_lifecycle_node=node,
                start_state="configuring",
                goal_state="inactive",
                entities=[change(node, Transition.TRANSITION_ACTIVATE), LogInfo(msg="inactive")],
            )
        ),
        RegisterEventHandler(
            OnStateTransition(target_lifecycle_node=node, goal_state="active", entities=Shutdown())
        ),
        change(node, Transition.TRANSITION_CONFIGURE),
    )
    assert status == 0
    assert ("configuring", "inactive") in seen
    assert ("activating", "active") in seen
    assert "[lifecycle-1]: process has finished cleanly" in capsys.readouterr().out


def test_a_lifecycle_node_can_start_by_itself() -> None:
    node = LifecycleNode(
        package="demo", executable="lifecycle", name="talker", namespace="", autostart=True
    )
    active = OnStateTransition(target_lifecycle_node=node, goal_state="active",
                               entities=Shutdown())  # fmt: skip
    assert launch(RegisterEventHandler(active), node) == 0
    assert node.current_state == "active"


def test_packages_are_found(prefix: Path) -> None:
    context = LaunchContext()
    assert FindPackageShare("demo").perform(context) == str(prefix / "share/demo")
    assert (FindPackageShare("demo") / "a.yaml").perform(context) == f"{prefix}/share/demo/a.yaml"
    assert FindPackagePrefix("demo").perform(context) == str(prefix)
    found = ExecutableInPackage("dump", "demo").perform(context)
    assert found == str(prefix / "lib/demo/dump")
    with pytest.raises(PackageNotFoundError, match=r"'demos' not found.*did you mean 'demo'"):
        FindPackageShare("demos").perform(context)
    os.chmod(found, 0o644)
    with pytest.raises(SubstitutionFailure, match="'dump' not found in package 'demo'"):
        ExecutableInPackage("dump", "demo").perform(context)
