from collections.abc import Iterator

import pytest

from sawyer_policies.training.testing import one_thread


@pytest.fixture(autouse=True)
def alone() -> "Iterator[None]":
    with one_thread():
        yield
