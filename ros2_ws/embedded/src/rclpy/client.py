"""Service clients."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from rclpy._endpoint_data import hash_entry, new_id
from rclpy._entity import Entity, interface_name
from rclpy._waker import Waker, wake_on_shutdown
from rclpy.qos import to_dds
from rclpy.service import _HEADER, split_header, with_header
from rclpy.subscription import MALFORMED
from rclpy.task import Future

from embedded_dds.endpoints import Reader, Writer

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.context import Context
    from rclpy.qos import QoSProfile

_GUID_MASK = 2**64 - 1
_POLL_S = 0.005


class Client(Entity):
    """Calls a service. Made by ``Node.create_client``."""

    def __init__(
        self,
        context: Context,
        srv_type: Any,
        srv_name: str,
        qos_profile: QoSProfile,
        callback_group: CallbackGroup,
    ) -> None:
        super().__init__(callback_group)
        name = interface_name(srv_type, "a service type")
        participant = context.participant
        self.context = context
        self.srv_type = srv_type
        self.srv_name = srv_name
        self.qos_profile = qos_profile
        self.malformed_count = 0
        self._name = name
        self._codecs: Any = None
        self._lock = threading.Lock()
        self._pending: dict[int, Future] = {}
        self._sequence = 0
        qos = to_dds(qos_profile)
        identity = f"clientid={new_id(participant.guid)};".encode()
        request, response = f"{name}_Request", f"{name}_Response"
        # the reader first: a server that sees our writer then knows our reader too
        self._reader = Reader(
            participant, participant.topic(f"rr{srv_name}Reply", response, True), qos,
            identity + hash_entry(response),
        )  # fmt: skip
        self._writer = Writer(
            participant, participant.topic(f"rq{srv_name}Request", request, True), qos,
            identity + hash_entry(request),
        )  # fmt: skip
        self._guid = self._writer.instance_handle() & _GUID_MASK
        self._condition = self._reader.condition

    @property
    def service_name(self) -> str:
        """The full name of the service."""
        return self.srv_name

    def _get_codecs(self) -> tuple[Any, Any]:
        if self._codecs is None:
            from embedded_types.codec import get_codec

            self._codecs = (
                get_codec(f"{self._name}_Request").encode,
                get_codec(f"{self._name}_Response").decode,
            )
        return self._codecs  # type: ignore[no-any-return]

    def call(self, request: Any, timeout_sec: float | None = None) -> Any:
        """Call the service and wait; another thread must spin the node.

        Returns:
            The response, or None when ``timeout_sec`` is up.

        Raises:
            TypeError: The request is of another type.
        """
        waker = Waker()

        def wake(_: Any) -> None:
            waker.wake()

        wake._immediate = True  # type: ignore[attr-defined]
        future = self.call_async(request)
        future.add_done_callback(wake)
        with wake_on_shutdown(self.context, waker):
            waker.wait(timeout_sec)
        if not future.done():
            self.remove_pending_request(future)
            return None
        return future.result()

    def call_async(self, request: Any) -> Future:
        """Send a request; the future ends with the response.

        Raises:
            TypeError: The request is of another type.
        """
        if not isinstance(request, self.srv_type.Request):
            raise TypeError(f"Expected {self.srv_type.__name__}.Request, got {request!r}")
        self._check_alive()
        encode = self._get_codecs()[0]
        node = self._node_ref() if self._node_ref is not None else None
        future = Future(executor=None if node is None else node.executor)
        with self._lock:
            self._sequence += 1
            sequence = self._sequence
            self._pending[sequence] = future
            self._writer.write(with_header(encode(request), self._guid, sequence))
        future.add_done_callback(self._forget_cancelled)
        return future

    def _forget_cancelled(self, future: Future) -> None:
        if future.cancelled():
            self.remove_pending_request(future)

    _forget_cancelled._immediate = True  # type: ignore[attr-defined]

    def get_pending_request(self, sequence_number: int) -> Future:
        """Return the future of a request."""
        return self._pending[sequence_number]

    def remove_pending_request(self, future: Future) -> None:
        """Forget a request: its response will be dropped."""
        with self._lock:
            self._pending = {s: f for s, f in self._pending.items() if f is not future}

    def _read(self, data: Any) -> tuple[int, Any] | None:
        guid, sequence = _HEADER.unpack_from(data, 4)
        if guid != self._guid or sequence not in self._pending:
            return None
        return sequence, split_header(data, self._get_codecs()[1])[2]

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        while not self._is_destroyed:
            try:
                taken = self._reader.take(self._read)
            except MALFORMED:
                self.malformed_count += 1
                continue
            if taken is None:
                return None
            if taken[0] is None:
                continue
            sequence, response = taken[0]
            with self._lock:
                future = self._pending.pop(sequence, None)
            if future is not None:
                return future.set_result, (response,)
        return None

    def service_is_ready(self) -> bool:
        """Say whether a server is there (matched in both directions)."""
        self._check_alive()
        return self._writer.matched() > 0 and self._reader.matched() > 0

    def wait_for_service(self, timeout_sec: float | None = None) -> bool:
        """Wait for a server; False when the time is up or the context is shut down."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        while self.context.ok():
            if self.service_is_ready():
                return True
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return False

    def destroy(self) -> None:
        """Destroy the client (once); its pending requests never end."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._reader.close()
            self._writer.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy()
