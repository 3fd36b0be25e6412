"""Help for tests of nodes: a node in this process, a launched graph, a client of it.

Each test session uses a ROS domain of its own on this machine only; every wait is bounded.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.task import Future

_DOMAINS = count()


def own_domain() -> int:
    """A ROS domain that no other test uses: by process and count, 1 to 100."""
    return 1 + (os.getpid() * 7 + next(_DOMAINS)) % 100


def wait_for(ready: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Poll until ``ready``; AssertionError naming ``what`` when the time is up."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.01)


@contextmanager
def ros_arguments(arguments: Sequence[str] = (), domain: int | None = None) -> Iterator[None]:
    """Rclpy initialised with ROS arguments in a domain of its own, shut down at the end."""
    args = ["--ros-args", *arguments] if arguments else []
    rclpy.init(args=args, domain_id=own_domain() if domain is None else domain)
    try:
        yield
    finally:
        rclpy.try_shutdown()


class Spinner:
    """Spins nodes in a thread; use as a context manager."""

    def __init__(self, *nodes: Node, context: Context | None = None) -> None:
        self._executor = SingleThreadedExecutor(context=context)
        self._nodes = nodes
        for node in nodes:
            self._executor.add_node(node)
        self._stop = threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._spin, name="test-spinner", daemon=True)

    def __enter__(self) -> Spinner:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._executor.wake()
        self._thread.join(timeout=10.0)
        for node in self._nodes:
            if hasattr(node, "close"):
                node.close()
        self._executor.shutdown()
        for node in self._nodes:
            node.destroy_node()

    def _spin(self) -> None:
        try:
            while not self._stop.is_set():
                self._executor.spin_once(timeout_sec=0.1)
        except ExternalShutdownException:
            pass
        except BaseException as error:
            self.error = error


class Client:
    """Calls services and actions and listens, with bounded waits. Its node must be spinning."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._clients: dict[str, Any] = {}

    def listen(self, kind: type[Any], topic: str, profile: QoSProfile) -> list[Any]:
        """Subscribe; the messages are appended to the list."""
        heard: list[Any] = []
        self.node.create_subscription(kind, topic, heard.append, profile)
        return heard

    def wait(self, future: Future, timeout_s: float, what: str) -> Any:
        """Result of a future."""
        wait_for(future.done, timeout_s, what)
        return future.result()

    def call(self, kind: Any, name: str, request: Any = None, timeout_s: float = 20.0) -> Any:
        """Reply of a service."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self.node.create_client(kind, name)
        wait_for(client.service_is_ready, timeout_s, f"service {name}")
        future = client.call_async(kind.Request() if request is None else request)
        return self.wait(future, timeout_s, f"reply of {name}")

    def action(self, kind: Any, name: str, timeout_s: float = 20.0) -> ActionClient:
        """Client of an action that is served."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = ActionClient(self.node, kind, name)
        wait_for(client.server_is_ready, timeout_s, f"action {name}")
        return client

    def send_goal(self, kind: Any, name: str, goal: Any, timeout_s: float = 20.0) -> Any:
        """Goal handle of an accepted goal."""
        client = self.action(kind, name, timeout_s)
        handle = self.wait(client.send_goal_async(goal), timeout_s, f"goal of {name}")
        if not handle.accepted:
            raise AssertionError(f"action {name} refused the goal")
        return handle

    def run_goal(self, kind: Any, name: str, goal: Any, timeout_s: float = 60.0) -> Any:
        """Result of an action."""
        handle = self.send_goal(kind, name, goal)
        return self.wait(handle.get_result_async(), timeout_s, f"result of {name}").result


class LaunchedGraph:
    """A launch file running in processes of its own, with a client in this process."""

    def __init__(self, file: str, arguments: Sequence[str], log: Path) -> None:
        self.domain = own_domain()
        self.log = log
        ros2 = Path(sys.executable).parent / "ros2"
        program = str(ros2) if ros2.exists() else shutil.which("ros2") or "ros2"
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(self.domain),
            "ROS_LOCALHOST_ONLY": "1",
            "ROS_LOG_DIR": str(log.parent / "ros_log"),
        }
        self._output = log.open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "launch", "sawyer_bringup", file, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        self.context = Context()
        rclpy.init(args=[], context=self.context, domain_id=self.domain)
        self.node = Node("test_client", context=self.context)
        self.client = Client(self.node)
        self._spinner = Spinner(self.node, context=self.context)
        self._spinner.__enter__()

    def text(self) -> str:
        """What the processes have printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def pid_of(self, process: str) -> int:
        """Process id of a launched process, by its name in the log."""
        lines = [line for line in self.text().splitlines() if f"[{process}-" in line]
        started = [line for line in lines if "process started with pid [" in line]
        if not started:
            raise AssertionError(f"{process} was not started:\n{self.text()}")
        return int(started[-1].rsplit("[", 1)[1].rstrip("]"))

    def wait_exit(self, timeout_s: float = 30.0) -> int:
        """Exit status of a launch that ends by itself."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the launch goes on after {timeout_s:g} s") from None

    def stop(self) -> int:
        """Interrupt the launch and wait; its exit status."""
        self._spinner.__exit__(None, None, None)
        rclpy.shutdown(context=self.context)
        for number, grace_s in ((signal.SIGINT, 20.0), (signal.SIGTERM, 10.0)):
            if self.process.poll() is not None:
                break
            os.kill(self.process.pid, number)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                continue
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10.0)
        self._output.close()
        return int(self.process.returncode)
