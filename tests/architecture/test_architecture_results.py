"""What the README says of the twin is what the committed results say."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "docs" / "results"
CELLS = json.loads((RESULTS / "calibration.json").read_text(encoding="utf-8"))["cells"]
TITLES = {"usb": "USB-A", "dsub": "D-Sub DE-9", "model_e": "Model-E"}


@pytest.mark.parametrize("cell", CELLS, ids=lambda c: f"{c['connector']}-{c['noise_mm']:g}")
def test_readme_quotes_the_calibration(cell: dict[str, object]) -> None:
    goal = "±1 mm" if cell["noise_mm"] else "exact"
    title = re.escape(TITLES[str(cell["connector"])])
    row = re.search(rf"\| {title} \| {goal} \| (\d+) % \|", README)
    assert row is not None
    assert int(row[1]) == round(float(str(cell["success_percent"])))


def test_readme_quotes_the_benchmarks() -> None:
    sim = json.loads((RESULTS / "bench_sim.json").read_text(encoding="utf-8"))
    ros = json.loads((RESULTS / "bench_ros.json").read_text(encoding="utf-8"))
    assert f"{sim['env_steps_per_s_state']:.0f} per s with state" in README
    assert f"{sim['env_steps_per_s_image32']:.0f} per s with the 32x32 picture" in README
    assert f"{sim['ros_lockstep_realtime_factor']:.1f} times real time" in README
    ratios = [ros["latency_us"][size]["ratio_p50"] for size in ("100", "100000", "921600")]
    quoted = "{:.2f} at 100 B, {:.2f} at 100 kB, {:.2f} at 921.6 kB".format(*ratios)
    assert quoted in README


SHIPPED = sorted((ROOT / "policy_server" / "sawyer_policies" / "shipped").glob("*/policy.json"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_readme_quotes_the_evaluation_of_shipped_policies(path: Path) -> None:
    info = json.loads(path.read_text(encoding="utf-8"))
    runs = info["evaluation"]["runs"]
    counts = {run["noise_mm"]: f"{run['successes']}/{run['episodes']}" for run in runs}
    if info["task"]["name"] == "blocks":
        assert runs[0]["block_yaw_rad"] > 0.0
        assert f"| `{info['name']}` | {counts[0.0]} |" in README
    else:
        assert f"| `{info['name']}` | {counts[0.0]} | {counts[1.0]} |" in README


def test_the_policies_of_the_demo_ship() -> None:
    names = {path.parent.name for path in SHIPPED}
    assert {f"residual_sac_image_{connector}" for connector in TITLES} <= names


def test_readme_quotes_learners_and_policy_server() -> None:
    rows = json.loads((RESULTS / "bench_learners.json").read_text(encoding="utf-8"))["learners"]
    found = {
        (row["case"], row["algorithm"]): row["fast_over_sb3"]
        for row in rows
        if row["observation"] == "state" and row["threads"] == 1
    }
    usual, training = (
        [f"{found[case, name]:.1f}" for name in ("sac", "td3")] for case in ("usual", "training")
    )
    assert f"{usual[0]}, {usual[1]} (at our insertion settings {', '.join(training)})" in README
    server = json.loads((RESULTS / "bench_policy_server.json").read_text(encoding="utf-8"))
    p99_ms = server["one_client_back_to_back_server_p99_ms"]
    assert f"{p99_ms:.1f} ms; {server['clients_late_replies']} late replies" in README
