import pytest
from rclpy.node import Node
from sawyer_interfaces.msg import ErrorCode
from sawyer_interfaces.srv import PolicyAct, PolicyReset

from sawyer_policies_ros.policy_server_node import PolicyServerNode
from sawyer_ros_common import conversions
from sawyer_ros_common.testing import Client, Spinner, ros_arguments

pytestmark = pytest.mark.ros


def test_a_server_elsewhere_that_is_not_there_is_said_with_a_code() -> None:
    with ros_arguments(["-p", "server:=ws://127.0.0.1:9"]):
        server, node = PolicyServerNode(), Node("caller")
        server.start()
        with Spinner(server, node):
            client = Client(node)
            request = PolicyReset.Request(session="s", policy="p_controller", seed=1)
            reply = client.call(PolicyReset, "policy/reset", request)
            assert reply.error_code == ErrorCode.POLICY_UNREACHABLE
            assert "127.0.0.1:9" in reply.error_msg
            act = PolicyAct.Request(header=conversions.header(1), session="s")
            reply = client.call(PolicyAct, "policy/act", act)
            assert reply.error_code == ErrorCode.POLICY_NOT_RESET
