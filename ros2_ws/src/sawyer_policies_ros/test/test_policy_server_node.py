from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from geometry_msgs.msg import Point, Vector3
from rclpy.node import Node
from sawyer_interfaces.msg import ErrorCode
from sawyer_interfaces.srv import ListPolicies, PolicyAct, PolicyReset

from sawyer_policies.testing import write_bundle
from sawyer_policies_ros.policy_server_node import PolicyServerNode
from sawyer_ros_common import conversions
from sawyer_ros_common.testing import Client, Spinner, ros_arguments

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "learned", "state")
    return folder


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    arguments = ["-p", "preload:=learned", "-p", "batch.window_s:=0.02"]
    with ros_arguments(arguments), pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAWYER_POLICY_PATH", str(folder))
        server, node = PolicyServerNode(), Node("caller")
        server.start()
        with Spinner(server, node):
            yield Client(node)


def begin(
    client: Client, policy: str = "straight_down", session: str = "s"
) -> PolicyReset.Response:
    request = PolicyReset.Request(session=session, policy=policy, seed=1)
    return client.call(PolicyReset, "policy/reset", request)


def act(client: Client, stamp_ns: int = 1, step: int = 0, **changes) -> PolicyAct.Response:
    return client.call(PolicyAct, "policy/act", observed(stamp_ns, step, **changes))


def observed(stamp_ns: int = 1, step: int = 0, **changes) -> PolicyAct.Request:
    values = {
        "header": conversions.header(stamp_ns),
        "session": "s",
        "step": step,
        "ee_position": Point(x=0.5, y=0.1, z=0.2),
        "goal_position": Point(x=0.5, y=0.1, z=0.1),
        "force": Vector3(),
        **changes,
    }
    return PolicyAct.Request(**values)


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


def test_a_bundle_is_served_with_its_version_and_bounds(client: Client) -> None:
    info = begin(client, "learned").info
    assert (info.name, len(info.version), list(info.action.high)) == ("learned", 12, [0.001])
    reply = act(client)
    assert (reply.error_code, reply.batch) == (0, 1)
    assert 0.0 <= reply.queue_s <= reply.handling_s
    assert max(abs(reply.action.x), abs(reply.action.y), abs(reply.action.z)) <= 0.001


def test_robots_that_ask_at_once_share_a_pass(client: Client) -> None:
    caller = client.node.create_client(PolicyAct, "policy/act")
    for session in ("a", "b"):
        begin(client, "learned", session)
    batches = []
    for step in range(10):
        requests = [observed(step + 1, step, session=session) for session in ("a", "b")]
        futures = [caller.call_async(request) for request in requests]
        replies = [client.wait(future, 5.0, "an action") for future in futures]
        assert [reply.error_code for reply in replies] == [0, 0]
        batches += [reply.batch for reply in replies]
    assert 2 in batches


def test_a_robot_whose_neighbour_fell_silent_still_gets_its_action(client: Client) -> None:
    for session in ("a", "b"):
        begin(client, "learned", session)
        assert not act(client, session=session).error_code
    assert act(client, 2, 1, session="a").queue_s < 0.1


def test_a_bundle_that_is_refused_has_its_own_code(client: Client, folder: Path) -> None:
    (write_bundle(folder / "broken") / "weights.safetensors").write_bytes(b"cut")
    reply = begin(client, "broken")
    assert reply.error_code == ErrorCode.POLICY_BAD_BUNDLE
    assert "cut short" in reply.error_msg


def test_changed_weights_are_taken_over_at_the_reset(client: Client, folder: Path) -> None:
    write_bundle(folder / "changing", "state", seed=1)
    before = begin(client, "changing").info.version
    write_bundle(folder / "changing", "state", seed=2)
    assert not act(client).error_code
    after = begin(client, "changing").info.version
    assert before != after
    (folder / "changing" / "weights.safetensors").write_bytes(b"cut")
    assert begin(client, "changing").info.version == after
