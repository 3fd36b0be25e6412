"""Service servers."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rclpy._endpoint_data import hash_entry, new_id
from rclpy._entity import Entity, interface_name
from rclpy.qos import to_dds
from rclpy.subscription import MALFORMED

from embedded_dds.endpoints import Reader, Writer

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.context import Context
    from rclpy.qos import QoSProfile

_HEADER = struct.Struct("<Qq")
_MATCH_WAIT_S = 0.1
"""How long a reply waits for the client's reader (ours; as long as genuine servers do)."""


class RequestId(NamedTuple):
    """Where a reply goes: writer id, sequence number and DDS publication."""

    guid: int
    sequence_number: int
    publication: int


def split_header(data: Any, decode: Callable[[Any], Any]) -> tuple[int, int, Any]:
    """Return guid, sequence number and message of a service sample."""
    guid, sequence = _HEADER.unpack_from(data, 4)
    return guid, sequence, decode(bytes(data[:4]) + bytes(data[20:]))


def with_header(sample: bytearray, guid: int, sequence: int) -> bytearray:
    """Put guid and sequence number in front of the fields of a sample."""
    sample[4:4] = _HEADER.pack(guid, sequence)
    return sample


class Service(Entity):
    """Answers requests. Made by ``Node.create_service``."""

    def __init__(
        self,
        context: Context,
        srv_type: Any,
        srv_name: str,
        callback: Callable[[Any, Any], Any],
        callback_group: CallbackGroup,
        qos_profile: QoSProfile,
    ) -> None:
        super().__init__(callback_group)
        name = interface_name(srv_type, "a service type")
        participant = context.participant
        self.srv_type = srv_type
        self.srv_name = srv_name
        self.callback = callback
        self.qos_profile = qos_profile
        self.malformed_count = 0
        self._name = name
        self._codecs: Any = None
        self._matched: set[int] = set()
        qos = to_dds(qos_profile)
        identity = f"serviceid={new_id(participant.guid)};".encode()
        request, response = f"{name}_Request", f"{name}_Response"
        self._writer = Writer(
            participant, participant.topic(f"rr{srv_name}Reply", response, True), qos,
            identity + hash_entry(response),
        )  # fmt: skip
        self._reader = Reader(
            participant, participant.topic(f"rq{srv_name}Request", request, True), qos,
            identity + hash_entry(request),
        )  # fmt: skip
        self._condition = self._reader.condition

    @property
    def service_name(self) -> str:
        """The full name of the service."""
        return self.srv_name

    def _get_codecs(self) -> tuple[Any, Any]:
        if self._codecs is None:
            from embedded_types.codec import get_codec

            self._codecs = (
                get_codec(f"{self._name}_Request").decode,
                get_codec(f"{self._name}_Response").encode,
            )
        return self._codecs  # type: ignore[no-any-return]

    def _take(self) -> tuple[Any, tuple[Any, ...]] | None:
        decode = self._get_codecs()[0]
        while not self._is_destroyed:
            try:
                taken = self._reader.take(lambda data: split_header(data, decode))
            except MALFORMED:
                self.malformed_count += 1
                continue
            if taken is None:
                return None
            guid, sequence, request = taken[0]
            return self._serve, (request, RequestId(guid, sequence, taken[2]))
        return None

    def _serve(self, request: Any, request_id: RequestId) -> Any:
        response = self.callback(request, self.srv_type.Response())
        if hasattr(response, "__await__"):
            return self._serve_later(response, request_id)
        self.send_response(response, request_id)
        return None

    async def _serve_later(self, awaitable: Any, request_id: RequestId) -> None:
        self.send_response(await awaitable, request_id)

    def send_response(self, response: Any, header: RequestId) -> None:
        """Send the response to a request.

        Raises:
            TypeError: The response is of another type.
        """
        if not isinstance(response, self.srv_type.Response):
            raise TypeError(
                f"the callback of {self.srv_name} must return {self.srv_type.__name__}.Response, "
                f"not {response!r}"
            )
        self._check_alive()
        self._await_client(header.publication)
        sample = self._get_codecs()[1](response)
        self._writer.write(with_header(sample, header.guid, header.sequence_number))

    def _await_client(self, publication: int) -> None:
        """Wait (shortly, once per client) until the reader of the client is matched."""
        if publication in self._matched:
            return
        client = self._reader.publisher_participant(publication)
        deadline = time.monotonic() + _MATCH_WAIT_S
        while client is not None and client not in self._writer.subscriber_participants():
            if time.monotonic() > deadline:
                return
            time.sleep(0.001)
        if len(self._matched) > 1000:
            self._matched.clear()
        self._matched.add(publication)

    def destroy(self) -> None:
        """Destroy the service (once)."""
        if not self._is_destroyed:
            self._is_destroyed = True
            self._reader.close()
            self._writer.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.destroy()
