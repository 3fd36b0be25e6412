import subprocess
import sys

import numpy as np
import pytest

from sawyer_core import ConfigError, PolicyInput, UnknownNameError
from sawyer_policies import default_registry

SERVED = ("p_controller", "random_search", "spiral_search", "straight_down")


def test_serves_the_four_hand_written_policies() -> None:
    registry = default_registry()
    assert tuple(name for name in registry if registry.get(name).folder is None) == SERVED


def test_an_unknown_policy_lists_the_choices_and_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'spiral_search'") as caught:
        default_registry().get("spiral_serch")
    assert set(SERVED) <= set(caught.value.choices)


def test_a_name_is_registered_once() -> None:
    registry = default_registry()
    known = registry.get("p_controller")
    with pytest.raises(ConfigError, match="p_controller"):
        registry.register(known.spec, known.factory)


@pytest.mark.parametrize("name", SERVED)
def test_every_policy_keeps_its_spec_and_repeats_with_its_seed(name: str) -> None:
    registered = default_registry().get(name)
    runs = []
    for _ in range(2):
        policy = registered.factory()
        policy.reset(np.random.default_rng(7))
        actions = []
        for step in range(12):
            height = max(0.0, 0.05 - 0.004 * step)
            observed = PolicyInput(
                ee_position_m=np.array((0.6, 0.1, 0.1 + height)),
                goal_position_m=np.array((0.6, 0.1, 0.1)),
                force_n=np.array((0.0, 0.0, 0.0 if height else 8.0)),
                step=step,
            )
            actions.append(registered.spec.action.check(policy.action(observed)))
        runs.append(np.array(actions))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.isfinite(runs[0]).all()


def test_only_p_controller_adds_to_a_base() -> None:
    specs = [default_registry().get(name).spec for name in SERVED]
    bases = {spec.name: spec.base_controller for spec in specs}
    assert bases.pop("p_controller") == "p_controller"
    assert set(bases.values()) == {"none"}


def test_p_controller_adds_nothing() -> None:
    policy = default_registry().get("p_controller").factory()
    policy.reset(np.random.default_rng(0))
    observed = PolicyInput(np.ones(3), np.zeros(3), np.zeros(3), 0)
    assert policy.action(observed).tolist() == [0.0, 0.0, 0.0]


def test_importing_the_package_loads_no_deep_learning_and_no_ros() -> None:
    code = (
        "import sys, sawyer_policies as p; p.default_registry()\n"
        "print([m for m in ('torch', 'rclpy', 'pybullet') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
