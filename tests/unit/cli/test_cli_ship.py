"""Which figures go with which shipped policy."""

import json
from pathlib import Path
from typing import Any

import pytest

from sawyer_cli.dev import ship
from sawyer_policies.bundles import read_info
from sawyer_policies.testing import write_bundle


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ship, "shipped_folder", lambda: tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture
def runs(tmp_path: Path) -> "list[str]":
    """Runs of one policy for each of two connectors, and of one for the blocks."""
    tasks: list[dict[str, Any]] = [
        {"name": "insertion", "connector": "usb"},
        {"name": "insertion", "connector": "dsub"},
        {"name": "blocks"},
    ]
    found = []
    for task in tasks:
        word = task.get("connector", "blocks")
        write_bundle(tmp_path / word / "bundle" / f"learned_{word}", task=task)
        found.append(str(tmp_path / word))
    return found


def evaluation(folder: Path, policy: str, connector: str, **more: Any) -> str:
    path = folder / f"{policy}.{connector}.json"
    values = {"policy": policy, "connector": connector, "successes": 3, "results": [], **more}
    path.write_text(json.dumps(values), encoding="utf-8")
    return f"--evaluation={path}"


def kept(folder: Path) -> Any:
    figures = read_info(folder)[0].evaluation
    return figures and [run["connector"] for run in figures["runs"]]


def test_figures_go_to_their_own_policy(tmp_path: Path, shipped: Path, runs: "list[str]") -> None:
    usb = evaluation(tmp_path, "learned_usb", "usb")
    blocks = evaluation(tmp_path, "learned_blocks", "blocks", task="blocks")
    ship.main([*runs, usb, blocks])
    assert kept(shipped / "learned_usb") == ["usb"]
    assert kept(shipped / "learned_dsub") is None
    assert kept(shipped / "learned_blocks") == ["blocks"]


@pytest.mark.parametrize(
    ("policy", "connector"),
    [("p_controller", "usb"), ("learned_usb", "dsub"), ("learned_blocks", "usb")],
)
def test_figures_of_no_run_are_refused(
    tmp_path: Path,
    shipped: Path,
    runs: "list[str]",
    capsys: pytest.CaptureFixture[str],
    policy: str,
    connector: str,
) -> None:
    with pytest.raises(SystemExit):
        ship.main([*runs, evaluation(tmp_path, policy, connector)])
    said = capsys.readouterr().err
    assert f"{policy} on {connector}" in said
    assert "learned_dsub on dsub" in said
    assert not shipped.exists()


def test_two_runs_of_one_name_are_refused(
    shipped: Path, runs: "list[str]", capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        ship.main([runs[0], runs[0]])
    assert "learned_usb" in capsys.readouterr().err
    assert not shipped.exists()
