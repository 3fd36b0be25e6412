from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter

from sawyer_core import ConfigError, setting, validate
from sawyer_ros_common.parameters import ConfigParameters
from sawyer_ros_common.testing import own_domain, ros_arguments


@dataclass(frozen=True)
class Group:
    gain: float = setting(2.0, bounds=(0.0, 10.0), unit="N", read_only=False, doc="a gain")

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class Config:
    name: str = setting(doc="a name without a default")
    mode: str = setting("fast", choices=("fast", "slow"), doc="a choice")
    weights: tuple[float, ...] = setting(
        (1.0, 2.0, 3.0), length=3, bounds=(0.0, 5.0), read_only=False, doc="three weights"
    )
    count: int = setting(3, bounds=(1, 9), doc="a number", source="a book")
    group: Group = field(default_factory=Group)

    def __post_init__(self) -> None:
        validate(self)


Made = Callable[..., tuple[Node, ConfigParameters[Config]]]


@pytest.fixture
def made() -> Iterator[Made]:
    nodes: list[Node] = []

    def make(*arguments: str) -> tuple[Node, ConfigParameters[Config]]:
        rclpy.init(args=["--ros-args", *arguments], domain_id=own_domain())
        nodes.append(Node("configured"))
        return nodes[0], ConfigParameters(nodes[0], Config)

    yield make
    for node in nodes:
        node.destroy_node()
    rclpy.try_shutdown()


def test_values_come_from_the_arguments_the_rest_from_the_dataclass(made: Made) -> None:
    _, parameters = made("-p", "name:=x", "-p", "group.gain:=4.5", "-p", "count:=9")
    assert parameters.config == Config(name="x", group=Group(4.5), count=9)


def test_a_required_parameter_must_be_given(made: Made) -> None:
    with pytest.raises(ConfigError, match=r"name = None is not allowed.*required"):
        made()


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("mode:=quick", "quick"),
        ("weights:=[1.0, 2.0]", "weights"),
        ("weights:=[1.0, 2.0, 9.0]", "from 0 to 5"),
        ("count:=0", "count"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_is(
    made: Made, argument: str, text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        made("-p", "name:=x", "-p", argument)


def test_descriptors_tell_unit_range_and_source(made: Made) -> None:
    node, _ = made("-p", "name:=x")
    gain = node.describe_parameter("group.gain")
    assert "[N]" in gain.description
    assert gain.floating_point_range[0].to_value == 10.0
    assert "Source: a book" in node.describe_parameter("count").description
    assert "'fast', 'slow'" in node.describe_parameter("mode").additional_constraints


def test_a_change_is_checked_at_once_and_adopted_between_steps(made: Made) -> None:
    node, parameters = made("-p", "name:=x")
    refused = node.set_parameters([Parameter("group.gain", value=99.0)])[0]
    assert not refused.successful
    assert not parameters.refresh()
    assert node.set_parameters([Parameter("group.gain", value=7.0)])[0].successful
    assert parameters.config.group.gain == 2.0  # not in the middle of a step
    assert parameters.refresh()
    assert parameters.config.group.gain == 7.0
    assert not parameters.refresh()


def test_a_read_only_setting_does_not_change(made: Made) -> None:
    node, parameters = made("-p", "name:=x")
    assert not node.set_parameters([Parameter("count", value=5)])[0].successful
    assert parameters.config.count == 3


def test_ros_arguments_initialises_and_shuts_down() -> None:
    with ros_arguments(["-p", "name:=why"]):
        assert rclpy.ok()
        node = Node("other")
        assert ConfigParameters(node, Config).config.name == "why"
        node.destroy_node()
    assert not rclpy.ok()
