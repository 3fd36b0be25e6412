from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sawyer_policies.training import train
from sawyer_policies.training.testing import make_point, tiny


@pytest.fixture(autouse=True)
def one_thread() -> "Iterator[None]":
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an undisturbed run of ``tiny()``."""
    folder = tmp_path_factory.mktemp("training") / "whole"
    torch.set_num_threads(1)
    train(tiny(), folder, environment=make_point)
    return folder
