from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["_files", "definitions", "evaluation"])
def test_examples_in_the_documentation(name: str) -> None:
    result = doctest.testmod(import_module(f"sawyer_datasets.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
