"""Policies on the command line: bundles by name and by folder, and a server in a process."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sawyer_cli.app import run
from sawyer_cli.bench_policy_server import bench_policy_server
from sawyer_cli.choices import require_policy, resolve_policy
from sawyer_core import BundleError
from sawyer_policies.serving.load import Robot
from sawyer_policies.testing import write_bundle
from sawyer_policy_client import ClientConfig, PolicyClient


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAWYER_POLICY_PATH", "")


def test_a_policy_is_given_by_name_or_by_folder(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "somewhere", name="mine")
    assert resolve_policy("p_controller") == "p_controller"
    assert resolve_policy("mine") == "mine"  # nobody knows it yet
    assert resolve_policy(str(folder)) == "mine"
    assert require_policy("mine") == "mine"
    assert os.environ["SAWYER_POLICY_PATH"] == str(folder)
    versions = tmp_path / "run" / "policy"
    write_bundle(versions / "v000007", name="learning")
    assert resolve_policy(str(tmp_path / "run")) == "learning"
    assert os.environ["SAWYER_POLICY_PATH"].split(os.pathsep) == [
        str(tmp_path / "run"),
        str(folder),
    ]


def test_a_folder_without_a_bundle_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BundleError, match=r"no policy.json"):
        resolve_policy(str(tmp_path))
    assert run(["eval", "insertion", "--policy", str(tmp_path)]) == 1
    assert "no policy.json" in capsys.readouterr().err


def test_a_broken_bundle_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAWYER_POLICY_PATH", str(tmp_path))
    (write_bundle(tmp_path / "mine") / "policy.json").write_text("{", encoding="utf-8")
    assert run(["eval", "insertion", "--policy", "mine"]) == 1
    assert "policy.json is damaged" in capsys.readouterr().err


def test_an_evaluation_takes_a_bundle_that_sees(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "seeing", "image32")
    result = tmp_path / "result.json"
    words = ["eval", "insertion", "--policy", str(folder), "--episodes", "1"]
    assert run([*words, "--json", str(result)]) == 0
    data = json.loads(result.read_text(encoding="utf-8"))
    assert (data["policy"], data["episodes"], data["invalid"]) == ("seeing", 1, 0)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    write_bundle(tmp_path / "seeing", "image32")
    command = [sys.executable, "-m", "sawyer_cli", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--policy-path", str(tmp_path), "--policy", "seeing"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        found = re.search(r"ws://\S+", lines[1])
        assert found, lines
        yield process, found.group()
    finally:
        process.kill()
        process.communicate()


def test_serve_answers_and_ends_well(served: tuple[subprocess.Popen[str], str]) -> None:
    process, url = served
    with PolicyClient(url, config=ClientConfig(act_timeout_s=10.0)) as client:
        client.reset("seeing", seed=1)
        image = np.zeros((32, 32), np.uint8)
        action = client.act(stamp_ns=1, step=0, arrays={"image": image})
        assert np.abs(action.action_m).max() <= 1e-3
        with urllib.request.urlopen(url.replace("ws", "http") + "/healthz", timeout=5.0) as page:
            assert json.loads(page.read())["status"] == "ok"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60.0)
    assert (process.returncode, err) == (0, ""), out


@pytest.mark.parametrize(
    ("words", "text", "status"),
    [
        (["--policy", "residul"], "unknown policy 'residul'", 2),
        (["--port", "70000"], "--port 70000: allowed is 0 to 65535", 2),
        (["--policy-path", "no_such_folder"], "there is no such folder", 2),
        (["--threads", "0"], "--threads 0", 2),
    ],
)
def test_serve_refuses_what_it_cannot_serve(
    words: list[str], text: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *words]) == status
    assert text in capsys.readouterr().err


def test_serve_refuses_a_device_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_bundle(tmp_path / "mine")
    assert run(["serve", "--policy", str(folder), "--device", "tpu"]) == 1
    assert "device = 'tpu'" in capsys.readouterr().err


def test_late_replies_are_those_after_the_period_and_those_that_never_came() -> None:
    robot = Robot(round_trip_s=[0.02, 0.1001, 0.0999], unanswered=2)
    assert robot.late == 3


def test_the_bench_measures_one_robot_and_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sawyer_policies.serving.load.BACK_TO_BACK", 20)
    figures = bench_policy_server(0.5, 3, None)
    assert figures["one_client_back_to_back_replies"] == 20
    assert figures["one_client_replies"] + figures["one_client_late_replies"] >= 5
    assert figures["clients_replies"] + figures["clients_late_replies"] >= 15
    assert 0.0 < figures["clients_server_p50_ms"] <= figures["clients_server_p99_ms"]
    assert figures["clients_mean_batch"] >= 1.0
    assert figures["machine"]["cpus"] == os.cpu_count()
