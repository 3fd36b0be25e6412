from collections.abc import Iterator
from pathlib import Path

import pytest

from sawyer_policies.training import train
from sawyer_policies.training.testing import make_point, one_thread, tiny


@pytest.fixture(autouse=True)
def alone() -> "Iterator[None]":
    with one_thread():
        yield


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an undisturbed run of ``tiny()``."""
    folder = tmp_path_factory.mktemp("training") / "whole"
    with one_thread():
        train(tiny(), folder, environment=make_point)
    return folder
