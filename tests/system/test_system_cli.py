"""The user's commands on the whole graph: demo, evaluation, an interruption, bad arguments."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.slow, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "sawyer_cli"]


@pytest.fixture
def environment() -> dict[str, str]:
    """A ROS domain of this test's own, local to this machine."""
    domain = str(1 + (os.getpid() * 7 + 13) % 100)
    return {**os.environ, "ROS_DOMAIN_ID": domain, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def sawyer(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def processes_that_mention(folder: Path) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(folder) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(words)
    return found


def write_learned(folder: Path) -> None:
    """Write a bundle under the name of the shipped one; its weights are drawn, not learned."""
    from sawyer_policies.testing import write_bundle

    task = {"name": "insertion", "connector": "dsub"}
    write_bundle(folder / "residual_sac_image_dsub", "image32", task=task)


def test_demo_shows_both_policies_side_by_side(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "demo"
    write_learned(tmp_path / "bundles")
    environment["SAWYER_POLICY_PATH"] = str(tmp_path / "bundles")
    done = sawyer(environment, "demo", "--connector", "dsub", "--episodes", "2", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    for policy in ("p_controller", "residual_sac_image_dsub"):
        assert f"sim.launch.py connector:=dsub policy:={policy}" in done.stdout
        assert sawyer(environment, "bag", "verify", str(out / policy / "bags")).returncode == 0
    summary = json.loads((out / "contrast.json").read_text(encoding="utf-8"))
    hand, learned = summary["sides"]
    assert (summary["connector"], summary["noise_mm"]) == ("dsub", 1.0)
    assert [e["seed"] for e in hand["episodes"]] == [e["seed"] for e in learned["episodes"]]
    assert hand["goal_error_mm"] == learned["goal_error_mm"]
    assert all(0.0 < max(map(abs, error)) <= 1.0 for error in hand["goal_error_mm"])
    assert hand["episodes"][0]["steps"] != learned["episodes"][0]["steps"] or (
        hand["episodes"][0]["peak_force_n"] != learned["episodes"][0]["peak_force_n"]
    )
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "D-Sub insertion: P-controller and Residual policy" in page
    assert (out / "video.mp4").is_file()
    assert processes_that_mention(out) == []


def test_demo_of_one_policy_shows_what_it_promises(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "demo"
    words = ["demo", "--policy", "p_controller", "--episodes", "2", "--out", str(out)]
    done = sawyer(environment, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ros2 launch sawyer_bringup sim.launch.py" in done.stdout
    assert "peak force (N)" in done.stdout
    assert str(out) in done.stdout.replace("\n", "")
    assert json.loads((out / "episodes.json").read_text(encoding="utf-8"))["complete"] is True
    assert len(list((out / "bags").glob("episode_*"))) == 2
    assert sawyer(environment, "bag", "verify", str(out / "bags")).returncode == 0
    assert list(out.rglob("*.html"))
    assert [*out.rglob("*.mp4"), *out.rglob("*.gif")]
    assert processes_that_mention(out) == []


def test_graph_evaluation_agrees_with_the_single_process_one(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    results = {}
    for backend in ("gym", "ros"):
        target = tmp_path / f"{backend}.json"
        words = ["--connector", "dsub", "--noise-mm", "1", "--episodes", "2", "--seed", "4"]
        done = sawyer(
            environment, "eval", "insertion", *words, "--backend", backend, "--json", str(target)
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results[backend] = json.loads(target.read_text(encoding="utf-8"))
    gym, ros = results["gym"], results["ros"]
    assert [r["seed"] for r in gym["results"]] == [r["seed"] for r in ros["results"]]
    assert [r["success"] for r in gym["results"]] == [r["success"] for r in ros["results"]]
    assert [r["steps"] for r in gym["results"]] == [r["steps"] for r in ros["results"]]
    assert gym["final_distance_mm"] == pytest.approx(ros["final_distance_mm"], abs=1e-3)
    assert gym["peak_force_n"] == pytest.approx(ros["peak_force_n"], abs=1e-3)


def test_interrupted_demo_goes_down_in_order_and_is_no_success(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    out = tmp_path / "demo"
    words = [*COMMAND, "demo", "--policy", "p_controller", "--episodes", "500"]
    words += ["--out", str(out)]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + 120.0
        while not (out / "episodes.json").is_file():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)  # Ctrl-C is ignored in background jobs
        output, _ = process.communicate(timeout=90)
    assert process.returncode != 0
    assert "interrupted" in output
    assert processes_that_mention(out) == []


def test_unknown_launch_argument_lists_the_choices(environment: dict[str, str]) -> None:
    words = ["ros2", "launch", "sawyer_bringup", "sim.launch.py", "conector:=usb"]
    done = sawyer(environment, *words)
    assert done.returncode != 0
    assert "connector" in done.stdout + done.stderr
