"""Bounded waiting inside coroutines: no await of ours can last for ever.

Goal callbacks are coroutines that run on the node's own executor, so a node needs no thread and
no lock. What they await is a future that a callback completes or that a deadline fails.
"""

from __future__ import annotations

import time
from collections.abc import Callable
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
        self._watched: list[tuple[float, Future, str, Callable[[], bool] | None]] = []
        self._timer = node.create_timer(
            period_s, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._timer.cancel()

    def watch(
        self,
        future: Future,
        timeout_s: float,
        what: str,
        ready: Callable[[], bool] | None = None,
    ) -> Future:
        """Fail ``future`` with a TransportError naming ``what`` after ``timeout_s``.

        Where ``ready`` is given, it is polled and completes the future when it says True.
        """
        if not self._watched:
            self._timer.reset()
        self._watched.append((time.monotonic() + timeout_s, future, what, ready))
        return future

    async def until(self, ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until ``ready`` says True.

        Raises:
            TransportError: it did not in time.
        """
        if not ready():
            await self.watch(self.new_future(), timeout_s, what, ready)

    def _look(self) -> None:
        now = time.monotonic()
        left = []
        for entry in self._watched:
            deadline, future, what, ready = entry
            if future.done():
                continue
            if ready is not None and ready():
                future.set_result(None)
            elif now < deadline:
                left.append(entry)
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
        missing = f"service {client.srv_name} is not there after {timeout_s:g} s"
        await self.until(client.service_is_ready, timeout_s, missing)
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
        for _, future, what, _ in self._watched:
            if not future.done():
                future.set_exception(TransportError(f"shut down while waiting: {what}"))
                future.exception()  # seen: its coroutine may not get to run any more
        self._watched.clear()
