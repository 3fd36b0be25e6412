"""Texts in bag metadata and the QoS names of newer bags."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets import TopicQos
from sawyer_datasets.bag_metadata import BagMetadata, parse, render, render_inner
from sawyer_datasets.qos import qos_text


@settings(deadline=None, derandomize=True)
@given(name=st.text(), value=st.text())
def test_metadata_holds_any_text(name: str, value: str) -> None:
    metadata = BagMetadata(["bag_0.mcap"], 5, 9, [], {name: value})
    assert parse(render(metadata), Path("metadata.yaml")) == metadata
    inner = yaml.safe_load(render_inner(metadata))
    assert inner["custom_data"] == {name: value}


def test_qos_text_of_newer_bags_gets_numbers() -> None:
    text = "- {history: keep_last, depth: 7, reliability: best_effort, durability: odd}"
    profile = yaml.safe_load(qos_text(text))[0]
    assert profile == {
        "history": 1,
        "depth": 7,
        "reliability": 2,
        "durability": 3,
    }
    own = TopicQos(depth=3).to_yaml()
    assert qos_text(own) == own
    assert qos_text("{") == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reliability": "relaible"}, "did you mean 'reliable'"),
        ({"depht": 3}, "did you mean 'depth'"),
        ({"depth": -1}, "depth"),
    ],
)
def test_qos_that_is_not_known(values: dict[str, object], words: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=words):
        qos_text(values)
