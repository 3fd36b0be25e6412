"""What our distributions say they need is what they import and what the lock installs."""

import ast
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from sawyer_cli.dev.torch_build import VERSION

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = {  # distribution -> (folder, packages)
    "sawyer-controllers": ("controllers", ("sawyer_core", "sawyer_controllers")),
    "sawyer-calibration": ("calibration", ("sawyer_calibration",)),
    "sawyer-sim": ("sim", ("sawyer_sim",)),
    "sawyer-policies": ("policy_server", ("sawyer_policies",)),
    "sawyer-policy-client": ("policy_server/client", ("sawyer_policy_client",)),
    "sawyer-datasets": ("datasets", ("sawyer_datasets",)),
}
MODULE_OF = {  # module -> distribution, where the names differ
    "PIL": "pillow",
    "backports": "backports-zstd",
    "cv2": "opencv-python-headless",
    "pinocchio": "pin",
    "pybullet_data": "pybullet",
    "pybullet_utils": "pybullet",
    "yaml": "pyyaml",
}

NEWER_STDLIB = {"__future__", "compression"}  # compression.zstd: Python 3.14


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements(name: str) -> list[Requirement]:
    found = [Requirement(text) for text in importlib.metadata.requires(name) or []]
    return [r for r in found if r.marker is None or r.marker.evaluate({"extra": ""})]


def lock(python: str) -> dict[str, str]:
    lines = (ROOT / f"requirements-{python}.lock").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "sawyer-embedded-ros2", "sawyer-description"])
@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
def test_lock_satisfies_every_requirement(name: str, python: str) -> None:
    pins = lock(python)
    for requirement in requirements(name):
        key = canonical(requirement.name)
        if key.startswith("sawyer-"):
            continue
        assert key in pins, f"{name} needs {requirement}: add it to requirements.in, make lock"
        assert requirement.specifier.contains(pins[key]), f"{requirement} but {pins[key]}"


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12"])
def test_lock_leaves_torch_to_the_set_up_but_holds_what_it_needs(python: str) -> None:
    pins = lock(python)
    assert not [n for n in pins if n.startswith(("torch", "triton", "nvidia-", "cuda-"))]
    assert {"filelock", "fsspec", "jinja2", "networkx", "sympy", "typing-extensions"} <= set(pins)
    assert f"\ntorch=={VERSION}\n" in (ROOT / "requirements.in").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_third_party_import_is_declared(name: str) -> None:
    folder, packages = DISTRIBUTIONS[name]
    declared = {canonical(Requirement(r).name) for r in importlib.metadata.requires(name) or []}
    missing = set()
    for package in packages:
        for path in sorted((ROOT / folder / package).rglob("*.py")):
            for module in imported(path) - set(sys.stdlib_module_names) - NEWER_STDLIB:
                if not module.startswith("sawyer_"):
                    needed = canonical(MODULE_OF.get(module, module))
                    if needed not in declared:
                        missing.add(f"{path.relative_to(ROOT)}: {needed}")
    assert missing == set()


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_installed_versions_are_those_of_the_lock() -> None:
    pins = lock(f"{sys.version_info.major}.{sys.version_info.minor}")
    differ = {}
    for name, version in pins.items():
        found = importlib.metadata.version(name)
        if found != version:
            differ[name] = (found, version)
    assert differ == {}
