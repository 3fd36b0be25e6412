"""Policy server for machines without ROS: WebSocket, health and metrics on one port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from sawyer_core import ConfigError, SawyerError, setting, validate
from sawyer_policies.serving.batching import BatchConfig, MicroBatcher
from sawyer_policies.serving.host import ActReply, Observation, PolicyHost
from sawyer_policies.serving.metrics import ServerMetrics
from sawyer_policies.serving.protocol import act_code, policy_message, reset_code
from sawyer_policy_client import (
    MAX_MESSAGE_BYTES,
    PROTOCOL_VERSION,
    Code,
    ProtocolError,
    RefusedError,
    pack,
    unpack,
)

NAME = "sawyer-policies 0.1.0"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPS = ("hello", "reset", "act")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerConfig:
    """Where to listen and how much to take."""

    host: str = setting("127.0.0.1", doc="address to listen on; 0.0.0.0 for all networks")
    port: int = setting(8765, bounds=(0, 65535), doc="port; 0 for a free one")
    max_connections: int = setting(256, bounds=(1, 65535), doc="connected clients, at most")
    keepalive_s: float = setting(
        5.0, unit="s", bounds=(0.1, 600.0), doc="pause between pings; a dead client is dropped"
    )
    batch: BatchConfig = field(default_factory=BatchConfig)

    def __post_init__(self) -> None:
        validate(self)


class PolicyServer:
    """Takes requests of many robots and answers them out of one host.

    Args:
        host: the serving core.
        config: settings.
        metrics: figures; a set of its own by default.
    """

    def __init__(
        self,
        host: PolicyHost,
        config: ServerConfig | None = None,
        metrics: ServerMetrics | None = None,
    ) -> None:
        self._host = host
        self.config = config or ServerConfig()
        self.metrics = metrics or ServerMetrics()
        self.metrics.build.info({"server": NAME, "protocol": str(PROTOCOL_VERSION)})
        self._batcher = MicroBatcher(host, self.config.batch)
        self._owners: dict[str, str] = {}
        self._connected: Counter[str] = Counter()
        self._connections = 0
        self._opening = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._began = time.monotonic()

    async def run(
        self, stop: asyncio.Event, ready: Callable[[int], None] = lambda port: None
    ) -> None:
        """Serve until ``stop`` is set; ``ready`` is told the port."""
        config = self.config
        async with serve(
            self._connection,
            config.host,
            config.port,
            process_request=self._http,
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            ping_interval=config.keepalive_s,
            ping_timeout=config.keepalive_s,
            close_timeout=1.0,
            server_header=None,
        ) as server:
            ready(_port(server))
            await stop.wait()

    # -- plain HTTP -----------------------------------------------------------------------

    def _http(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/healthz":
            return _answer(connection, json.dumps(self.health()) + "\n", "application/json")
        if path == "/metrics":
            self._gauges()
            return _answer(connection, self.metrics.text(), METRICS_TYPE)
        if path != "/":
            text = f"{path} is not here: /healthz, /metrics, or a WebSocket at /\n"
            return connection.respond(HTTPStatus.NOT_FOUND, text)
        if self._connections >= self.config.max_connections:
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "too many clients\n")
        return None

    def health(self) -> dict[str, Any]:
        """What ``/healthz`` says: ``degraded`` where some policy cannot be served."""
        problems = self._host.problems()
        return {
            "status": "degraded" if problems else "ok",
            "server": NAME,
            "protocol": PROTOCOL_VERSION,
            "uptime_s": round(time.monotonic() - self._began, 3),
            "policies": len(self._host.specs()),
            "sessions": len(self._host.sessions()),
            "connections": self._connections,
            "problems": problems,
        }

    def _gauges(self) -> None:
        health, metrics = self.health(), self.metrics
        metrics.policies.set(health["policies"])
        metrics.sessions.set(health["sessions"])
        metrics.connections.set(health["connections"])
        metrics.problems.set(len(health["problems"]))

    # -- connections ----------------------------------------------------------------------

    async def _connection(self, connection: ServerConnection) -> None:
        client = _Client()
        self._connections += 1
        try:
            async for data in connection:
                await connection.send(await self._reply(client, data))
        except ConnectionClosed:
            pass  # a client that is gone needs no answer
        finally:
            self._connections -= 1
            if client.identity:
                self._connected[client.identity] -= 1
                self._connected += Counter()  # drops those at zero

    async def _reply(self, client: _Client, data: bytes | str) -> bytes:
        began = time.perf_counter()
        op, number = "unknown", None
        try:
            request = unpack(data)
            number = request.get("id")
            op = _op(request)
            result = await self._do(op, client, request, began)
        except RefusedError as error:
            return self._refusal(op, number, error.code, error.text)
        except ProtocolError as error:
            return self._refusal(op, number, Code.BAD_REQUEST, str(error))
        except Exception as error:  # a mistake of ours: the client hears of it, the log has it
            _LOG.exception("request %s failed", op)
            text = f"{type(error).__name__} in the server; its log has the details"
            return self._refusal(op, number, Code.INTERNAL, text)
        self.metrics.requests.labels(op, "ok").inc()
        return pack({"id": number, "ok": True, **result})

    def _refusal(self, op: str, number: object, code: str, text: str) -> bytes:
        code = Code(code).value
        self.metrics.requests.labels(op, code).inc()
        number = number if isinstance(number, int) else None
        return pack({"id": number, "ok": False, "code": code, "text": text})

    async def _do(
        self, op: str, client: _Client, request: dict[str, Any], began: float
    ) -> dict[str, Any]:
        if op == "hello":
            return self._hello(client, request)
        if not client.identity:
            raise RefusedError(Code.BAD_REQUEST, "say hello first")
        if op == "reset":
            return await self._reset(client, request)
        return await self._act(client, request, began)

    def _hello(self, client: _Client, request: dict[str, Any]) -> dict[str, Any]:
        identity = request.get("client")
        if not isinstance(identity, str) or not identity:
            raise RefusedError(Code.BAD_REQUEST, f"client = {identity!r}, expected: a name")
        if not client.identity:
            client.identity = identity
            self._connected[identity] += 1
        policies = [policy_message(spec) for spec in self._host.specs()]
        return {"version": PROTOCOL_VERSION, "server": NAME, "policies": policies}

    async def _reset(self, client: _Client, request: dict[str, Any]) -> dict[str, Any]:
        session, policy = _text(request, "session"), _text(request, "policy")
        seed = _whole(request, "seed")
        if seed < 0:
            raise RefusedError(Code.BAD_REQUEST, f"seed = {seed}, expected: 0 or more")
        self._check_owner(client, session)
        try:
            async with self._opening:  # weights are read in a thread: other robots go on
                spec, made = await asyncio.to_thread(self._host.open, policy)
            if not session:
                raise ConfigError("session", session, "a name that is not empty")
            self._check_owner(client, session)
            self._host.begin(session, spec, made, seed=seed)
        except SawyerError as error:
            raise RefusedError(reset_code(error), str(error)) from error
        known = {*self._host.sessions()}
        self._owners = {s: owner for s, owner in self._owners.items() if s in known}
        self._owners[session] = client.identity
        return {"policy": policy_message(spec)}

    async def _act(self, client: _Client, request: dict[str, Any], began: float) -> dict[str, Any]:
        session = _text(request, "session")
        self._check_owner(client, session)
        seen = Observation(
            _whole(request, "stamp_ns"), _whole(request, "step"), _arrays(request.get("arrays"))
        )
        answer: asyncio.Future[ActReply] = asyncio.get_running_loop().create_future()
        self._batcher.add(session, seen, lambda result: _settle(answer, result))
        self._schedule()
        try:
            reply = await answer
        except SawyerError as error:
            raise RefusedError(act_code(error), str(error)) from error
        handling_s = time.perf_counter() - began
        self._measure(reply, handling_s)
        return {
            "action": reply.action_m,
            "stamp_ns": reply.stamp_ns,
            "step": reply.step,
            "queue_s": reply.queue_s,
            "compute_s": reply.compute_s,
            "handling_s": handling_s,
            "batch": reply.batch,
        }

    def _check_owner(self, client: _Client, session: str) -> None:
        owner = self._owners.get(session, client.identity)
        if owner != client.identity and self._connected[owner]:
            text = f"session {session!r} belongs to another client that is connected"
            raise RefusedError(Code.SESSION_TAKEN, text)

    def _schedule(self) -> None:
        due_s = self._batcher.due_in_s()
        if due_s is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(due_s, self._flush)

    def _flush(self) -> None:
        self._timer = None
        due_s = self._batcher.due_in_s()
        if due_s is not None and due_s > 0.0:  # those it was set for went in a full batch
            self._schedule()
        else:
            self._batcher.flush()

    def _measure(self, reply: ActReply, handling_s: float) -> None:
        metrics = self.metrics
        metrics.handling.observe(handling_s)
        metrics.queue.observe(reply.queue_s)
        metrics.compute.observe(reply.compute_s)
        metrics.batch.observe(reply.batch)
        if handling_s > reply.period_s:
            metrics.late.inc()


@dataclass
class _Client:
    identity: str = ""


def _settle(answer: asyncio.Future[ActReply], result: ActReply | Exception) -> None:
    if answer.done():
        return  # whoever asked is gone
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _port(server: Server) -> int:
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


def _answer(connection: ServerConnection, text: str, kind: str) -> Response:
    response = connection.respond(HTTPStatus.OK, text)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = kind
    return response


def _op(request: dict[str, Any]) -> str:
    if request.get("v") != PROTOCOL_VERSION:
        text = f"this server speaks protocol {PROTOCOL_VERSION}, the client {request.get('v')!r}"
        raise RefusedError(Code.VERSION, f"{text}: install the client that belongs to the server")
    op = request.get("op")
    if op not in OPS:
        raise RefusedError(Code.BAD_REQUEST, f"op = {op!r}, expected one of {', '.join(OPS)}")
    return str(op)


def _text(request: dict[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str):
        raise RefusedError(Code.BAD_REQUEST, f"{key} = {value!r}, expected: text")
    return value


def _whole(request: dict[str, Any], key: str) -> int:
    value = request.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(Code.BAD_REQUEST, f"{key} = {value!r}, expected: a whole number")
    return value


def _arrays(value: object) -> dict[str, np.ndarray[Any, Any]]:
    if not isinstance(value, dict):
        raise RefusedError(Code.BAD_REQUEST, "arrays: expected a map of arrays")
    for name, array in value.items():
        if not isinstance(array, np.ndarray):
            kind = type(array).__name__
            text = f"{name} is {kind}, expected: an array with its type and shape"
            raise RefusedError(Code.BAD_OBSERVATION, text)
    return value


async def run_until_signal(
    server: PolicyServer, ready: Callable[[int], None], signals: tuple[int, ...]
) -> None:
    """Serve until one of the signals comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        await server.run(stop, ready)
    finally:
        for number in signals:
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)
