"""Parameters of a node, without a middleware."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy._node_parameters import NodeParameters
from rclpy.exceptions import (
    InvalidParameterException,
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter, parameter_value_to_python

Type = Parameter.Type
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=4),
    st.lists(st.text(max_size=4), min_size=1, max_size=4),
    st.lists(st.binary(min_size=1, max_size=1), min_size=1, max_size=4),
)


class Host(NodeParameters):
    """Records events instead of publishing them."""

    def __init__(self, allow: bool = False, auto: bool = False, **overrides: Any) -> None:
        self.events: list[tuple[list[str], list[str], list[str]]] = []
        self._init_parameters(
            overrides=overrides,
            parameter_overrides=[Parameter("from_code", value=7)],
            allow_undeclared_parameters=allow,
            automatically_declare_parameters_from_overrides=auto,
        )

    def _publish_parameter_event(
        self, new: list[Parameter], changed: list[Parameter], deleted: list[Parameter]
    ) -> None:
        names = [[p.name for p in group] for group in (new, changed, deleted)]
        self.events.append((names[0], names[1], names[2]))


def describe(**fields: Any) -> ParameterDescriptor:
    return ParameterDescriptor(**fields)


def between(low: float, high: float, step: float = 0.0) -> ParameterDescriptor:
    limits = FloatingPointRange(from_value=low, to_value=high, step=step)
    return ParameterDescriptor(floating_point_range=[limits])


@given(value=VALUES)
def test_values_survive_their_message(value: Any) -> None:
    parameter = Parameter("x", value=value)
    back = Parameter.from_parameter_msg(parameter.to_parameter_msg())
    assert back == parameter
    assert parameter_value_to_python(parameter.get_parameter_value()) == value


def test_types_are_inferred_and_checked() -> None:
    assert Parameter("x", value=True).type_ is Type.BOOL
    assert Parameter("x", value=1).type_ is Type.INTEGER
    assert Parameter("x").type_ is Type.NOT_SET
    assert Parameter("x", value=(1.0, 2.0)).type_ is Type.DOUBLE_ARRAY
    assert Parameter("x", Type.STRING_ARRAY, []).value == []
    with pytest.raises(ValueError, match="do not agree"):
        Parameter("x", Type.INTEGER, True)
    with pytest.raises(ValueError, match="do not agree"):
        Parameter("x", Type.DOUBLE, 1)
    with pytest.raises(TypeError, match="not a list of one"):
        Parameter("x", value=[1, "a"])
    with pytest.raises(TypeError, match="allowed types"):
        Parameter("x", value={})
    with pytest.raises(TypeError, match="type must be"):
        Parameter("x", 3, 3)  # type: ignore[arg-type]


def test_declare_get_set_and_events() -> None:
    node = Host()
    assert node.declare_parameter("a", 1).value == 1
    assert node.set_parameters([Parameter("a", value=2)])[0].successful
    assert node.get_parameter("a").value == 2
    assert node.has_parameter("a")
    node.undeclare_parameter("a")
    assert not node.has_parameter("a")
    assert node.events == [(["a"], [], []), ([], ["a"], []), ([], [], ["a"])]
    with pytest.raises(ParameterNotDeclaredException, match="a"):
        node.get_parameter("a")
    with pytest.raises(ParameterNotDeclaredException):
        node.set_parameters([Parameter("a", value=1)])
    with pytest.raises(ParameterNotDeclaredException):
        node.undeclare_parameter("a")


def test_overrides_win_unless_ignored() -> None:
    node = Host(a=5, b="text")
    assert node.declare_parameter("a", 1).value == 5
    assert node.declare_parameter("from_code", 1).value == 7
    with pytest.raises(InvalidParameterTypeException, match="'STRING', expecting type 'INTEGER'"):
        node.declare_parameter("b", 1)
    assert not node.has_parameter("b")
    assert node.declare_parameter("b", 1, ignore_override=True).value == 1


def test_empty_override_takes_the_declared_array_type() -> None:
    node = Host(names=[])
    assert node.declare_parameter("names", ["a"]).type_ is Type.STRING_ARRAY
    assert node.get_parameter("names").value == []


def test_automatic_declaration() -> None:
    node = Host(auto=True, a=1.5)
    assert node.get_parameter("a").value == 1.5
    assert node.get_parameter("from_code").value == 7
    assert not node.set_parameters([Parameter("a", value="text")])[0].successful


def test_static_typing() -> None:
    node = Host()
    node.declare_parameter("typed", Type.DOUBLE)
    with pytest.raises(ParameterUninitializedException, match="typed"):
        node.get_parameter("typed")
    assert node.get_parameter_or("typed", Parameter("typed", value=3.0)).value == 3.0
    result = node.set_parameters([Parameter("typed", value=1)])[0]
    assert not result.successful
    assert "Type.DOUBLE" in result.reason
    assert node.set_parameters([Parameter("typed", value=1.0)])[0].successful
    assert node.describe_parameter("typed").type == Type.DOUBLE.value
    unset = node.set_parameters([Parameter("typed")])[0]
    assert not unset.successful
    with pytest.raises(ValueError, match="NOT_SET"):
        node.declare_parameter("bad", Type.NOT_SET)
    with pytest.raises(ValueError, match="dynamic_typing"):
        node.declare_parameter("bad", Type.INTEGER, describe(dynamic_typing=True))


def test_dynamic_typing() -> None:
    node = Host()
    node.declare_parameter("any", 1, describe(dynamic_typing=True))
    assert node.set_parameters([Parameter("any", value="text")])[0].successful
    assert node.describe_parameter("any").type == Type.STRING.value
    assert node.set_parameters([Parameter("any")])[0].successful
    assert node.get_parameter("any").value is None
    assert node.get_parameter_type("any") is Type.NOT_SET


def test_name_only_declaration_warns() -> None:
    node = Host()
    with pytest.warns(UserWarning, match="only providing its name"):
        node.declare_parameter("bare")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        node.declare_parameter("fine", None, describe(dynamic_typing=True))
    assert node.get_parameter("bare").value is None


@pytest.mark.parametrize(
    ("value", "fits"),
    [(0.0, True), (0.5, True), (2.0, True), (0.6, False), (2.1, False), (-0.1, False)],
)
def test_double_range_with_step(value: float, fits: bool) -> None:
    node = Host()
    node.declare_parameter("x", 1.0, between(0.0, 2.0, 0.5))
    result = node.set_parameters([Parameter("x", value=value)])[0]
    assert result.successful is fits
    if not fits:
        assert "0.0 to 2.0 in steps of 0.5" in result.reason


def test_nan_is_outside_every_range() -> None:
    node = Host()
    node.declare_parameter("x", 1.0, between(0.0, 2.0))
    assert not node.set_parameters([Parameter("x", value=float("nan"))])[0].successful


@pytest.mark.parametrize(("value", "fits"), [(-4, True), (0, True), (5, True), (1, False)])
def test_integer_range_with_step(value: int, fits: bool) -> None:
    node = Host()
    limits = IntegerRange(from_value=-4, to_value=5, step=2)
    node.declare_parameter("x", 2, ParameterDescriptor(integer_range=[limits]))
    assert node.set_parameters([Parameter("x", value=value)])[0].successful is fits


def test_default_and_override_must_fit_the_range() -> None:
    with pytest.raises(InvalidParameterValueException, match="range"):
        Host().declare_parameter("x", 3.0, between(0.0, 2.0))
    with pytest.raises(InvalidParameterValueException, match="range"):
        Host(x=3.0).declare_parameter("x", 1.0, between(0.0, 2.0))


def test_read_only() -> None:
    node = Host(x=5)
    assert node.declare_parameter("x", 1, describe(read_only=True)).value == 5
    result = node.set_parameters([Parameter("x", value=2)])[0]
    assert not result.successful
    assert "read-only" in result.reason
    with pytest.raises(ParameterImmutableException):
        node.undeclare_parameter("x")


def test_the_descriptor_of_the_caller_stays_untouched() -> None:
    shared = describe(description="shared")
    node = Host()
    node.declare_parameter("a", 1, shared)
    node.declare_parameter("b", 1.0, shared)
    assert (shared.name, shared.type) == ("", 0)
    assert node.describe_parameter("a").type == Type.INTEGER.value
    assert node.describe_parameter("b").name == "b"


def test_declare_parameters_with_a_namespace() -> None:
    node = Host()
    entries = [("a", 1), ("b", 2.0, describe(description="d")), ("c", Type.STRING)]
    assert [p.name for p in node.declare_parameters("g", entries)] == ["g.a", "g.b", "g.c"]
    with pytest.raises(ParameterAlreadyDeclaredException, match=r"g\.a"):
        node.declare_parameters("g", [("a", 1), ("new", 1)])
    assert not node.has_parameter("g.new")
    assert set(node.get_parameters_by_prefix("g")) == {"a", "b", "c"}
    for bad in [(1, 2), ("n", 1, "no descriptor"), ("n", 1, None, 4), "text"]:
        with pytest.raises(TypeError):
            node.declare_parameters("", [bad])  # type: ignore[list-item]
    with pytest.raises(InvalidParameterException):
        node.declare_parameter("", 1)


def test_set_atomically_is_all_or_nothing() -> None:
    node = Host()
    node.declare_parameters("", [("a", 1), ("b", 1)])
    bad = [Parameter("a", value=2), Parameter("b", value="text")]
    assert not node.set_parameters_atomically(bad).successful
    assert node.get_parameter("a").value == 1
    results = node.set_parameters(bad)
    assert [r.successful for r in results] == [True, False]
    good = [Parameter("a", value=3), Parameter("b", value=4)]
    assert node.set_parameters_atomically(good).successful
    assert [p.value for p in node.get_parameters(["a", "b"])] == [3, 4]


def test_callbacks_in_three_phases() -> None:
    node = Host()
    node.declare_parameters("", [("a", 1), ("b", 1)])
    calls: list[str] = []

    def pre(parameters: list[Parameter]) -> list[Parameter]:
        calls.append("pre")
        return [*parameters, Parameter("b", value=9)]

    def on(parameters: list[Parameter]) -> SetParametersResult:
        calls.append("on")
        refused = any(p.value == 13 for p in parameters)
        return SetParametersResult(successful=not refused, reason="unlucky" if refused else "")

    def post(parameters: list[Parameter]) -> None:
        calls.append("post")
        assert node.get_parameter("a").value == 2

    node.add_pre_set_parameters_callback(pre)
    node.add_on_set_parameters_callback(on)
    node.add_post_set_parameters_callback(post)
    assert node.set_parameters([Parameter("a", value=2)])[0].successful
    assert calls == ["pre", "on", "post"]
    assert node.get_parameter("b").value == 9
    calls.clear()
    result = node.set_parameters([Parameter("a", value=13)])[0]
    assert (result.successful, result.reason) == (False, "unlucky")
    assert calls == ["pre", "on"]
    assert node.get_parameter("a").value == 2
    node.remove_pre_set_parameters_callback(pre)
    node.remove_on_set_parameters_callback(on)
    node.remove_post_set_parameters_callback(post)
    with pytest.raises(ValueError, match="not in list"):
        node.remove_on_set_parameters_callback(on)
    assert node.set_parameters([Parameter("a", value=13)])[0].successful


def test_a_pre_callback_that_empties_the_list_refuses() -> None:
    node = Host()
    node.declare_parameter("a", 1)
    node.add_pre_set_parameters_callback(lambda parameters: [])
    result = node.set_parameters_atomically([Parameter("a", value=2)])
    assert not result.successful
    assert "cannot be empty" in result.reason


def test_a_callback_may_refuse_a_declaration() -> None:
    node = Host()
    node.add_on_set_parameters_callback(
        lambda parameters: SetParametersResult(successful=False, reason="never")
    )
    with pytest.raises(InvalidParameterValueException, match="never"):
        node.declare_parameter("a", 1)
    assert not node.has_parameter("a")
    with pytest.raises(ParameterNotDeclaredException):
        node.describe_parameter("a")


def test_undeclared_parameters_if_allowed() -> None:
    node = Host(allow=True)
    assert node.get_parameter("x").type_ is Type.NOT_SET
    assert node.describe_parameter("x").name == ""
    assert node.get_parameter_types(["x"]) == [Type.NOT_SET]
    assert node.set_parameters([Parameter("x", value=1)])[0].successful
    assert node.get_parameter("x").value == 1
    assert node.set_parameters([Parameter("x", value="other type")])[0].successful
    assert node.set_parameters([Parameter("x")])[0].successful
    assert not node.has_parameter("x")


def test_list_parameters() -> None:
    node = Host()
    names = ["a", "g.b", "g.h.c", "g.h.d", "gg.e"]
    node.declare_parameters("", [(name, 1) for name in names])
    everything = node.list_parameters([], 0)
    assert list(everything.names) == names
    assert list(everything.prefixes) == ["g", "g.h", "gg"]
    assert list(node.list_parameters([], 1).names) == ["a"]
    assert list(node.list_parameters(["g"], 0).names) == ["g.b", "g.h.c", "g.h.d"]
    assert list(node.list_parameters(["g"], 1).names) == ["g.b"]
    assert list(node.list_parameters(["g.h", "a"], 1).names) == ["a", "g.h.c", "g.h.d"]
    with pytest.raises(ValueError, match="zero"):
        node.list_parameters([], -1)
    with pytest.raises(TypeError):
        node.list_parameters("g", 0)


def test_set_descriptor() -> None:
    node = Host()
    node.declare_parameter("x", 1.0)
    value = node.set_descriptor("x", between(0.0, 2.0))
    assert value.double_value == 1.0
    assert not node.set_parameters([Parameter("x", value=3.0)])[0].successful
    with pytest.raises(InvalidParameterValueException):
        node.set_descriptor("x", between(2.0, 3.0))
    new_value = Parameter("x", value=2.5).get_parameter_value()
    assert node.set_descriptor("x", between(2.0, 3.0), new_value).double_value == 2.5
    with pytest.raises(ParameterNotDeclaredException):
        node.set_descriptor("y", describe())
    node.set_descriptor("x", describe(read_only=True))
    with pytest.raises(ParameterImmutableException):
        node.set_descriptor("x", describe())
