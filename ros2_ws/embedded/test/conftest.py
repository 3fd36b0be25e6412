"""Fixtures for tests with nodes: a domain of its own, an executor thread, other processes."""

from __future__ import annotations

import itertools
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

_counter = itertools.count()
_DOMAINS = 100  # ours: the ports of higher domains reach into the ephemeral range of Linux


class Peer:
    """A Python process of a test; its output is read line by line."""

    def __init__(self, code: str, args: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-X", "faulthandler", "-c", textwrap.dedent(code), *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.seen: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def expect(self, text: str, timeout_s: float = 15.0) -> str:
        """Wait for a line that contains ``text``, and return it."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                output = "\n".join(self.seen)
                pytest.fail(f"no line with {text!r} within {timeout_s} s, output:\n{output}")
            self.seen.append(line)
            if text in line:
                return line

    def signal(self, number: int = signal.SIGINT) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self, timeout_s: float = 15.0) -> int:
        """Wait for the end, and return the exit status."""
        return self.process.wait(timeout_s)

    def close(self) -> None:
        """Kill what still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


def next_domain() -> int:
    """Return a domain that no other test of this run has now, whatever pytest-xdist does."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    run = os.getppid() if workers > 1 else os.getpid()
    span = _DOMAINS // workers * workers
    return 1 + ((run * 7 + next(_counter)) * workers + worker) % span


@pytest.fixture(scope="session")
def domain_picker() -> Callable[[], int]:
    """The function that gives a free DDS domain."""
    return next_domain


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """A DDS domain of this test alone, on this machine alone."""
    domain = next_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(domain))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return domain


@pytest.fixture
def peer(ros_domain: int) -> Iterator[Callable[..., Peer]]:
    """Start Python processes in the test's domain: ``peer(code, *arguments)``."""
    started: list[Peer] = []

    def start(code: str, *args: str) -> Peer:
        started.append(Peer(code, list(args), dict(os.environ)))
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def ros(ros_domain: int) -> Iterator[Any]:
    """``rclpy``, initialised in the test's domain without command line or signal handlers."""
    import rclpy

    rclpy.init(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)
    yield rclpy
    rclpy.try_shutdown()


@pytest.fixture
def spin(ros: Any) -> Iterator[Callable[..., Any]]:
    """Spin nodes in a background thread: ``executor = spin(node, ...)``."""
    from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor

    running: list[tuple[Any, threading.Thread, list[Any]]] = []

    def start(*nodes: Any, executor: Any = None) -> Any:
        chosen = MultiThreadedExecutor(4) if executor is None else executor
        for node in nodes:
            chosen.add_node(node)

        def run() -> None:
            try:
                chosen.spin()
            except ExternalShutdownException:
                return

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        running.append((chosen, thread, list(nodes)))
        return chosen

    yield start
    for executor, thread, nodes in running:
        executor.shutdown()
        thread.join(10)
        assert not thread.is_alive()
        for node in nodes:
            node.destroy_node()


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition: ``until(lambda: ..., timeout_s=10)``."""

    def wait(condition: Callable[[], Any], timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                pytest.fail(f"the condition did not become true within {timeout_s} s")
            time.sleep(0.005)

    return wait


class Caller:
    """An action client in a thread of its own."""

    def __init__(self, node: Any, until: Callable[..., None]) -> None:
        from example_interfaces.action import Fibonacci
        from rclpy.action import ActionClient

        self.node = node
        self.goal_type = Fibonacci.Goal
        self.client = ActionClient(node, Fibonacci, "fibonacci")
        self.until = until
        self.feedback: list[int] = []

    def wait(self, future: Any) -> Any:
        self.until(future.done)
        return future.result()

    def send(self, order: int, **kwargs: Any) -> Any:
        goal = self.goal_type(order=order)
        note = lambda m: self.feedback.append(len(m.feedback.sequence))  # noqa: E731
        return self.wait(self.client.send_goal_async(goal, feedback_callback=note, **kwargs))

    def result(self, handle: Any) -> Any:
        return self.wait(handle.get_result_async())


@pytest.fixture
def caller(ros: Any, spin: Callable[..., Any], until: Callable[..., None]) -> Caller:
    from rclpy.node import Node

    node = Node("caller")
    caller = Caller(node, until)
    spin(node)
    return caller
