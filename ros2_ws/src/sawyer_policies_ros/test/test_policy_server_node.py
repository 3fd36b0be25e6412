from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import Point, Vector3
from rclpy.node import Node
from sawyer_interfaces.msg import ErrorCode
from sawyer_interfaces.srv import ListPolicies, PolicyAct, PolicyReset

from sawyer_policies_ros.policy_server_node import PolicyServerNode
from sawyer_ros_common import conversions
from sawyer_ros_common.testing import Client, Spinner, ros_arguments

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with ros_arguments():
        server, node = PolicyServerNode(), Node("caller")
        server.start()
        with Spinner(server, node):
            yield Client(node)


def begin(
    client: Client, policy: str = "straight_down", session: str = "s"
) -> PolicyReset.Response:
    request = PolicyReset.Request(session="s", policy=policy, seed=1)
    return client.call(PolicyReset, "policy/reset", request)


def act(client: Client, stamp_ns: int = 1, step: int = 0, **changes) -> PolicyAct.Response:
    values = {
        "header": conversions.header(stamp_ns),
        "session": "s",
        "step": step,
        "ee_position": Point(x=0.5, y=0.1, z=0.2),
        "goal_position": Point(x=0.5, y=0.1, z=0.1),
        "force": Vector3(),
        **changes,
    }
    return client.call(PolicyAct, "policy/act", PolicyAct.Request(**values))


def test_lists_each_policy_with_its_specs(client: Client) -> None:
    policies = {info.name: info for info in client.call(ListPolicies, "policy/list").policies}
    assert {"p_controller", "straight_down", "random_search", "spiral_search"} <= set(policies)
    info = policies["spiral_search"]
    assert info.base_controller == "none"
    assert policies["p_controller"].base_controller == "p_controller"
    assert info.rate_hz == 10.0
    assert [array.name for array in info.observation] == ["ee_position", "goal_position", "force"]
    assert (list(info.action.shape), info.action.unit, info.action.dtype) == ([3], "m", "float64")


def test_acts_with_identity_and_timing(client: Client) -> None:
    assert begin(client).info.name == "straight_down"
    reply = act(client, stamp_ns=123, step=4)
    assert reply.error_code == ErrorCode.NONE
    assert (reply.action.x, reply.action.y, reply.action.z) == (0.0, 0.0, -0.004)
    assert (reply.step, reply.stamp.nanosec) == (4, 123)
    assert 0.0 < reply.compute_s <= reply.handling_s < 1.0


def test_an_unknown_policy_lists_the_choices(client: Client) -> None:
    reply = begin(client, "spiral")
    assert reply.error_code == ErrorCode.POLICY_UNKNOWN
    assert "did you mean 'spiral_search'" in reply.error_msg
    assert "random_search" in reply.error_msg


def test_a_session_must_be_reset(client: Client) -> None:
    reply = act(client, session="never")
    assert reply.error_code == ErrorCode.POLICY_NOT_RESET


def test_an_observation_that_is_not_newer_is_refused(client: Client) -> None:
    begin(client)
    assert not act(client, 100, 0).error_code
    reply = act(client, 100, 1)
    assert reply.error_code == ErrorCode.POLICY_STALE_OBSERVATION
    assert act(client, 200, 0).error_code == ErrorCode.POLICY_BAD_OBSERVATION
    assert not act(client, 200, 1).error_code


def test_numbers_that_are_not_finite_are_refused_by_name(client: Client) -> None:
    begin(client)
    reply = act(client, force=Vector3(x=float("nan")))
    assert reply.error_code == ErrorCode.POLICY_BAD_OBSERVATION
    assert "force" in reply.error_msg


def test_an_image_of_the_wrong_size_is_refused(client: Client) -> None:
    begin(client)
    image = conversions.image_message(np.zeros((4, 4), np.uint8), 1, "cam")
    image.height = 5
    reply = act(client, image=image)
    assert reply.error_code == ErrorCode.POLICY_BAD_OBSERVATION
    assert "image" in reply.error_msg


def test_a_reset_forgets_the_session(client: Client) -> None:
    begin(client)
    act(client, 500, 7)
    begin(client)
    assert not act(client, 1, 0).error_code
