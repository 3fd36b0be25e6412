"""Examples in docstrings are run, so that they stay true."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = (
    "sawyer_calibration",
    "sawyer_cli",
    "sawyer_controllers",
    "sawyer_core",
    "sawyer_datasets",
    "sawyer_description",
    "sawyer_policies",
    "sawyer_policy_client",
    "sawyer_sim",
)


@pytest.mark.parametrize("name", PACKAGES)
def test_examples_in_docstrings(name: str) -> None:
    package = importlib.import_module(name)
    found = pkgutil.walk_packages(package.__path__, f"{name}.")
    modules = [name, *(m.name for m in found if not m.name.endswith("__main__"))]
    failed = {m: doctest.testmod(importlib.import_module(m)).failed for m in modules}
    assert {module: count for module, count in failed.items() if count} == {}
