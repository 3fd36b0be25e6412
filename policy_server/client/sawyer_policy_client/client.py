"""The client: one per robot, blocking, every wait bounded."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any

import numpy.typing as npt
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import ClientConnection, connect

from sawyer_policy_client import messages
from sawyer_policy_client.errors import Code, ProtocolError, RefusedError, UnreachableError
from sawyer_policy_client.messages import Action, PolicyDescription, ServerInfo
from sawyer_policy_client.wire import MAX_MESSAGE_BYTES, PROTOCOL_VERSION, pack, unpack

KEEPALIVE_S = 5.0  # ours: a dead peer is noticed within twice this
CLOSE_TIMEOUT_S = 0.2  # ours: a peer that does not say goodbye is not waited for


@dataclass(frozen=True)
class ClientConfig:
    """Waiting times, seconds of the wall clock.

    Attributes:
        connect_timeout_s: longest wait for a connection and the server's metadata.
        reset_timeout_s: longest wait for a reset; loading a policy takes its time.
        act_timeout_s: longest wait for an action: a later one is of no use.
        retry_after_s: no new connection is tried sooner after one that failed; doubled with
            each failure.
        retry_at_most_s: bound of that doubling.
    """

    connect_timeout_s: float = 2.0
    reset_timeout_s: float = 10.0
    act_timeout_s: float = 0.1
    retry_after_s: float = 0.2
    retry_at_most_s: float = 5.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 < value < 86_400.0:
                raise ValueError(f"ClientConfig.{field.name} = {value!r}; allowed: above 0 s")


class PolicyClient:
    """Session of one robot with a policy server; not to be shared between threads.

    A connection that breaks is made anew by the next call, and the session goes on where it was
    if the server still has it. Nothing is sent twice.

    Args:
        url: ``ws://host:port``.
        session: name of the session on the server, by default one of its own.
        config: waiting times.
    """

    def __init__(self, url: str, *, session: str = "", config: ClientConfig | None = None) -> None:
        self.url = url
        self.config = config or ClientConfig()
        self._identity = uuid.uuid4().hex
        self.session = session or self._identity
        self._connection: ClientConnection | None = None
        self._exits = contextlib.ExitStack()
        self._requests = 0
        self._failures = 0
        self._retry_at = 0.0
        self._problem = ""
        self.info: ServerInfo | None = None

    def __enter__(self) -> PolicyClient:
        """Connect."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None

    def connect(self, timeout_s: float | None = None) -> ServerInfo:
        """Connect and get the server's metadata; a connection that is there is kept.

        Raises:
            UnreachableError: nobody answers.
            ProtocolError: the server speaks another version.
        """
        limit_s = self.config.connect_timeout_s if timeout_s is None else timeout_s
        if self._connection is not None and self.info is not None:
            return self.info
        deadline = time.monotonic() + limit_s
        self._open(limit_s)
        try:
            hello = {"op": "hello", "client": self._identity}
            reply = self._request(hello, max(0.001, deadline - time.monotonic()))
            if reply.get("version") != PROTOCOL_VERSION:
                raise _other_version(reply.get("version"))
            policies = reply.get("policies")
            if not isinstance(policies, list):
                raise ProtocolError("metadata without policies")
            described = tuple(messages.policy_description(policy) for policy in policies)
            self.info = ServerInfo(str(reply.get("server", "")), described)
        except RefusedError as error:
            self._drop(str(error))
            if error.code == Code.VERSION:
                raise ProtocolError(error.text) from error
            raise
        except ProtocolError as error:
            self._drop(str(error))
            raise
        self._failures = 0
        return self.info

    def reset(
        self, policy: str, *, seed: int, timeout_s: float | None = None
    ) -> PolicyDescription:
        """Begin an episode; the server forgets everything it knew of this session.

        Raises:
            RefusedError: the server has no such policy, or cannot load it.
            UnreachableError: nobody answers in time.
        """
        request = {"op": "reset", "session": self.session, "policy": policy, "seed": seed}
        limit_s = self.config.reset_timeout_s if timeout_s is None else timeout_s
        return messages.policy_description(self._ask(request, limit_s).get("policy"))

    def act(
        self,
        *,
        stamp_ns: int,
        step: int,
        arrays: Mapping[str, npt.ArrayLike],
        timeout_s: float | None = None,
    ) -> Action:
        """The action for one observation.

        Args:
            stamp_ns: when it was measured; must go up within an episode.
            step: step of the episode, must go up.
            arrays: by the names of the policy's description.
            timeout_s: longest wait, by default ``act_timeout_s``.

        Raises:
            UnreachableError: no answer in time; go on without the policy.
            RefusedError: the observation is refused, or the server does not know the session.
        """
        began = time.monotonic()
        request = {
            "op": "act",
            "session": self.session,
            "stamp_ns": int(stamp_ns),
            "step": int(step),
            "arrays": dict(arrays),
        }
        reply = self._ask(request, self.config.act_timeout_s if timeout_s is None else timeout_s)
        took_s = time.monotonic() - began
        return messages.action(reply, stamp_ns=stamp_ns, step=step, round_trip_s=took_s)

    def close(self) -> None:
        """Close the connection; the next call would open another one."""
        self._drop("closed")
        self._failures, self._retry_at = 0, 0.0

    def _ask(self, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        self.connect(min(timeout_s, self.config.connect_timeout_s))
        return self._request(request, max(0.001, deadline - time.monotonic()))

    def _open(self, timeout_s: float) -> None:
        now = time.monotonic()
        if now < self._retry_at:
            raise UnreachableError(
                f"{self.url}: {self._problem}; tried again in {self._retry_at - now:.1f} s"
            )
        try:
            opened = connect(
                self.url,
                open_timeout=timeout_s,
                close_timeout=CLOSE_TIMEOUT_S,
                ping_interval=KEEPALIVE_S,
                ping_timeout=KEEPALIVE_S,
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                proxy=None,
            )
            # Entered as a context: the one form that old and new versions of websockets share.
            self._connection = self._exits.enter_context(opened)
        except InvalidURI as error:
            raise ProtocolError(f"{self.url!r} is no address; like: ws://host:8765") from error
        except (OSError, InvalidHandshake, EOFError) as error:
            self._failed(str(error) or type(error).__name__)
            raise UnreachableError(f"{self.url}: {self._problem}") from error

    def _request(self, message: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a request and wait for its own reply; later replies to older ones are dropped."""
        self._requests += 1
        number = self._requests
        connection = self._connection
        if connection is None:
            raise UnreachableError(f"{self.url}: {self._problem or 'not connected'}")
        data = pack({"v": PROTOCOL_VERSION, "id": number, **message})
        deadline = time.monotonic() + timeout_s
        try:
            connection.send(data)
            while True:
                left_s = deadline - time.monotonic()
                if left_s <= 0.0:
                    raise TimeoutError
                reply = unpack(connection.recv(timeout=left_s))
                if reply.get("id") == number:
                    break
        except TimeoutError:
            text = f"{self.url}: no answer to {message['op']} within {timeout_s:g} s"
            if message["op"] == "hello":
                self._drop("no answer")
                self._failed("no answer")
            raise UnreachableError(text) from None
        except (ConnectionClosed, OSError) as error:
            self._drop(str(error))
            self._failed(str(error))
            raise UnreachableError(f"{self.url}: {error}") from error
        if reply.get("ok") is not True:
            raise RefusedError(str(reply.get("code", "")), str(reply.get("text", "")))
        return reply

    def _failed(self, problem: str) -> None:
        config = self.config
        wait_s = min(config.retry_at_most_s, config.retry_after_s * 2.0**self._failures)
        self._failures += 1
        self._retry_at = time.monotonic() + wait_s
        self._problem = problem

    def _drop(self, problem: str) -> None:
        self._connection = None
        self._problem = problem
        with contextlib.suppress(OSError, ConnectionClosed):
            self._exits.close()


def _other_version(version: object) -> ProtocolError:
    return ProtocolError(
        f"the server speaks protocol {version!r}, this client {PROTOCOL_VERSION}: "
        "install the client that belongs to the server"
    )
