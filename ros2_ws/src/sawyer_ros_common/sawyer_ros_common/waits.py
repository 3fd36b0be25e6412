"""Bounded waiting inside coroutines: no await of ours can last for ever.

Goal callbacks are coroutines that run on the node's own executor, so a node needs no thread and
no lock. What they await is a future that a callback completes or that a deadline fails.
"""

from __future__ import annotations

import time
from typing import Any

from rclpy.client import Client
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.task import Future

from sawyer_core.errors import TransportError


class Deadlines:
    """Fails futures that are not done in time.

    Args:
        node: owner of the watching timer (steady time: it also works when sim time stands).
        period_s: how often deadlines are looked at, the accuracy of the timeouts.
    """

    def __init__(self, node: Node, *, period_s: float = 0.05) -> None:
        self._node = node
        self._watched: list[tuple[float, Future, str]] = []
        self._timer = node.create_timer(
            period_s, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._timer.cancel()

    def watch(self, future: Future, timeout_s: float, what: str) -> Future:
        """Fail ``future`` with a TransportError naming ``what`` after ``timeout_s``."""
        if not self._watched:
            self._timer.reset()
        self._watched.append((time.monotonic() + timeout_s, future, what))
        return future

    def _look(self) -> None:
        now = time.monotonic()
        left = []
        for deadline, future, what in self._watched:
            if future.done():
                continue
            if now < deadline:
                left.append((deadline, future, what))
            else:
                future.set_exception(TransportError(what))
        self._watched = left
        if not left:
            self._timer.cancel()

    def new_future(self) -> Future:
        """A future that this node's callbacks complete."""
        return Future(executor=self._node.executor)

    async def call(self, client: Client, request: Any, timeout_s: float) -> Any:
        """Call a service and wait for its reply.

        Raises:
            TransportError: nobody serves it, or there was no reply in time.
        """
        if not client.service_is_ready():
            raise TransportError(f"service {client.srv_name} is not there")
        future = client.call_async(request)
        what = f"service {client.srv_name} did not answer within {timeout_s:g} s"
        self.watch(future, timeout_s, what)
        try:
            return await future
        except TransportError:
            client.remove_pending_request(future)
            raise

    def cancel_all(self) -> None:
        """Fail everything still waited for, at shutdown."""
        for _, future, what in self._watched:
            if not future.done():
                future.set_exception(TransportError(f"shut down while waiting: {what}"))
        self._watched.clear()
