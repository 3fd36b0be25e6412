"""The ``--ros-args`` part of a command line and parameter files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rclpy._params_yaml import (
    infer_scalar,
    parse_parameter_text,
    parse_parameter_value,
    pattern_matches,
)
from rclpy._ros_args import parse_ros_args, remove_ros_args
from rclpy.exceptions import RCLInvalidROSArgsError, UnknownROSArgsError
from rclpy.parameter import get_parameter_value, parameter_dict_from_yaml_file

NAME = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
SCALARS: list[st.SearchStrategy[Any]] = [
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=12),
]
VALUES = st.one_of(*SCALARS, *(st.lists(scalar, min_size=1, max_size=4) for scalar in SCALARS))


def test_sections_begin_and_end() -> None:
    args = ["prog", "--ros-args", "-r", "a:=b", "--", "user", "--ros-args", "-p", "x:=1"]
    parsed = parse_ros_args(args)
    assert parsed.remaining == ["prog", "user"]
    assert remove_ros_args(args) == ["prog", "user"]
    assert [(r.match, r.replacement) for r in parsed.remap_rules] == [("a", "b")]
    assert parsed.parameters_for("/n") == {"x": 1}
    assert parse_ros_args(None).remaining == []


def test_every_flag() -> None:
    line = (
        "--ros-args --remap a:=b --param n:p:=[1,2] --log-level debug "
        "--log-level left.arm:=ERROR --enclave /e --disable-rosout-logs "
        "--enable-stdout-logs --log-config-file f --log-file-name g"
    )
    parsed = parse_ros_args(line.split())
    assert parsed.log_level == 10
    assert parsed.logger_levels == {"left.arm": 40}
    assert parsed.enclave == "/e"
    assert parsed.log_switches == {"rosout-logs": False, "stdout-logs": True}
    assert parsed.parameters_for("/n") == {"p": [1, 2]}
    assert parsed.parameters_for("/ns/n") == {"p": [1, 2]}
    assert parsed.parameters_for("/other") == {}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--remapp a:=b", "did you mean '--remap'"),
        ("a:=b", "needs its flag"),
    ],
)
def test_unknown_arguments(line: str, says: str) -> None:
    with pytest.raises(UnknownROSArgsError, match=says):
        parse_ros_args(["--ros-args", *line.split()])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("-r", "needs a value"),
        ("-r --ros-args", "needs a value"),
        ("-r ab", "malformed remap rule 'ab'"),
        ("-r :=b", "malformed remap rule"),
        ("-r a:=", "right side"),
        ("-r a b:=c", "malformed remap rule 'a'"),
        ("-r a?:=c", "left side"),
        ("-r 1n:a:=c", "node name"),
        ("-r __node:=a/b", "replacement"),
        ("-r __ns:=a-b", "replacement"),
        ("-p x", "malformed parameter rule"),
        ("-p a:b:c:=1", "malformed parameter rule"),
        ("-p x:={a:1}", "mapping"),
        ("-p x:=[1", "malformed YAML"),
        ("-p x:=[1,a]", "arrays hold one type"),
        ("-p x:=[1,[2]]", "array"),
        ("-p x:=9223372036854775808", "64-bit"),
        ("-p x:=", "needs a value"),
        ("--log-level loud", "expected"),
        ("--log-level :=info", "expected"),
        ("--enclave e", "begin with '/'"),
        ("--params-file no/such.yaml", "no/such.yaml"),
    ],
)
def test_malformed_arguments(line: str, says: str) -> None:
    with pytest.raises(RCLInvalidROSArgsError, match=says):
        parse_ros_args(["--ros-args", *line.split()])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-7", -7),
        ("0x10", 16),
        ("010", 8),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("on", True),
        ("No", False),
        ("y", True),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("1.2.3", "1.2.3"),
        ("/topic", "/topic"),
        ("true story", "true story"),
    ],
)
def test_type_inference(text: str, value: Any) -> None:
    found = infer_scalar(text)
    assert found == value
    assert type(found) is type(value)
    assert parse_parameter_value(text, "x") == value


def test_nan_and_quoted_values() -> None:
    assert math.isnan(parse_parameter_value(".nan", "x"))
    assert parse_parameter_value("'1'", "x") == "1"
    assert parse_parameter_value("!!str 1", "x") == "1"
    assert parse_parameter_value("!!float 1", "x") == 1.0
    assert parse_parameter_value("''", "x") == ""
    assert parse_parameter_value("[]", "x") == []
    assert get_parameter_value("[a, b]").string_array_value == ["a", "b"]
    assert get_parameter_value("{a: 1}").string_value == "{a: 1}"


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(parameters=st.dictionaries(NAME, VALUES, min_size=1, max_size=4), node=NAME)
def test_dumped_files_read_back(parameters: dict[str, Any], node: str) -> None:
    text = yaml.safe_dump({f"/{node}": {"ros__parameters": parameters}}, allow_unicode=True)
    assert parse_parameter_text(text, "f") == [(f"/{node}", parameters)]


@given(text=st.text(max_size=40))
def test_any_text_parses_or_raises_the_one_error(text: str) -> None:
    message = "some file"
    try:
        parse_parameter_text(text, "some file")
    except RCLInvalidROSArgsError as raised:
        message = str(raised)
    assert "some file" in message


@given(args=st.lists(st.sampled_from(["--ros-args", "--", "-r", "-p", "a:=b", "x", "n:a:=1"])))
def test_any_command_line_parses_or_raises(args: list[str]) -> None:
    try:
        parsed = parse_ros_args(args)
    except (RCLInvalidROSArgsError, UnknownROSArgsError):
        return
    assert parsed.remaining == remove_ros_args(args)


FILE = """
/**:
  ros__parameters:
    everywhere: 1
    both: general
/ns/arm:
  ros__parameters:
    both: special
    gains:
      stiffness: [1.0, 2.0]
      deep: {x: true}
bare:
  ros__parameters: {a: 1}
ns:
  nested:
    ros__parameters: {b: 2}
/*/arm:
  ros__parameters: {star: on}
/**/arm:
  ros__parameters: {stars: off}
"""


def test_wildcards_and_precedence(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(FILE)
    parsed = parse_ros_args(["--ros-args", "--params-file", str(path)])
    assert parsed.parameters_for("/ns/arm") == {
        "everywhere": 1,
        "both": "special",
        "gains.stiffness": [1.0, 2.0],
        "gains.deep.x": True,
        "star": True,
        "stars": False,
    }
    assert parsed.parameters_for("/bare") == {"everywhere": 1, "both": "general", "a": 1}
    assert parsed.parameters_for("/ns/nested")["b"] == 2
    assert parsed.parameters_for("/a/b/arm").get("stars") is False
    assert "star" not in parsed.parameters_for("/a/b/arm")


def test_later_arguments_override(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("/n:\n  ros__parameters: {a: 1, b: 1}\n")
    line = ["--ros-args", "-p", "b:=0", "--params-file", str(path), "-p", "a:=2"]
    assert parse_ros_args(line).parameters_for("/n") == {"a": 2, "b": 1}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n", "mapping"),
        ("n: 3\n", "line 1, field '/n'"),
        ("ros__parameters: {a: 1}\n", "below a node name"),
        ("n:\n  ros__parameters: 3\n", "mapping of parameter names"),
        ("n:\n  ros__parameters:\n    a: 1\n    b:\n", "line 4, field 'b'"),
        ("n:\n  ros__parameters:\n    a: [1, 2.5]\n", "field 'a'.*element 1 is double"),
        ("n:\n  ros__parameters:\n    g: {a: [[1]]}\n", r"field 'g.a\[0\]'"),
        ("n-1:\n  ros__parameters: {a: 1}\n", "not a node name"),
        ("n:\n  ros__parameters: {a: 1\n", "malformed YAML.*line"),
        ("n:\n\tx: 1\n", "malformed YAML"),
    ],
)
def test_malformed_files_name_file_and_field(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(RCLInvalidROSArgsError, match=says) as caught:
        parse_ros_args(["--ros-args", "--params-file", str(path)])
    assert "broken.yaml" in str(caught.value)


def test_pattern_matching() -> None:
    assert pattern_matches("/a/b", "/a/b")
    assert not pattern_matches("/a", "/a/b")
    assert pattern_matches("/a/**", "/a/b/c")
    assert pattern_matches("/**/c", "/c")
    assert pattern_matches("/*/c", "/a/c")
    assert not pattern_matches("/*/c", "/a/b/c")


def test_parameter_dict_from_file(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(FILE)
    found = parameter_dict_from_yaml_file(str(path), True, ["/ns/arm"])
    assert found["both"].value.string_value == "special"
    assert found["everywhere"].value.integer_value == 1
    assert "everywhere" not in parameter_dict_from_yaml_file(str(path), False, ["/ns/arm"])
    with pytest.raises(RuntimeError, match="does not contain"):
        parameter_dict_from_yaml_file(str(path), False, ["/absent"])
