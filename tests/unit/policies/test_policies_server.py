"""The server without ROS: what crosses the wire, who may do what, what is refused, what breaks."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.sync.client import connect

from sawyer_core import ActionSpec, PolicyInput, PolicySpec, TransportError, UnknownNameError
from sawyer_core.specs import EE_POSITION, ObservationSpec
from sawyer_core.testing import FakePolicy
from sawyer_policies import Observation, PolicyHost, PolicyRegistry, default_registry
from sawyer_policies.serving.batching import BatchConfig
from sawyer_policies.serving.remote import RemoteConfig, RemoteHost, RemoteRefusalError
from sawyer_policies.serving.server import ServerConfig
from sawyer_policies.testing import BackgroundServer, write_bundle
from sawyer_policy_client import (
    ClientConfig,
    PolicyClient,
    ProtocolError,
    RefusedError,
    UnreachableError,
    pack,
    unpack,
)

PATIENT = ClientConfig(act_timeout_s=5.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    write_bundle(folder / "seeing", "image32_goal")
    write_bundle(folder / "feeling", "state")
    return folder


@pytest.fixture(scope="module")
def host(folder: Path) -> PolicyHost:
    host = PolicyHost(default_registry([folder]))
    host.preload("seeing", 16)
    return host


@pytest.fixture(scope="module")
def server(host: PolicyHost) -> Iterator[BackgroundServer]:
    with BackgroundServer(host) as running:
        yield running


@pytest.fixture
def client(server: BackgroundServer) -> Iterator[PolicyClient]:
    with PolicyClient(server.url, config=PATIENT) as made:
        yield made


def arrays(**changes: Any) -> dict[str, Any]:
    return {
        "ee_position": np.array((0.6, 0.1, 0.05)),
        "goal_position": np.array((0.6, 0.1, 0.0)),
        "force": np.array((0.0, 0.0, 3.0)),
        "image": np.arange(1024, dtype=np.uint8).reshape(32, 32),
        **changes,
    }


def test_the_metadata_come_with_the_connection(client: PolicyClient) -> None:
    policies = {policy.name: policy for policy in client.connect().policies}
    assert {"seeing", "feeling", "p_controller"} <= set(policies)
    seeing = policies["seeing"]
    assert [array.name for array in seeing.observation] == [
        "ee_position", "goal_position", "image",
    ]  # fmt: skip
    assert (seeing.action.unit, seeing.action.high, seeing.rate_hz) == ("m", 1e-3, 10.0)
    assert seeing.base_controller == "p_controller"
    assert len(seeing.version) == 12


def test_an_action_is_the_one_the_policy_gives_here(
    client: PolicyClient, host: PolicyHost
) -> None:
    client.reset("seeing", seed=4)
    host.reset("here", "seeing", seed=4)
    for step in range(3):
        over = client.act(stamp_ns=step + 1, step=step, arrays=arrays())
        here = host.act("here", Observation(step + 1, step, arrays()))
        np.testing.assert_array_equal(over.action_m, here.action_m)
        assert (over.stamp_ns, over.step, over.batch) == (step + 1, step, 1)
        assert 0.0 <= over.queue_s <= over.handling_s <= over.round_trip_s
        assert 0.0 < over.compute_s <= over.handling_s
        assert not over.action_m.flags.writeable


def test_reset_crosses_the_wire(client: PolicyClient) -> None:
    client.reset("seeing", seed=4)
    first = client.act(stamp_ns=5, step=9, arrays=arrays()).action_m
    client.reset("seeing", seed=4)
    np.testing.assert_array_equal(client.act(stamp_ns=1, step=0, arrays=arrays()).action_m, first)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ee_position": np.zeros(2)}, r"ee_position has shape or type \(2,\)"),
        ({"ee_position": np.array((np.nan, 0, 0))}, "ee_position"),
        ({"image": np.zeros((32, 33), np.uint8)}, "image"),
        ({"image": np.zeros((32, 32))}, "image has shape or type float64, expected uint8"),
        ({"goal_position": [0.0, 0.0, 0.0]}, "goal_position is list, expected: an array"),
    ],
)
def test_a_wrong_observation_is_refused_with_code_and_reason(
    client: PolicyClient, changes: dict[str, Any], text: str
) -> None:
    client.reset("seeing", seed=0)
    with pytest.raises(RefusedError, match=text) as caught:
        client.act(stamp_ns=1, step=0, arrays=arrays(**changes))
    assert caught.value.code == "bad_observation"
    assert client.act(stamp_ns=1, step=0, arrays=arrays()).step == 0


def test_other_refusals_have_their_codes(client: PolicyClient, folder: Path) -> None:
    with pytest.raises(RefusedError, match="did you mean 'seeing'") as caught:
        client.reset("seing", seed=0)
    assert caught.value.code == "unknown_policy"
    fresh = PolicyClient(client.url, config=PATIENT)
    with pytest.raises(RefusedError) as caught:
        fresh.act(stamp_ns=1, step=0, arrays=arrays())
    assert caught.value.code == "not_reset"
    fresh.reset("feeling", seed=0)
    fresh.act(stamp_ns=5, step=0, arrays=arrays())
    with pytest.raises(RefusedError) as caught:
        fresh.act(stamp_ns=5, step=1, arrays=arrays())
    assert caught.value.code == "stale_observation"
    missing = arrays()
    del missing["force"]
    with pytest.raises(RefusedError, match="force has shape or type missing"):
        fresh.act(stamp_ns=6, step=1, arrays=missing)
    fresh.close()
    broken = write_bundle(folder / "broken")
    (broken / "weights.safetensors").write_bytes(b"cut")
    with pytest.raises(RefusedError, match="cut short") as caught:
        client.reset("broken", seed=0)
    assert caught.value.code == "bad_bundle"


def test_a_session_belongs_to_one_client_while_it_is_connected(server: BackgroundServer) -> None:
    first = PolicyClient(server.url, session="arm", config=PATIENT)
    second = PolicyClient(server.url, session="arm", config=PATIENT)
    first.reset("feeling", seed=1)
    with pytest.raises(RefusedError) as caught:
        second.act(stamp_ns=1, step=0, arrays=arrays())
    assert caught.value.code == "session_taken"
    with pytest.raises(RefusedError, match="another client"):
        second.reset("feeling", seed=1)
    first.act(stamp_ns=1, step=0, arrays=arrays())
    first.close()
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        try:
            second.reset("feeling", seed=1)
            break
        except RefusedError:
            time.sleep(0.01)
    second.act(stamp_ns=1, step=0, arrays=arrays())
    second.close()


def test_a_session_outlives_its_connection(client: PolicyClient) -> None:
    client.reset("seeing", seed=4)
    client.act(stamp_ns=1, step=0, arrays=arrays())
    expected = client.act(stamp_ns=2, step=1, arrays=arrays()).action_m
    client.reset("seeing", seed=4)
    client.act(stamp_ns=1, step=0, arrays=arrays())
    client.close()
    again = client.act(stamp_ns=2, step=1, arrays=arrays()).action_m
    np.testing.assert_array_equal(again, expected)


@pytest.mark.parametrize(
    ("message", "code", "text"),
    [
        ({"v": 2, "op": "hello", "client": "x"}, "version", "protocol 1, the client 2"),
        ({"op": "hello"}, "version", "None"),
        ({"v": 1, "op": "eval"}, "bad_request", "op = 'eval'"),
        ({"v": 1, "op": "hello", "client": 3}, "bad_request", "client = 3"),
        ({"v": 1, "op": "act", "session": "s"}, "bad_request", "say hello first"),
        (b"\xc1", "bad_request", "not a message"),
        (b"\x93\x01\x02\x03", "bad_request", "a message is a map"),
        ("text", "bad_request", "text message"),
    ],
)
def test_what_is_no_request_is_answered_with_a_code(
    server: BackgroundServer, message: Any, code: str, text: str
) -> None:
    with connect(server.url, proxy=None) as connection:
        data = pack({"id": 7, **message}) if isinstance(message, dict) else message
        connection.send(data)
        reply = unpack(connection.recv(timeout=5.0))
        assert (reply["ok"], reply["code"]) == (False, code)
        assert text in reply["text"]
        connection.send(pack({"v": 1, "id": 8, "op": "hello", "client": "x"}))
        assert unpack(connection.recv(timeout=5.0))["ok"]  # the connection is still good


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"step": "1"}, "step = '1'"),
        ({"stamp_ns": 1.5}, "stamp_ns = 1.5"),
        ({"session": None}, "session = None"),
        ({"arrays": None}, "a map of arrays"),
    ],
)
def test_fields_of_the_wrong_kind_are_named(
    server: BackgroundServer, change: dict[str, Any], text: str
) -> None:
    with connect(server.url, proxy=None) as connection:
        connection.send(pack({"v": 1, "id": 1, "op": "hello", "client": "x"}))
        connection.recv(timeout=5.0)
        act = {"v": 1, "id": 2, "op": "act", "session": "", "stamp_ns": 1, "step": 0, "arrays": {}}
        connection.send(pack({**act, **change}))
        reply = unpack(connection.recv(timeout=5.0))
        assert reply["code"] == "bad_request"
        assert text in reply["text"]


def test_a_client_of_another_version_is_told(
    server: BackgroundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sawyer_policy_client.client.PROTOCOL_VERSION", 2)
    with pytest.raises(ProtocolError, match="install the client that belongs to the server"):
        PolicyClient(server.url).connect()


def get(url: str) -> tuple[int, str, str]:
    with urllib.request.urlopen(url, timeout=5.0) as page:
        return page.status, page.headers["Content-Type"], page.read().decode()


def test_health_is_degraded_while_a_bundle_cannot_be_served(tmp_path: Path) -> None:
    write_bundle(tmp_path / "good")
    (write_bundle(tmp_path / "broken") / "policy.json").write_text("{", encoding="utf-8")
    with BackgroundServer(PolicyHost(default_registry([tmp_path]))) as server:
        health = json.loads(get(f"{server.http}/healthz")[2])
    assert health["status"] == "degraded"
    assert "broken" in health["problems"][0]


def test_health_and_metrics(server: BackgroundServer, client: PolicyClient) -> None:
    client.reset("seeing", seed=0)
    client.act(stamp_ns=1, step=0, arrays=arrays())
    with pytest.raises(RefusedError):
        client.act(stamp_ns=1, step=1, arrays=arrays())
    status, kind, text = get(f"{server.http}/healthz")
    health = json.loads(text)
    assert (status, kind, health["status"]) == (200, "application/json", "ok")
    assert health["connections"] >= 1
    assert health["sessions"] >= 1
    status, kind, text = get(f"{server.http}/metrics")
    assert kind.startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(lines['sawyer_policy_requests_total{op="act",outcome="ok"}']) >= 1
    assert float(lines['sawyer_policy_requests_total{op="act",outcome="stale_observation"}']) >= 1
    acted = float(lines["sawyer_policy_handling_seconds_count"])
    assert acted == float(lines['sawyer_policy_requests_total{op="act",outcome="ok"}'])
    assert float(lines["sawyer_policy_connections"]) >= 1
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{server.http}/nothing")


def test_robots_that_ask_at_once_share_a_pass_and_get_their_own_actions(
    host: PolicyHost,
) -> None:
    config = ServerConfig(port=0, batch=BatchConfig(window_s=0.02))
    robots, steps = 6, 10
    got: dict[int, list[Any]] = {}
    barrier = threading.Barrier(robots)
    with BackgroundServer(host, config) as server:

        def robot(index: int) -> None:
            with PolicyClient(server.url, config=PATIENT) as client:
                client.reset("seeing", seed=index)
                got[index] = []
                for step in range(steps):
                    barrier.wait(10.0)
                    got[index].append(client.act(stamp_ns=step + 1, step=step, arrays=arrays()))

        threads = [threading.Thread(target=robot, args=(index,)) for index in range(robots)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30.0)
    assert max(action.batch for actions in got.values() for action in actions) > 1
    for index, actions in got.items():
        host.reset("alone", "seeing", seed=index)
        for step, action in enumerate(actions):
            alone = host.act("alone", Observation(step + 1, step, arrays()))
            np.testing.assert_allclose(action.action_m, alone.action_m, atol=1e-8)


def test_a_server_that_is_gone_is_said_at_once_and_found_again(host: PolicyHost) -> None:
    config = ClientConfig(act_timeout_s=0.5, retry_after_s=0.05, retry_at_most_s=0.1)
    with BackgroundServer(host) as server:
        port, client = server.port, PolicyClient(server.url, config=config)
        client.reset("feeling", seed=0)
        client.act(stamp_ns=1, step=0, arrays=arrays())
    began = time.monotonic()
    for step in (1, 2):
        with pytest.raises(UnreachableError, match="127"):
            client.act(stamp_ns=step + 1, step=step, arrays=arrays())
    assert time.monotonic() - began < 1.0
    with BackgroundServer(host, ServerConfig(port=port)):
        time.sleep(0.15)
        client.reset("feeling", seed=0)
        assert client.act(stamp_ns=1, step=0, arrays=arrays()).step == 0
        client.close()


class Slow(FakePolicy):
    """Thinks for a while about its first action."""

    def action(self, observation: PolicyInput) -> np.ndarray:
        if observation.step == 0:
            time.sleep(0.3)
        return super().action(observation)


def test_a_reply_that_comes_too_late_is_not_taken_for_the_next() -> None:
    registry = PolicyRegistry()
    spec = ObservationSpec((EE_POSITION,))
    registry.register(PolicySpec("slow", spec, ActionSpec(), 10.0, "none", ""), Slow)
    with BackgroundServer(PolicyHost(registry)) as server:
        with PolicyClient(server.url, config=PATIENT) as client:
            client.reset("slow", seed=0)
            with pytest.raises(UnreachableError, match="no answer to act"):
                client.act(stamp_ns=1, step=0, arrays=arrays(), timeout_s=0.05)
            assert client.act(stamp_ns=2, step=1, arrays=arrays()).step == 1


def test_a_remote_host_stands_in_for_a_local_one(
    server: BackgroundServer, host: PolicyHost
) -> None:
    remote = RemoteHost(server.url, RemoteConfig(act_timeout_s=5.0))
    assert "seeing" in {spec.name for spec in remote.specs()}
    assert remote.preload("seeing").version == host.preload("seeing").version
    with pytest.raises(UnknownNameError, match="did you mean 'seeing'"):
        remote.reset("s", "seing", seed=1)
    with pytest.raises(UnknownNameError, match="reset it first"):
        remote.act("s", Observation(1, 0, arrays()))
    assert remote.reset("s", "seeing", seed=1) == host.reset("s", "seeing", seed=1)
    over, here = (h.act("s", Observation(1, 0, arrays())) for h in (remote, host))
    np.testing.assert_array_equal(over.action_m, here.action_m)
    with pytest.raises(RemoteRefusalError) as caught:
        remote.act("s", Observation(1, 1, arrays()))
    assert caught.value.code == "stale_observation"
    remote.close()


def test_a_remote_host_without_a_server_says_so() -> None:
    remote = RemoteHost("ws://127.0.0.1:9", RemoteConfig(connect_timeout_s=0.5))
    assert remote.specs() == []
    assert "127.0.0.1:9" in remote.problems()[0]
    with pytest.raises(TransportError):
        remote.preload("seeing")
    with pytest.raises(TransportError):
        remote.reset("s", "seeing", seed=0)
