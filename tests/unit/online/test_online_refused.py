"""Settings that the learner beside a robot does not take."""

from pathlib import Path
from typing import Any

import pytest

from sawyer_core import ConfigError
from sawyer_policies.observations import preset
from sawyer_policies.online.learner import OnlineLearner
from sawyer_policies.training.testing import tiny

BLOCKS = {"task": "blocks", "reward": "blocks", "observation": "blocks"}


@pytest.mark.parametrize(
    ("name", "value", "allowed", "more"),
    [
        ("warmup_action", "held", "policy or uniform", {}),
        ("demos", "shipped", "none", {}),
        ("demo_pretrain_updates", 10, "0", {}),
        ("init_from", "runs/other", "none", {}),
        ("base_policy", "residual_blocks", "none", BLOCKS),
        ("task", "blocks", "insertion", BLOCKS),
        ("env.control_sigma", 0.1, "no env.<key>", {}),
    ],
)
def test_what_the_graph_cannot_do_is_refused(
    tmp_path: Path, name: str, value: Any, allowed: str, more: dict[str, str]
) -> None:
    config = tiny(**{**more, name: value})
    with pytest.raises(ConfigError) as refused:
        OnlineLearner(config, tmp_path, preset("state"))
    text = f"{name} = {value!r} is not allowed; allowed: {allowed}, on the graph"
    assert str(refused.value) == text
