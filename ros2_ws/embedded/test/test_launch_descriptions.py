"""Launch: substitutions, arguments, conditions, includes, groups. No processes but one echo."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from launch import LaunchContext, LaunchDescription, LaunchService
from launch.actions import (
    AppendEnvironmentVariable,
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
    TimerAction,
    UnsetLaunchConfiguration,
)
from launch.conditions import (
    IfCondition,
    InvalidConditionExpressionError,
    LaunchConfigurationEquals,
    UnlessCondition,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import (
    AndSubstitution,
    AnonName,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FileContent,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    SubstitutionFailure,
    TextSubstitution,
    ThisLaunchFile,
)
from launch.utilities import perform_text


@pytest.fixture(autouse=True)
def log_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))


def launch(*entities: Any, arguments: dict[str, str] | None = None) -> int:
    service = LaunchService()
    description = LaunchDescription(
        [SetLaunchConfiguration(name, value) for name, value in (arguments or {}).items()]
    )
    description.add_action(IncludeLaunchDescription(LaunchDescription(entities)))
    service.include_launch_description(description)
    return service.run()


class Notes(list[Any]):
    """Collects what configurations are while launching."""

    def take(self, *names: str) -> OpaqueFunction:
        def note(context: LaunchContext) -> None:
            self.append(tuple(context.launch_configurations.get(name) for name in names))

        return OpaqueFunction(function=note)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def context() -> LaunchContext:
    found = LaunchContext()
    found.launch_configurations.update({"x": "1.0", "yes": "true", "no": "False"})
    return found


@pytest.mark.parametrize(
    ("substitution", "expected"),
    [
        (TextSubstitution(text="a"), "a"),
        (["a", LaunchConfiguration("x"), "b"], "a1.0b"),
        (LaunchConfiguration("y", default="d"), "d"),
        (LaunchConfiguration(["", "x"]), "1.0"),
        (PathJoinSubstitution(["a", LaunchConfiguration("x"), ["b", ".yaml"]]), "a/1.0/b.yaml"),
        (PathJoinSubstitution(["a"]) / "b" / "c", "a/b/c"),
        (PythonExpression(["2 * ", LaunchConfiguration("x"), " + math.pi > 5"]), "True"),
        (PythonExpression("os.sep", ["os"]), os.sep),
        (EqualsSubstitution(LaunchConfiguration("x"), "1"), "true"),
        (EqualsSubstitution("True", LaunchConfiguration("yes")), "true"),
        (EqualsSubstitution("a", "b"), "false"),
        (NotEqualsSubstitution("a", "b"), "true"),
        (AndSubstitution(LaunchConfiguration("yes"), LaunchConfiguration("no")), "false"),
        (OrSubstitution(LaunchConfiguration("yes"), LaunchConfiguration("no")), "true"),
        (NotSubstitution(LaunchConfiguration("no")), "true"),
        (IfElseSubstitution(LaunchConfiguration("yes"), "a", "b"), "a"),
        (IfElseSubstitution(LaunchConfiguration("no"), "a", "b"), "b"),
        (EnvironmentVariable("NO_SUCH_VARIABLE", default_value="d"), "d"),
        (Command([sys.executable, " -c 'print(1 + 1)'"]), "2\n"),
        (FindExecutable(name="sh"), "/"),
    ],
)
def test_substitutions(context: LaunchContext, substitution: Any, expected: str) -> None:
    text = perform_text(context, substitution)
    assert text.startswith(expected) if expected == "/" else text == expected


@pytest.mark.parametrize(
    ("substitution", "message"),
    [
        (LaunchConfiguration("yess"), "'yess' does not exist (did you mean 'yes'?)"),
        (EnvironmentVariable("NO_SUCH_VARIABLE"), "'NO_SUCH_VARIABLE' does not exist"),
        (PythonExpression("1 / 0"), "ZeroDivisionError"),
        (Command("false"), "failed with status 1"),
        (Command([sys.executable, " -c 'import sys; print(1, file=sys.stderr)'"]), "to stderr"),
        (FindExecutable(name="no-such-program"), "not found on the PATH"),
        (NotSubstitution("maybe"), "'maybe', allowed: true, false"),
        (FileContent("/no/such/file"), "cannot read '/no/such/file'"),
        (ThisLaunchFile(), "outside of a launch file"),
    ],
)
def test_substitutions_that_fail(context: LaunchContext, substitution: Any, message: str) -> None:
    with pytest.raises(SubstitutionFailure) as caught:
        substitution.perform(context)
    assert message in str(caught.value)


def test_anonymous_names_are_stable_within_a_launch(context: LaunchContext) -> None:
    assert AnonName("a").perform(context) == AnonName("a").perform(context)
    assert AnonName("a").perform(context) != AnonName("b").perform(context)
    assert AnonName("a").perform(context) != AnonName("a").perform(LaunchContext())


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a text, a Substitution or a sequence"):
        SetLaunchConfiguration("a", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cannot hold 'not an action'"):
        LaunchDescription(["not an action"])  # type: ignore[list-item]


def test_arguments_have_defaults_and_can_be_given(notes: Notes) -> None:
    declared = DeclareLaunchArgument("a", default_value=[LaunchConfiguration("b"), "!"])
    assert launch(declared, notes.take("a"), arguments={"b": "hi"}) == 0
    assert launch(declared, notes.take("a"), arguments={"a": "given"}) == 0
    assert notes == [("hi!",), ("given",)]


def test_required_arguments_are_required(capsys: pytest.CaptureFixture[str]) -> None:
    assert launch(DeclareLaunchArgument("speed", description="how fast")) == 1
    output = capsys.readouterr().out
    assert "required argument 'speed' (description: 'how fast')" in output


def test_choices_are_enforced_and_listed(notes: Notes, capsys: pytest.CaptureFixture[str]) -> None:
    argument = DeclareLaunchArgument("c", default_value="usb", choices=["usb", "dsub"])
    assert argument.choices == ["usb", "dsub"]
    assert launch(argument, notes.take("c"), arguments={"c": "dsub"}) == 0
    assert notes == [("dsub",)]
    assert launch(argument, notes.take("c"), arguments={"c": "usc"}) == 1
    output = capsys.readouterr().out
    assert "\"usc\" is not valid. Valid options are: ['usb', 'dsub']" in output
    assert "did you mean 'usb'?" in output
    assert len(notes) == 1
    with pytest.raises(ValueError, match="choices must not be empty"):
        DeclareLaunchArgument("c", choices=[])


def test_conditions(notes: Notes) -> None:
    def when(condition: Any) -> GroupAction:
        return GroupAction([notes.take("name")], condition=condition)

    launch(
        SetLaunchConfiguration("name", "if"),
        when(IfCondition("1")),
        when(IfCondition(LaunchConfiguration("off"))),
        SetLaunchConfiguration("name", "unless"),
        when(UnlessCondition("true")),
        when(UnlessCondition(LaunchConfiguration("off"))),
        SetLaunchConfiguration("name", "equals"),
        when(LaunchConfigurationEquals("off", "FALSE")),
        when(LaunchConfigurationEquals("off", "false")),
        when(LaunchConfigurationEquals("nothing", None)),
        arguments={"off": "false"},
    )
    assert notes == [("if",), ("unless",), ("equals",), ("equals",)]


def test_a_condition_that_is_no_truth_value(context: LaunchContext) -> None:
    with pytest.raises(InvalidConditionExpressionError, match="'maybe', allowed: true"):
        IfCondition("maybe").evaluate(context)


def test_groups_scope_configurations_and_environment(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_LIST", "a")
    seen: list[str | None] = []

    def environment(context: LaunchContext) -> None:
        seen.append(context.environment.get("TEST_LIST"))

    result = launch(
        SetLaunchConfiguration("a", "outer"),
        GroupAction(
            [
                SetLaunchConfiguration("a", "inner"),
                AppendEnvironmentVariable("TEST_LIST", "b"),
                AppendEnvironmentVariable("TEST_LIST", "c", prepend=True),
                OpaqueFunction(function=environment),
                notes.take("a", "b"),
            ],
            launch_configurations={"b": LaunchConfiguration("a")},
        ),
        OpaqueFunction(function=environment),
        notes.take("a", "b"),
        GroupAction([SetLaunchConfiguration("a", "leaked")], scoped=False),
        notes.take("a"),
        GroupAction(
            [notes.take("a", "c")],
            forwarding=False,
            launch_configurations={"c": LaunchConfiguration("a")},
        ),
        UnsetLaunchConfiguration("a"),
        notes.take("a"),
        SetEnvironmentVariable("TEST_LIST", "changed"),
    )
    assert result == 0
    assert notes == [("inner", "outer"), ("outer", None), ("leaked",), (None, "leaked"), (None,)]
    assert seen == [os.pathsep.join("cab"), "a"]
    assert os.environ["TEST_LIST"] == "a", "a launch must not change its caller's environment"


def test_what_comes_later_sees_the_group_it_was_written_in(notes: Notes) -> None:
    launch(
        SetLaunchConfiguration("a", "outer"),
        GroupAction(
            [
                SetLaunchConfiguration("a", "inner"),
                TimerAction(
                    period=0.05, actions=[notes.take("a"), SetLaunchConfiguration("a", "gone")]
                ),
            ]
        ),
        TimerAction(period=0.1, actions=[notes.take("a")]),
    )
    assert notes == [("inner",), ("outer",)]


def write_launch_file(path: Path, body: str) -> Path:
    path.write_text(
        "from launch import LaunchDescription\nfrom launch.actions import *\n"
        "from launch.substitutions import *\n"
        f"def generate_launch_description():\n    return LaunchDescription([{body}])\n"
    )
    return path


def test_includes_pass_arguments_and_know_their_file(tmp_path: Path, notes: Notes) -> None:
    (tmp_path / "sub").mkdir()
    inner = write_launch_file(
        tmp_path / "sub" / "inner.launch.py",
        "DeclareLaunchArgument('speed'), DeclareLaunchArgument('mode', default_value='slow'),"
        "SetLaunchConfiguration('dir', ThisLaunchFileDir()),"
        "SetLaunchConfiguration('file', ThisLaunchFile())",
    )
    outer = write_launch_file(
        tmp_path / "outer.launch.py",
        "DeclareLaunchArgument('speed', default_value='1'),"
        "IncludeLaunchDescription([ThisLaunchFileDir(), '/sub/inner.launch.py'],"
        "   launch_arguments={'speed': [LaunchConfiguration('speed'), '0'],"
        "                     'mode': 'fast'}.items()),"
        "SetLaunchConfiguration('after', ThisLaunchFile())",
    )
    source = PythonLaunchDescriptionSource(str(outer))
    assert launch(IncludeLaunchDescription(source), notes.take("speed", "mode", "dir")) == 0
    assert notes.pop() == ("10", "fast", str(inner.parent))
    source = PythonLaunchDescriptionSource([str(tmp_path), "/outer.launch.py"])
    launch(
        GroupAction([IncludeLaunchDescription(source), notes.take("file", "after")]),
        notes.take("file", "after"),
    )
    assert notes == [(str(inner), str(outer)), (None, None)]


def test_an_include_follows_its_path(tmp_path: Path, notes: Notes) -> None:
    for name in ("one", "two"):
        write_launch_file(
            tmp_path / f"{name}.launch.py", f"SetLaunchConfiguration('which', '{name}')"
        )
    source = PythonLaunchDescriptionSource(
        [str(tmp_path), "/", LaunchConfiguration("name"), ".launch.py"]
    )
    for name in ("one", "two", "one"):
        launch(IncludeLaunchDescription(source), notes.take("which"), arguments={"name": name})
    assert notes == [("one",), ("two",), ("one",)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\n", "does not contain the required function 'generate_launch_description()'"),
        ("def generate_launch_description():\n    return 3\n", "returned 3, expected a Launch"),
        ("def generate_launch_description(:\n", "SyntaxError"),
        (None, "does not exist"),
    ],
)
def test_launch_files_that_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    path = tmp_path / "bad.launch.py"
    if text is not None:
        path.write_text(text)
    assert launch(IncludeLaunchDescription(PythonLaunchDescriptionSource(str(path)))) == 1
    assert message in capsys.readouterr().out


def test_an_include_names_the_missing_argument(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_launch_file(tmp_path / "a.launch.py", "DeclareLaunchArgument('speed')")
    source = PythonLaunchDescriptionSource(str(path))
    assert launch(IncludeLaunchDescription(source, launch_arguments=[("sped", "1")])) == 1
    assert "missing required argument 'speed'" in capsys.readouterr().out


def test_opaque_functions_bring_entities(notes: Notes) -> None:
    def make(context: LaunchContext, prefix: str, *, suffix: str) -> list[Any]:
        value = prefix + LaunchConfiguration("a").perform(context) + suffix
        return [SetLaunchConfiguration("a", value), notes.take("a")]

    action = OpaqueFunction(function=make, args=["<"], kwargs={"suffix": ">"})
    assert launch(action, arguments={"a": "x"}) == 0
    assert notes == [("<x>",)]


def test_arguments_of_a_description_are_listed() -> None:
    description = LaunchDescription(
        [
            DeclareLaunchArgument("a", default_value="1"),
            GroupAction([DeclareLaunchArgument("b")]),
            DeclareLaunchArgument("c", condition=IfCondition("false")),
        ]
    )
    names: Callable[[bool], list[str]] = lambda conditional: [  # noqa: E731
        argument.name for argument in description.get_launch_arguments(conditional)
    ]
    assert names(False) == ["a", "b"]
    assert names(True) == ["a", "b", "c"]
