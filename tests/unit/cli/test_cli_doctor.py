"""What the doctor says of torch, GPUs and learned policies."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sawyer_cli import doctor
from sawyer_policies.testing import write_bundle


def torch(built: "str | None", *devices: SimpleNamespace) -> Any:
    """Stand for torch: what it was built for and the GPUs that it sees."""
    return SimpleNamespace(
        __version__="2.13.0",
        version=SimpleNamespace(cuda=built),
        get_num_threads=lambda: 4,
        cuda=SimpleNamespace(
            is_available=lambda: bool(devices),
            device_count=lambda: len(devices),
            get_device_properties=lambda index: devices[index],
        ),
    )


def only(findings: "list[doctor.Finding]") -> "tuple[bool | None, str]":
    assert len(findings) == 1
    return findings[0].ok, findings[0].text


def test_gpu_is_named_with_its_memory() -> None:
    gpu = SimpleNamespace(name="NVIDIA H100", total_memory=85_000_000_000)
    found = doctor.cuda_findings(torch("13.0", gpu, gpu), driver=True)
    assert [f.subject for f in found] == ["CUDA device 0", "CUDA device 1"]
    assert found[0].ok is True
    assert found[0].text == "NVIDIA H100, 85 GB"


@pytest.mark.parametrize(
    ("built", "driver", "words"),
    [
        (None, False, "no NVIDIA driver"),
        (None, True, "SAWYER_TORCH=cuda ./sawyer setup"),
        ("13.0", False, "no NVIDIA driver); the CPU is used"),
        ("13.0", True, "driver is older"),
    ],
)
def test_without_a_gpu_the_reason_is_said_and_nothing_is_bad(
    built: "str | None", driver: bool, words: str
) -> None:
    ok, text = only(doctor.cuda_findings(torch(built), driver=driver))
    assert ok is None
    assert words in text


def test_torch_that_was_left_out_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "has_torch", lambda: False)
    ok, text = only(doctor.torch_findings())
    assert ok is None
    assert "SAWYER_TORCH=auto" in text


def test_torch_that_does_not_import_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> Any:
        raise OSError("libcudart.so.13: cannot open shared object file")

    monkeypatch.setattr(doctor, "import_quietly", fail)
    ok, text = only(doctor.torch_findings())
    assert ok is False
    assert "libcudart" in text


def test_version_and_build_of_torch_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "import_quietly", lambda name: torch(None))
    assert doctor.torch_findings()[0].text == "2.13.0, CPU build, 4 threads"


def test_learned_policies_and_broken_bundles_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "residual_good")
    broken = write_bundle(tmp_path / "residual_broken")
    (broken / "policy.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("SAWYER_POLICY_PATH", str(tmp_path))
    found = doctor.policy_findings()
    assert "residual_good" in found[0].text
    assert "residual_broken" not in found[0].text
    bad = [f for f in found if f.ok is False]
    assert len(bad) == 1
    assert "residual_broken" in bad[0].text
