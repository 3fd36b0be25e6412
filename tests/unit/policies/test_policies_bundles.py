"""Bundles: what is written comes back, and nothing that is damaged or unfit is loaded."""

import errno
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from sawyer_core import BundleError, PolicyInput, UnknownNameError
from sawyer_policies import default_registry
from sawyer_policies.bundles import (
    BundleFactory,
    BundleSource,
    files,
    load_bundle,
    read_info,
    save_bundle,
    versions,
)
from sawyer_policies.testing import write_bundle


def seen(step: int = 0, **changes: Any) -> PolicyInput:
    values = {
        "ee_position_m": np.array((0.6, 0.1, 0.05)),
        "goal_position_m": np.array((0.6, 0.1, 0.0)),
        "force_n": np.array((0.0, 0.0, 4.0)),
        "image": np.arange(1024, dtype=np.uint8).reshape(32, 32),
        **changes,
    }
    return PolicyInput(step=step, **values)


def actions(policy: Any, seed: int, steps: int = 4) -> np.ndarray:
    policy.reset(np.random.default_rng(seed))
    return np.array([policy.action(seen(step)) for step in range(steps)])


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "policy.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.mark.parametrize("observation", ["state", "image32", "state_goal", "image32_goal"])
def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path, observation: str) -> None:
    folder = write_bundle(
        tmp_path / "mine", observation, training={"algorithm": "sac", "seed": 3}, git_commit="abc"
    )
    bundle = load_bundle(folder)
    info, sha256 = read_info(folder)
    assert bundle.info == info
    assert info.training == {"algorithm": "sac", "seed": 3}
    assert (info.kind, info.git_commit, len(sha256)) == ("residual", "abc", 64)
    assert info.created.endswith("+00:00")
    assert bundle.version == bundle.spec.version == sha256[:12]
    assert (bundle.spec.action.array.low, bundle.spec.action.array.high) == (-1e-3, 1e-3)
    again = save_bundle(tmp_path / "again", info, bundle._network.state_dict())
    np.testing.assert_array_equal(
        actions(bundle.make_policy(), 1), actions(load_bundle(again).make_policy(), 1)
    )


def test_actions_follow_from_the_generator_alone_and_stay_in_bounds(tmp_path: Path) -> None:
    policy = load_bundle(write_bundle(tmp_path / "p", "image32_goal")).make_policy()
    first = actions(policy, 5)
    np.testing.assert_array_equal(actions(policy, 5), first)
    assert (actions(policy, 6) != first).all()
    assert np.abs(first).max() <= 1e-3
    assert len({tuple(row) for row in first}) == 4  # a fresh draw each step


def test_the_noise_enters_before_the_tanh(tmp_path: Path) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "p"))
    encoded = bundle.encoder.encode(seen())
    middle = np.arctanh(bundle.act_batch([encoded], [None])[0] / 1e-3)
    noise = np.array((1.0, -2.0, 0.5))
    moved = np.arctanh(bundle.act_batch([encoded], [noise])[0] / 1e-3)
    again = np.arctanh(bundle.act_batch([encoded], [2 * noise])[0] / 1e-3)
    np.testing.assert_allclose(again - middle, 2 * (moved - middle), atol=1e-9)


def test_a_deterministic_policy_draws_nothing(tmp_path: Path) -> None:
    policy = load_bundle(write_bundle(tmp_path / "p", head="deterministic")).make_policy()
    np.testing.assert_array_equal(actions(policy, 1), actions(policy, 2))


@pytest.mark.parametrize("observation", ["state_goal", "image32_state"])
def test_a_batch_equals_its_robots_one_by_one(tmp_path: Path, observation: str) -> None:
    bundle = load_bundle(write_bundle(tmp_path / "p", observation))
    rng = np.random.default_rng(0)
    inputs = [
        seen(
            force_n=rng.normal(0, 5, 3),
            ee_position_m=rng.normal(0, 0.05, 3),
            image=rng.integers(0, 256, (32, 32), dtype=np.uint8),
        )
        for _ in range(16)
    ]
    alone, together = bundle.make_policy(), bundle.make_policy()
    alone.reset(np.random.default_rng(2))
    together.reset(np.random.default_rng(2))
    single = np.array([alone.action(one) for one in inputs])
    batch = bundle.run([together.prepare(one) for one in inputs])
    np.testing.assert_allclose(batch, single, atol=1e-3 * 1e-5)  # 1e-5 of the scale


CHANGES = {
    "format": (lambda d: d.update(format="other"), "format = 'other'"),
    "newer format": (lambda d: d.update(version=2), "version = 2 .* allowed: 1"),
    "missing key": (lambda d: d.pop("action"), "action = None .* missing"),
    "unknown key": (lambda d: d.update(wieghts_sha256=""), "did you mean 'weights_sha256'"),
    "robot": (lambda d: d.update(robot="panda"), "robot = 'panda' .* sawyer"),
    "unit": (lambda d: d["action"].update(unit="mm"), "action.unit = 'mm' .* 'm'"),
    "frame": (lambda d: d["action"].update(frame="tool"), "action.frame = 'tool' .* 'base'"),
    "action shape": (lambda d: d["action"].update(shape=[6]), r"action.shape = \[6\]"),
    "scale above clip": (
        lambda d: d["action"].update(scale_m=0.05, low=-0.05, high=0.05),
        "action.scale_m = 0.05 .* at most 0.015 m",
    ),
    "scale zero": (lambda d: d["action"].update(scale_m=0.0), "action.scale_m = 0.0"),
    "scale no number": (lambda d: d["action"].update(scale_m="1"), "action.scale_m = '1'"),
    "bounds": (lambda d: d["action"].update(high=0.01), "action.high = 0.01"),
    "rate": (lambda d: d.update(rate_hz=20.0), "rate_hz = 20.0 .* 10 Hz"),
    "base": (lambda d: d.update(base_controller="pid"), "unknown base controller 'pid'"),
    "kind": (lambda d: d.update(kind="direct"), "kind = 'direct' .* 'residual'"),
    "sampling": (lambda d: d.update(sampling="random"), "unknown sampling 'random'"),
    "task": (lambda d: d["task"].update(name="peg"), "unknown task 'peg'"),
    "name": (lambda d: d.update(name="../evil"), "name = '../evil'"),
    "type": (lambda d: d.update(network=[1]), "network = .* an object"),
    "feature": (
        lambda d: d["observation"]["config"].update(features=["force_y"]),
        "unknown feature 'force_y'",
    ),
    "arrays": (lambda d: d["observation"]["arrays"].pop(), "observation.arrays"),
    "array unit": (
        lambda d: d["observation"]["arrays"][0].update(unit="mm"),
        "observation.ee_position.unit = 'mm'",
    ),
    "state size": (lambda d: d["network"].update(state_dim=9), "network.state_dim = 9"),
    "action size": (lambda d: d["network"].update(action_dim=7), "network.action_dim = 7"),
    "wrong shape": (lambda d: d["network"].update(hidden=[32]), "weight trunk.layers.0.weight"),
    "layers": (lambda d: d["network"].update(hidden="x"), "the network cannot be built"),
    "head": (lambda d: d["network"].update(head="deterministic"), "sampling is stochastic"),
    "checksum": (lambda d: d.update(weights_sha256="0" * 64), "checksum"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_policy_json_is_refused_with_the_reason(tmp_path: Path, case: str) -> None:
    folder = write_bundle(tmp_path / "p")
    change, text = CHANGES[case]
    edit(folder, change)
    with pytest.raises(BundleError, match=text) as caught:
        load_bundle(folder)
    assert str(folder) in str(caught.value)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    weights, info = folder / "weights.safetensors", folder / "policy.json"
    blob, text = weights.read_bytes(), info.read_text(encoding="utf-8")
    weights.write_bytes(blob[: len(blob) // 2])
    with pytest.raises(BundleError, match="cut short or changed"):
        load_bundle(folder)
    weights.write_bytes(blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(BundleError, match="cut short or changed"):
        load_bundle(folder)
    weights.unlink()
    with pytest.raises(BundleError, match=r"weights.safetensors: No such file"):
        load_bundle(folder)
    weights.write_bytes(blob)
    info.write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(BundleError, match=r"policy.json is damaged"):
        load_bundle(folder)
    info.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match=r"policy.json is damaged"):
        load_bundle(folder)
    info.unlink()
    with pytest.raises(BundleError, match=r"it has no policy.json"):
        load_bundle(folder)
    with pytest.raises(BundleError, match="no such folder"):
        load_bundle(tmp_path / "nowhere")


def rewrite(folder: Path, change: Callable[[dict[str, np.ndarray]], None]) -> None:
    """Change the weights and mend the checksum, as whoever means harm would."""
    path = folder / "weights.safetensors"
    arrays = safetensors.numpy.load(path.read_bytes())
    change(arrays)
    blob = safetensors.numpy.save(arrays)
    path.write_bytes(blob)
    edit(folder, lambda d: d.update(weights_sha256=files._sha256(blob)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda a: a["trunk.layers.0.bias"].fill(np.nan), "trunk.layers.0.bias is not finite"),
        (lambda a: a.pop("trunk.layers.0.bias"), "trunk.layers.0.bias .* missing"),
        (lambda a: a.update(more=np.zeros(1, np.float32)), "weight more"),
        (lambda a: a.update({"trunk.layers.0.bias": np.zeros(3, np.float32)}), "layers.0.bias"),
        (lambda a: a.update({"trunk.layers.0.bias": np.zeros(16)}), "float64"),
        (lambda a: a.clear(), "no weights"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, change, text: str) -> None:
    folder = write_bundle(tmp_path / "p")
    rewrite(folder, change)
    with pytest.raises(BundleError, match=text):
        load_bundle(folder)


def test_what_would_be_refused_is_not_written(tmp_path: Path) -> None:
    good = load_bundle(write_bundle(tmp_path / "p"))
    weights = good._network.state_dict()
    for info in (
        replace(good.info, rate_hz=50.0),
        replace(good.info, action_scale_m=1.0),
        replace(good.info, training={"loss": float("nan")}),
        replace(good.info, training={"path": tmp_path}),
    ):
        with pytest.raises(BundleError):
            save_bundle(tmp_path / "bad", info, weights)
    with pytest.raises(BundleError, match="not finite"):
        save_bundle(tmp_path / "bad", good.info, {"w": np.array([np.inf])})
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


@pytest.mark.parametrize("exchange", [True, False])
def test_a_bundle_is_replaced_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda first, second: False)
    folder = write_bundle(tmp_path / "p", seed=1)
    before = load_bundle(folder).version
    write_bundle(folder, seed=2)
    assert load_bundle(folder).version != before
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_full_disk_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_bundle(tmp_path / "p", seed=1)
    before = load_bundle(folder).version

    def full(path: Path, data: bytes) -> None:
        path.write_bytes(data[:10])
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(OSError, match="no space"):
        write_bundle(folder, seed=2)
    assert load_bundle(folder).version == before
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_crash_between_the_two_renames_is_mended(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    version = load_bundle(folder).version
    os.rename(folder, tmp_path / ".p.previous")
    assert load_bundle(folder).version == version


def test_the_newest_whole_version_is_taken_and_the_refused_one_reported(tmp_path: Path) -> None:
    run = tmp_path / "run"
    for number in (1, 2, 10):
        write_bundle(run / "policy" / f"v{number:06d}", seed=number, name="mine")
    (run / "policy" / "v000011").mkdir()  # not complete
    (run / "policy" / ".v000012.tmp").mkdir()
    assert [path.name for path in versions(run / "policy")] == ["v000001", "v000002", "v000010"]
    source = BundleSource(run)
    assert source.open()[0].version == "v000010"
    (run / "policy" / "v000010" / "weights.safetensors").write_bytes(b"cut")
    assert load_bundle(run).version == "v000002"
    assert source.open()[0].version == "v000002"
    assert "v000010" in source.problem


def test_a_source_loads_again_only_what_has_changed_and_keeps_the_good_one(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p", seed=1)
    source = BundleSource(folder)
    first, _ = source.open()
    assert source.open()[0] == first
    assert source.loads == 1
    write_bundle(folder, seed=2)
    second, _ = source.open()
    assert (second.version != first.version, source.loads) == (True, 2)
    (folder / "weights.safetensors").write_bytes(b"cut")
    assert source.open()[0] == second
    assert "stays in use" in source.problem
    write_bundle(folder, seed=3)
    third, _ = source.open()
    assert third.version not in (first.version, second.version)
    assert source.problem == ""


def test_a_factory_can_be_sent_to_another_process(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "p")
    factory = pickle.loads(pickle.dumps(BundleFactory(str(folder))))
    np.testing.assert_array_equal(
        actions(factory(), 3), actions(load_bundle(folder).make_policy(), 3)
    )


def test_the_registry_finds_bundles_and_the_named_folder_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "path" / "mine", seed=1)
    write_bundle(tmp_path / "path" / "other", seed=2)
    named = write_bundle(tmp_path / "named", seed=3, name="mine")
    monkeypatch.setenv("SAWYER_POLICY_PATH", str(tmp_path / "path"))
    assert {"mine", "other", "p_controller"} <= set(default_registry())
    assert default_registry().get("mine").folder == tmp_path / "path" / "mine"
    assert default_registry([named]).get("mine").folder == named
    assert default_registry([tmp_path / "path"]).open("other")[0].name == "other"


def test_a_broken_bundle_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "mine")
    edit(folder, lambda d: d.update(rate_hz=20.0))
    registry = default_registry([tmp_path])
    assert "mine" not in registry
    with pytest.raises(BundleError, match=r"rate_hz = 20.0"):
        registry.get("mine")
    assert any("rate_hz" in problem for problem in registry.problems())
    with pytest.raises(UnknownNameError, match="p_controller"):
        registry.get("nothing")


def test_a_bundle_written_later_is_found(tmp_path: Path) -> None:
    registry = default_registry([tmp_path])
    write_bundle(tmp_path / "late")
    assert registry.open("late")[0].name == "late"


def test_listing_bundles_loads_no_torch(tmp_path: Path) -> None:
    write_bundle(tmp_path / "mine")
    code = (
        "import sys\nfrom sawyer_policies import default_registry\n"
        "assert 'mine' in default_registry()\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "SAWYER_POLICY_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_an_exploring_policy_adds_its_noise_after_the_tanh(tmp_path: Path) -> None:
    noisy = {"sampling": "noisy", "exploration_noise": 0.3}
    folder = write_bundle(tmp_path / "p", head="deterministic", **noisy)
    bundle = load_bundle(folder)
    assert (bundle.info.sampling, bundle.info.exploration_noise) == ("noisy", 0.3)
    encoded = bundle.encoder.encode(seen())
    middle = bundle.act_batch([encoded], [None])[0]
    noise = np.array((0.1, -0.2, 99.0))
    moved = bundle.act_batch([encoded], [noise])[0]
    np.testing.assert_allclose(moved[:2] - middle[:2], 0.3 * noise[:2] * 1e-3, rtol=1e-12)
    assert moved[2] == 1e-3
    assert (actions(bundle.make_policy(), 1) != actions(bundle.make_policy(), 2)).any()


@pytest.mark.parametrize(
    "given",
    [
        {"sampling": "noisy", "exploration_noise": 0.0},
        {"sampling": "noisy", "exploration_noise": float("nan")},
        {"sampling": "deterministic", "exploration_noise": 0.1},
    ],
)
def test_noise_and_sampling_go_together(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match=r"action\.exploration_noise"):
        write_bundle(tmp_path / "p", head="deterministic", **given)
