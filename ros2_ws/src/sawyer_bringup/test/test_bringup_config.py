"""Every parameter file loads, every node refuses a broken one, arguments say what is allowed."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from launch import LaunchContext
from rclpy.node import Node

from sawyer_bringup import arguments
from sawyer_calibration_ros.camera_node import CameraNode
from sawyer_calibration_ros.force_bias_node import ForceBiasNode
from sawyer_controllers_ros.cartesian_command_node import CartesianCommandNode
from sawyer_controllers_ros.episode_manager_node import EpisodeManagerNode
from sawyer_controllers_ros.insertion_sensor_node import InsertionSensorNode
from sawyer_controllers_ros.reset_node import ResetNode
from sawyer_controllers_ros.session_node import SessionNode
from sawyer_controllers_ros.training_session_node import TrainingSessionNode
from sawyer_datasets_ros.recorder_node import RecorderNode
from sawyer_policies_ros.learner_node import LearnerNode
from sawyer_policies_ros.policy_server_node import PolicyServerNode
from sawyer_ros_common.diagnostics_node import DiagnosticsNode
from sawyer_ros_common.runner import run_nodes
from sawyer_ros_common.testing import own_domain, ros_arguments
from sawyer_sim_ros.twin_camera_node import TwinCameraNode
from sawyer_sim_ros.twin_driver_node import TwinDriverNode

CONFIG = Path(arguments.__file__).resolve().parents[1] / "config" / "twin"

# node class, and one setting of its that is out of range
NODES = {
    "camera": (CameraNode, "side_px:=0"),
    "cartesian_command": (CartesianCommandNode, "guard.max_step_m:=1.0"),
    "diagnostics": (DiagnosticsNode, "period_s:=-1.0"),
    "episode_manager": (EpisodeManagerNode, "clock:=sundial"),
    "force_bias": (ForceBiasNode, "estimator.samples:=1"),
    "insertion_sensor": (InsertionSensorNode, "success_hold_s:=-0.5"),
    "learner": (LearnerNode, "steps:=0"),
    "policy_server": (PolicyServerNode, "max_sessions:=0"),
    "recorder": (RecorderNode, "topics:=[joint_states]"),
    "reset": (ResetNode, "routine.step_m:=1.0"),
    "session": (SessionNode, "episodes:=0"),
    "training_session": (TrainingSessionNode, "max_repeats:=0"),
    "twin_camera": (TwinCameraNode, "overview_width_px:=1"),
    "twin_driver": (TwinDriverNode, "clock:=lockstp"),
}
GIVEN = ["-p", "connector:=usb", "-p", "policy:=p_controller"]


@pytest.fixture(scope="module")
def task() -> list[str]:
    return ["-p", f"task_file:={arguments.connectors()['usb']}"]


def test_each_node_has_its_parameter_file() -> None:
    assert {path.name.split(".")[0] for path in CONFIG.glob("*.yaml")} == set(NODES)


def flat(values: dict, prefix: str = "") -> dict:
    found = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        found.update(flat(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return found


@pytest.mark.parametrize("file", sorted(path.name for path in CONFIG.glob("*.yaml")))
def test_a_parameter_file_names_declared_parameters_of_its_node(file: str, task) -> None:
    path, name = CONFIG / file, file.split(".")[0]
    values = flat(yaml.safe_load(path.read_text(encoding="utf-8"))[name]["ros__parameters"])
    with ros_arguments(["--params-file", str(path), *GIVEN, *task]):
        node = NODES[name][0]()
        try:
            for key, value in values.items():
                assert node.get_parameter(key).value == value
                assert node.describe_parameter(key).description
        finally:
            node.destroy_node()


@pytest.mark.parametrize("name", sorted(NODES))
def test_a_broken_file_is_refused_with_field_value_and_what_is_allowed(
    name: str, task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    make, broken = NODES[name]
    field, _, value = broken.partition(":=")
    content = yaml.safe_load((CONFIG / f"{name}.yaml").read_text(encoding="utf-8"))
    content[name]["ros__parameters"][field] = yaml.safe_load(value)
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    monkeypatch.setenv("ROS_DOMAIN_ID", str(own_domain()))
    assert run_nodes([make], ["--ros-args", *GIVEN, *task, "--params-file", str(file)]) == 2
    error = capfd.readouterr().err
    assert error.startswith(f"[{name}] ")
    assert field.rsplit(".", maxsplit=1)[-1] in error
    assert str(yaml.safe_load(value)).strip("[]'") in error
    assert "allowed" in error


@pytest.mark.parametrize("name", sorted(NODES))
def test_the_readme_names_the_parameters_of_the_node(name: str, task) -> None:
    make, _ = NODES[name]
    readme = CONFIG.parents[2] / make.__module__.split(".")[0] / "README.md"
    section = readme.read_text(encoding="utf-8").split(f"\n## {name}\n")[1].split("\n## ")[0]
    listed = set(re.findall(r"^\| `([a-z][\w.]*)` \|", section, re.MULTILINE))
    groups = tuple(re.findall(r"`(\w+\.)\*`", section))  # of a library's config class
    besides = set(re.findall(r"`(task_file)`", section))
    with ros_arguments([*GIVEN, *task]):
        plain, node = Node("plain"), make()
        inherited = set(plain.get_parameters_by_prefix(""))
        declared = set(node.get_parameters_by_prefix("")) - inherited
        node.destroy_node()
        plain.destroy_node()
    assert listed - declared == set()
    assert {d for d in declared - listed - besides if not d.startswith(groups)} == set()
    assert all(any(d.startswith(group) for d in declared) for group in groups)


def context(**values: str) -> LaunchContext:
    made = LaunchContext()
    made.launch_configurations.update(values)
    return made


def test_argument_values_have_their_types() -> None:
    given = context(episodes="5", noise_mm="1", record="True", policy="p_controller")
    values = [arguments.value(given, n) for n in ("episodes", "noise_mm", "record", "policy")]
    assert values == [5, 1.0, True, "p_controller"]


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("episodes", "many", "a whole number"),
        ("episodes", "0", "from 1"),
        ("noise_mm", "-1", "from 0"),
        ("noise_mm", "nan", "from 0"),
        ("noise_mm", "50", "from 0 to 10"),
        ("horizon", "100001", "from 0 to 100000"),
        ("seed", "4294967296", "from 0 to 2147"),
        ("episodes", "1000000", "from 1 to 100000"),
        ("record", "maybe", "true, false"),
    ],
)
def test_an_argument_that_is_not_allowed_says_what_is(name, text, allowed) -> None:
    with pytest.raises(ValueError, match=f"{name}:={text} is not allowed; allowed: .*{allowed}"):
        arguments.value(context(**{name: text}), name)


def test_the_folder_is_made_or_refused_before_anything_starts(tmp_path: Path) -> None:
    wanted = tmp_path / "new" / "folder"
    assert arguments.make_folder(context(output_dir=str(wanted)), "output_dir") == wanted
    assert list(wanted.iterdir()) == []
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ValueError, match=r"file is not allowed .File exists.; allowed: a folder"):
        arguments.make_folder(context(output_dir=str(file)), "output_dir")


@pytest.mark.parametrize(
    ("file", "given", "text"),
    [
        ("sim", {"noise_mm": "50"}, "noise_mm:=50"),
        ("sim", {"reward": "image", "camera": "false"}, "reward:=image.*camera:=true"),
        ("train", {"steps": "0"}, "steps:=0"),
        ("train", {"connector": "blocks"}, "connector:=blocks"),
        ("train", {"observation": "image32", "camera": "false"}, "image32.*camera:=true"),
    ],
)
def test_the_launch_file_refuses_before_it_starts_anything(
    file: str, given: dict[str, str], text: str
) -> None:
    path = CONFIG.parents[1] / "launch" / f"{file}.launch.py"
    found = importlib.util.spec_from_file_location(f"{file}_launch", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    declared = {name: arguments.ARGUMENTS[name].default for name in module.TAKES}
    with pytest.raises(ValueError, match=text):
        module._setup(context(**{**declared, **given}))


def test_an_unknown_argument_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"'episode'.*did you mean episodes.*choices: .*noise_mm"):
        arguments.refuse_unknown(["episode"], list(arguments.ARGUMENTS))


def test_the_readme_lists_the_arguments_and_their_defaults() -> None:
    text = (CONFIG.parents[1] / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", text, re.MULTILINE))
    assert rows == {name: given.default for name, given in arguments.ARGUMENTS.items()}


def test_connectors_are_the_twins_task_files() -> None:
    boards = {"usb", "dsub", "model_e", "blocks", "blocks_b"}
    assert set(arguments.connectors()) == boards
    assert all(path.is_file() for path in arguments.connectors().values())
