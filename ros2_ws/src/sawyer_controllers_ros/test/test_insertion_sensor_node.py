from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, WrenchStamped
from rclpy.node import Node
from sawyer_interfaces.msg import ElectricalContact, InsertionState

from sawyer_controllers_ros.insertion_sensor_node import InsertionSensorNode
from sawyer_controllers_ros.reset_node import ResetNode
from sawyer_core import ConfigError, Wrench
from sawyer_ros_common import conversions, qos
from sawyer_ros_common.stamps import to_ns
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for

pytestmark = pytest.mark.ros

TASK = """
task:
  connector: usb
  goal_position_m: [0.5, 0.1, 0.1]
  goal_quat_xyzw: [1.0, 0.0, 0.0, 0.0]
  mouth_height_m: 0.012
  insertion_depth_m: 0.012
"""


@pytest.fixture
def task_file(tmp_path: Path) -> Path:
    path = tmp_path / "usb.yaml"
    path.write_text(TASK, encoding="utf-8")
    return path


@pytest.fixture
def bench(task_file: Path) -> Iterator[tuple[Node, list[InsertionState]]]:
    with ros_arguments(["-p", f"task_file:={task_file}"]):
        sensor, node = InsertionSensorNode(), Node("bench")
        sensor.start()
        with Spinner(sensor, node):
            yield node, Client(node).listen(InsertionState, "insertion_state", qos.STATE)


def test_contact_becomes_insertion_becomes_success_and_a_new_goal_forgets(bench) -> None:
    node, states = bench
    poses = node.create_publisher(PoseStamped, "ee_pose", qos.STATE)
    contacts = node.create_publisher(ElectricalContact, "electrical_contact", qos.STATE)
    forces = node.create_publisher(WrenchStamped, "wrench_centered", qos.STATE)
    goals = node.create_publisher(PoseStamped, "commanded_goal", qos.LATCHED)
    outs = (poses, contacts, forces, goals)
    wait_for(lambda: min(o.get_subscription_count() for o in outs) > 0, 10.0, "the sensor")
    wait_for(lambda: node.count_publishers("insertion_state") > 0, 10.0, "its topic")

    def say(period: int, contact: bool, held_s: float) -> InsertionState:
        stamp_ns = period * 100_000_000
        pose = PoseStamped(header=conversions.header(stamp_ns))
        pose.pose.position = conversions.point((0.5, 0.1, 0.101))
        contacts.publish(
            ElectricalContact(
                header=conversions.header(stamp_ns), contact=contact, duration_s=held_s
            )
        )
        forces.publish(conversions.wrench_message(Wrench(stamp_ns, np.zeros(3), np.zeros(3))))
        poses.publish(pose)
        wait_for(lambda: states and to_ns(states[-1].header.stamp) == stamp_ns, 10.0, "a state")
        return states[-1]

    assert not say(1, False, 0.0).inserted
    seen = [say(1 + n, True, 0.1 * n) for n in range(1, 7)]
    assert [state.inserted for state in seen] == [True] * 6
    assert [state.success for state in seen] == [False] * 4 + [True] * 2
    assert seen[-1].evidence == InsertionState.EVIDENCE_ELECTRICAL
    assert seen[-1].depth_m == pytest.approx(0.011)
    assert say(8, False, 0.0).success  # latched
    goal = PoseStamped(header=conversions.header(0))
    goal.pose.position = conversions.point((0.5, 0.1, 0.1))
    goals.publish(goal)

    def forgotten() -> bool:
        forgotten.period += 1
        return not say(forgotten.period, False, 0.0).success

    forgotten.period = 8
    wait_for(forgotten, 10.0, "the new episode")


@pytest.mark.parametrize("make", [InsertionSensorNode, ResetNode])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "task_file = None is not allowed"),
        ("/nowhere/usb.yaml", "No such file"),
        ("task: [", "malformed YAML"),
        ("task: {connector: usb}", "goal_position_m"),
    ],
)
def test_a_missing_or_broken_task_is_refused(make, text, message, tmp_path: Path) -> None:
    arguments = []
    if text is not None:
        path = tmp_path / "task.yaml"
        if not text.startswith("/"):
            path.write_text(text, encoding="utf-8")
        arguments = ["-p", f"task_file:={text if text.startswith('/') else path}"]
    with ros_arguments(arguments), pytest.raises(ConfigError, match=message):
        make()
