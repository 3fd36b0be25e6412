import gc
import os
import signal
import time
from collections.abc import Iterator

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sawyer_interfaces.msg import NodeHealth
from sawyer_interfaces.srv import ListPolicies

from sawyer_core import TransportError
from sawyer_ros_common import container, qos
from sawyer_ros_common.diagnostics_node import DiagnosticsNode
from sawyer_ros_common.runner import ThinNode, run_nodes
from sawyer_ros_common.testing import Client, Spinner, ros_arguments, wait_for
from sawyer_ros_common.waits import Deadlines


@pytest.fixture
def ros() -> Iterator[None]:
    with ros_arguments(["-p", "period_s:=0.1", "-p", "stale_after_s:=0.5"]):
        yield


def test_diagnostics_gather_health_and_name_the_silent(ros: None) -> None:
    diagnostics, talker, listener = DiagnosticsNode(), Node("talker"), Node("listener")
    diagnostics.start()
    heard = Client(listener).listen(DiagnosticArray, "/diagnostics", qos.EVENT)
    publisher = talker.create_publisher(NodeHealth, "health", qos.EVENT)
    report = NodeHealth(node="/arm", level=NodeHealth.WARN, summary="two commands clipped")
    report.keys, report.values = ["clipped"], [2.0]

    def status(level: bytes) -> list[DiagnosticStatus]:
        found = [s for array in heard for s in array.status if s.name == "/arm"]
        return [s for s in found if s.level == level]

    with Spinner(diagnostics, talker, listener):
        wait_for(lambda: publisher.get_subscription_count() > 0, 10.0, "the subscription")
        publisher.publish(report)
        wait_for(lambda: status(DiagnosticStatus.WARN) != [], 10.0, "the warning")
        wait_for(lambda: status(DiagnosticStatus.STALE) != [], 10.0, "the silence")
    warning = status(DiagnosticStatus.WARN)[0]
    assert warning.message == "two commands clipped"
    assert [(v.key, v.value) for v in warning.values] == [("clipped", "2")]
    assert "silent for" in status(DiagnosticStatus.STALE)[0].message


def test_health_reports_rates_and_starts_over_after_a_warning(ros: None) -> None:
    node, listener = ThinNode("worker"), Node("listener")
    heard = Client(listener).listen(NodeHealth, "health", qos.EVENT)
    with Spinner(node, listener):
        wait_for(lambda: node.count_subscribers("health") > 0, 10.0, "the subscription")
        node.health.tick()
        node.health.count("clipped", 3)
        node.health.error("broken")
        node.health.warn("not so bad")
        wait_for(lambda: any(r.level == NodeHealth.OK for r in heard[1:]), 10.0, "a good report")
    bad = next(r for r in heard if r.level == NodeHealth.ERROR)
    assert bad.summary == "broken"
    assert bad.node == "/worker"
    assert dict(zip(bad.keys, bad.values, strict=True))["clipped"] == 3.0


class Waiting(ThinNode):
    """Answers after a wait that a deadline may end."""

    def __init__(self) -> None:
        super().__init__("waiting")
        self.deadlines = Deadlines(self, period_s=0.01)
        self.ready = False
        self.seen = ""
        group = ReentrantCallbackGroup()
        self.create_service(ListPolicies, "slow", self._serve, callback_group=group)
        self.nobody = self.create_client(ListPolicies, "nobody")

    async def _serve(self, _request, response):
        try:
            await self.deadlines.until(lambda: self.ready, 0.2, "never ready")
            self.seen = "ready"
            await self.deadlines.call(self.nobody, ListPolicies.Request(), 0.2)
        except TransportError as error:
            self.seen += str(error)
        return response


@pytest.mark.parametrize(
    ("ready", "text"), [(False, "never ready"), (True, "readyservice /nobody is not there")]
)
def test_waits_are_bounded(ros: None, ready: bool, text: str) -> None:
    node, caller = Waiting(), Node("caller")
    node.ready = ready
    with Spinner(node, caller):
        began = time.monotonic()
        Client(caller).call(ListPolicies, "slow", timeout_s=10.0)
        assert time.monotonic() - began < 8.0
    assert node.seen.startswith(text)


def test_a_wait_that_shutdown_ends_prints_nothing(ros: None, capsys) -> None:
    node = Waiting()
    future = node.deadlines.watch(node.deadlines.new_future(), 10.0, "nothing")
    node.deadlines.cancel_all()
    assert future.done()
    del future
    gc.collect()
    node.destroy_node()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("sawyer_ros_common.diagnostics_node", "expected package.module:Class"),
        ("sawyer_ros_common.diagnostics_node:Missing", "no node class"),
        ("sawyer_ros_common.qos:STATE", "no node class"),
        ("no_such_package.node:Node", "no_such_package"),
    ],
)
def test_the_container_says_what_is_no_node(target: str, text: str, capsys) -> None:
    assert container.main(["container", target]) == 2
    assert text in capsys.readouterr().err
    assert not rclpy.ok()


def test_the_container_wants_at_least_one_node(capsys) -> None:
    assert container.main(["container", "--ros-args", "--log-level", "info"]) == 2
    assert "usage" in capsys.readouterr().err


INTERRUPTED = """
import os, signal
os.kill(os.getpid(), signal.SIGINT)
from sawyer_ros_common.runner import ThinNode
class Late(ThinNode):
    def __init__(self):
        raise AssertionError("not wanted any more")
"""


def test_an_interrupt_while_importing_ends_quietly(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "interrupted_import.py").write_text(INTERRUPTED, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    handler = signal.getsignal(signal.SIGINT)
    assert container.main(["container", "interrupted_import:Late"]) == 0
    assert capsys.readouterr() == ("", "")
    assert signal.getsignal(signal.SIGINT) is handler
    assert not rclpy.ok()


class InterruptedNode(ThinNode):
    """Is told to end while it is being made."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted")
        os.kill(os.getpid(), number)
        time.sleep(0.01)
        self.create_publisher(NodeHealth, "never", qos.EVENT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_starting_ends_quietly(number: int, capsys) -> None:
    assert run_nodes([lambda: InterruptedNode(number)]) == 0
    assert capsys.readouterr().err == ""
    assert not rclpy.ok()


def test_a_malformed_parameter_file_is_named(tmp_path, capsys) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("diagnostics: [", encoding="utf-8")
    assert run_nodes([DiagnosticsNode], ["--ros-args", "--params-file", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("[diagnostics] ")
    assert "bad.yaml" in error
    assert not rclpy.ok()


def test_the_node_that_refuses_its_parameters_is_named(capsys) -> None:
    factories = [lambda: ThinNode("first"), DiagnosticsNode]
    assert run_nodes(factories, ["--ros-args", "-p", "period_s:=-1.0"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("[diagnostics] period_s")
    assert "from 0.05 to 60 s" in error
