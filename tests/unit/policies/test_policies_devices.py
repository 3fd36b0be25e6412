"""A device that is not there is refused by name, wherever torch would compute."""

from pathlib import Path

import pytest
import torch

from sawyer_core import ConfigError
from sawyer_policies.bundles import load_bundle
from sawyer_policies.devices import torch_device
from sawyer_policies.testing import write_bundle
from sawyer_policies.training import train
from sawyer_policies.training.testing import make_point, tiny

ALLOWED = "is not allowed; allowed: cpu, or cuda or cuda:<n> where there is such a GPU"


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "gpu", "cuda:x", "cpu:0", ""])
def test_without_a_gpu_only_the_cpu_is_taken(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_device("cpu") == torch.device("cpu")
    with pytest.raises(ConfigError) as refused:
        torch_device(name)
    assert str(refused.value) == f"device = {name!r} {ALLOWED}"


def test_only_gpus_that_are_there_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert torch_device("cuda") == torch.device("cuda")
    assert torch_device("cuda:1") == torch.device("cuda", 1)
    for name in ("cuda:2", "cudax", "gpu"):
        with pytest.raises(ConfigError, match=f"device = '{name}'"):
            torch_device(name)


def test_training_and_bundles_refuse_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="device = 'cuda' is not allowed"):
        train(tiny(device="cuda"), tmp_path / "run", environment=make_point)
    assert not (tmp_path / "run").exists()
    write_bundle(tmp_path / "bundle")
    with pytest.raises(ConfigError, match="device = 'cuda' is not allowed"):
        load_bundle(tmp_path / "bundle", device="cuda").make_policy()
