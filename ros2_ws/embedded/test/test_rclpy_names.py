"""Names of the ROS graph: validation, expansion, remapping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rclpy._names import (
    RemapKind,
    RemapRule,
    expand_name,
    logger_name,
    normalize_namespace,
    remap_node,
    resolve_name,
)
from rclpy._ros_args import parse_remap_rule
from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
)
from rclpy.expand_topic_name import expand_topic_name
from rclpy.topic_or_service_is_hidden import topic_or_service_is_hidden
from rclpy.validate_full_topic_name import validate_full_topic_name
from rclpy.validate_namespace import validate_namespace
from rclpy.validate_node_name import validate_node_name
from rclpy.validate_topic_name import validate_topic_name

TOKEN = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
NAMESPACE = st.lists(TOKEN, max_size=3).map(lambda tokens: "/" + "/".join(tokens))
RELATIVE = st.lists(TOKEN, min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("chatter", "/", "/chatter"),
        ("chatter", "/ns", "/ns/chatter"),
        ("a/b", "/x/y", "/x/y/a/b"),
        ("/abs", "/ns", "/abs"),
        ("~/private", "/ns", "/ns/node/private"),
        ("~", "/ns", "/ns/node"),
        ("~/private", "/", "/node/private"),
        ("{node}/x", "/ns", "/ns/node/x"),
        ("/a_{node}_b", "/ns", "/a_node_b"),
        ("{ns}/x", "/ns", "/ns/x"),
        ("{namespace}/x", "/", "/x"),
    ],
)
def test_expansion(name: str, namespace: str, expected: str) -> None:
    assert expand_topic_name(name, "node", namespace) == expected


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("", 0),
        ("bad?", 3),
        ("a b", 1),
        ("1abc", 0),
        ("a/2b", 2),
        ("tail/", 4),
        ("a~b", 1),
        ("~b", 1),
        ("a{node", 1),
        ("a}b", 1),
        ("{no de}", 3),
        ("{1x}", 1),
        ("a//b", 1),
        ("{unknown}/x", 0),
    ],
)
def test_invalid_topic_names_say_where(name: str, index: int) -> None:
    with pytest.raises(InvalidTopicNameException) as caught:
        expand_name(name, "node", "/")
    assert caught.value.invalid_index == index
    assert caught.value.name == name
    with pytest.raises(InvalidServiceNameException, match="service name"):
        expand_name(name, "node", "/", is_service=True)


@pytest.mark.parametrize("name", ["", "a/b", "1a", "a-b", "ä", "x" * 256])
def test_invalid_node_names(name: str) -> None:
    with pytest.raises(InvalidNodeNameException):
        validate_node_name(name)


@pytest.mark.parametrize("name", ["", "rel", "/tail/", "//", "/a//b", "/1a", "/a-b"])
def test_invalid_namespaces(name: str) -> None:
    with pytest.raises(InvalidNamespaceException):
        validate_namespace(name)


def test_valid_names_pass() -> None:
    assert validate_node_name("_n0de")
    assert validate_namespace("/")
    assert validate_namespace("/a/b_c")
    assert validate_topic_name("~/a")
    assert validate_full_topic_name("/a/b")
    with pytest.raises(InvalidTopicNameException, match="absolute"):
        validate_full_topic_name("a/b")


def test_too_long_names_are_refused() -> None:
    assert expand_name("x" * 246, "n", "/") == "/" + "x" * 246
    with pytest.raises(InvalidTopicNameException, match="247"):
        expand_name("x" * 247, "n", "/")


@given(name=RELATIVE, node=TOKEN, namespace=NAMESPACE)
def test_expansion_is_absolute_and_idempotent(name: str, node: str, namespace: str) -> None:
    for written in (name, "~/" + name, "/" + name, "{node}/" + name):
        full = expand_name(written, node, namespace)
        assert validate_full_topic_name(full)
        assert full.endswith("/" + name)
        assert expand_name(full, node, namespace) == full


@given(text=st.text(max_size=12))
def test_any_text_expands_to_a_valid_name_or_raises(text: str) -> None:
    try:
        full = expand_name(text, "node", "/ns")
    except InvalidTopicNameException as raised:
        full, index = "/invalid", raised.invalid_index
    else:
        index = 0
    assert validate_full_topic_name(full)
    assert 0 <= index <= len(text)


@given(old=RELATIVE, new=RELATIVE, node=TOKEN, namespace=NAMESPACE)
def test_remapping_replaces_exactly_the_name(
    old: str, new: str, node: str, namespace: str
) -> None:
    rule = parse_remap_rule(f"{old}:={new}")
    assert resolve_name(old, node, namespace, [rule]) == expand_name(new, node, namespace)
    other = old + "_other"
    assert resolve_name(other, node, namespace, [rule]) == expand_name(other, node, namespace)
    only = resolve_name(old, node, namespace, [rule], only_expand=True)
    assert only == expand_name(old, node, namespace)


def test_first_rule_wins_and_is_not_chained() -> None:
    rules = [parse_remap_rule(r) for r in ("a:=b", "a:=c", "b:=d")]
    assert resolve_name("a", "n", "/", rules) == "/b"


def test_rule_for_one_node_only() -> None:
    rules = [parse_remap_rule("arm:a:=b")]
    assert resolve_name("a", "arm", "/", rules) == "/b"
    assert resolve_name("a", "other", "/", rules) == "/a"


def test_rules_expand_private_and_relative_sides() -> None:
    rules = [parse_remap_rule("~/in:=/world/in"), parse_remap_rule("out:=~/deep/out")]
    assert resolve_name("~/in", "n", "/ns", rules) == "/world/in"
    assert resolve_name("/ns/n/in", "n", "/ns", rules) == "/world/in"
    assert resolve_name("out", "n", "/ns", rules) == "/ns/n/deep/out"


def test_scheme_limits_a_rule_to_topics_or_services() -> None:
    topic = parse_remap_rule("rostopic://a:=b")
    service = parse_remap_rule("rosservice://a:=c")
    assert topic.kind is RemapKind.TOPIC
    rules = [topic, service]
    assert resolve_name("a", "n", "/", rules) == "/b"
    assert resolve_name("a", "n", "/", rules, is_service=True) == "/c"


def test_node_name_and_namespace_rules() -> None:
    rules = [parse_remap_rule("__node:=new"), parse_remap_rule("__ns:=/far")]
    assert remap_node("old", "/", rules) == ("new", "/far")
    only = [parse_remap_rule("old:__node:=new")]
    assert remap_node("old", "/", only) == ("new", "/")
    assert remap_node("another", "/", only) == ("another", "/")
    assert remap_node("n", "/", [RemapRule(RemapKind.NAMESPACE, "", "rel")]) == ("n", "/rel")


def test_logger_names_and_namespaces() -> None:
    assert logger_name("arm", "/") == "arm"
    assert logger_name("arm", "/left/side") == "left.side.arm"
    assert normalize_namespace("") == "/"
    assert normalize_namespace("a") == "/a"


def test_hidden_names() -> None:
    assert topic_or_service_is_hidden("/fibonacci/_action/status")
    assert topic_or_service_is_hidden("_hidden")
    assert not topic_or_service_is_hidden("/a_b/c_")
