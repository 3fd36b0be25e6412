from __future__ import annotations

from pathlib import Path

import pytest

from sawyer_datasets.testing import SyntheticEpisode, write_episode


@pytest.fixture(scope="session")
def whole_bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed bag of several chunks; never changed by a test."""
    path = tmp_path_factory.mktemp("whole") / "episode_0000"
    write_episode(path, SyntheticEpisode(seed=3))
    return path
