"""``ros2 launch``, ``run``, ``pkg`` and ``interface`` as processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LAUNCH_FILE = """
import sys
from launch import LaunchDescription
from launch.actions import *
from launch.conditions import IfCondition
from launch.substitutions import *

def generate_launch_description():
    return LaunchDescription([
        DeclareLaunchArgument("connector", default_value="usb", choices=["usb", "dsub"],
                              description="What is plugged"),
        DeclareLaunchArgument("status", default_value="0", description="Exit status"),
        IncludeLaunchDescription([ThisLaunchFileDir(), "/inner.launch.py"],
                                 condition=IfCondition(LaunchConfiguration("deep", default="0"))),
        ExecuteProcess(cmd=["sh", "-c", ["echo plug ", LaunchConfiguration("connector"),
                                         "; exit ", LaunchConfiguration("status")]],
                       output="log", name="plug"),
    ])
"""
INNER = """
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument

def generate_launch_description():
    return LaunchDescription([DeclareLaunchArgument("depth", default_value="1")])
"""


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    folder = tmp_path / "prefix"
    for sub in ("share/ament_index/resource_index/packages", "share/demo/launch", "lib/demo"):
        (folder / sub).mkdir(parents=True)
    (folder / "share/ament_index/resource_index/packages/demo").touch()
    (folder / "share/demo/package.xml").write_text("<package><version>1.2.3</version></package>")
    (folder / "share/demo/launch/sim.launch.py").write_text(LAUNCH_FILE)
    (folder / "share/demo/launch/inner.launch.py").write_text(INNER)
    (folder / "share/demo/launch/broken.launch.py").write_text("1 / 0\n")
    (folder / "share/demo/msg").mkdir()
    (folder / "share/demo/msg/Own.msg").write_text(
        "# A comment\nint32 ONE=1\ngeometry_msgs/Point[2] points  # two\nstring<=5 name\n"
    )
    tool = folder / "lib/demo/tool"
    tool.write_text('#!/bin/sh\necho "args: $*"\nexit 4\n')
    tool.chmod(0o755)
    return folder


@pytest.fixture
def ros2(prefix: Path, tmp_path: Path) -> Callable[..., Any]:
    """Run ``ros2``; returns status, standard output and standard error."""
    environment = {
        **os.environ,
        "AMENT_PREFIX_PATH": str(prefix),
        "ROS_LOG_DIR": str(tmp_path / "log"),
    }

    def run(*words: str) -> tuple[int, str, str]:
        result = subprocess.run(
            [sys.executable, "-m", "embedded_ros2cli.main", *words],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in result.stderr, result.stderr
        return result.returncode, result.stdout, result.stderr

    return run


def test_without_a_command_the_commands_are_listed(ros2: Callable[..., Any]) -> None:
    for words in ([], ["--help"]):
        status, output, _ = ros2(*words)
        assert status == 0
        for name in ("launch", "run", "topic", "bag", "param", "action", "lifecycle"):
            assert f"  {name} " in output
    status, _, error = ros2("lunch")
    assert status == 1
    assert "command 'lunch' not found (did you mean 'launch'?); available: action, bag" in error


def test_a_verb_lists_its_arguments(ros2: Callable[..., Any]) -> None:
    status, output, _ = ros2("topic")
    assert status == 0
    assert "echo" in output
    status, output, _ = ros2("bag", "play", "--help")
    assert status == 0
    assert "--rate" in output
    status, _, error = ros2("topic", "ecko")
    assert status == 2
    assert "invalid choice: 'ecko'" in error


@pytest.mark.parametrize("by_path", [False, True])
def test_launch_of_a_package_and_of_a_path(
    ros2: Callable[..., Any], prefix: Path, by_path: bool
) -> None:
    path = prefix / "share/demo/launch/sim.launch.py"
    words = [str(path)] if by_path else ["demo", "sim.launch.py"]
    status, output, _ = ros2("launch", *words, "-a", "connector:=dsub")
    assert status == 0
    assert "All log files can be found below" in output
    assert "[plug-1] plug dsub" in output


def test_show_args(ros2: Callable[..., Any]) -> None:
    status, output, _ = ros2("launch", "demo", "sim.launch.py", "--show-args")
    assert status == 0
    assert (
        "    'connector':\n        What is plugged. Valid choices are: ['usb', 'dsub']\n" in output
    )
    assert "        (default: 'usb')" in output
    assert "    'depth':" in output, "those of included files, too"
    assert "process started" not in output


def test_print_shows_the_description(ros2: Callable[..., Any]) -> None:
    status, output, _ = ros2("launch", "demo", "sim.launch.py", "--print")
    assert status == 0
    assert "DeclareLaunchArgument('connector')" in output
    assert "process started" not in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "sim.launch.py", "conector:=usb"],
         "'conector' not found (did you mean 'connector'?); available: connector, depth, status"),
        (["demo", "sim.launch.py", "connector:=usc"], "Valid options are: ['usb', 'dsub']"),
        (["demo", "sim.launch.py", "connector=usb"], "expected format '<name>:=<value>'"),
        (["demo", "sin.launch.py"], "'sin.launch.py' not found (did you mean 'sim.launch.py'?)"),
        (["demos", "sim.launch.py"], "'demos' not found"),
        (["demo"], "the name of a launch file of package 'demo' is missing"),
        (["no/such.launch.py"], "'no/such.launch.py' does not exist"),
        (["demo", "broken.launch.py"], "ZeroDivisionError"),
    ],
)  # fmt: skip
def test_launch_refuses_before_anything_starts(
    ros2: Callable[..., Any], words: list[str], message: str
) -> None:
    status, output, error = ros2("launch", *words)
    assert status == 1
    assert message in error
    assert "process started" not in output


def test_exit_status_of_launch(ros2: Callable[..., Any]) -> None:
    words = ["demo", "sim.launch.py", "status:=9"]
    assert ros2("launch", *words)[0] == 0, "as in ROS 2: the launch itself did not fail"
    assert ros2("launch", "--fail-on-process-error", *words)[0] == 3
    assert ros2("launch", "--fail-on-process-error", *words[:2])[0] == 0


def test_run(ros2: Callable[..., Any]) -> None:
    assert ros2("run", "demo", "tool", "a", "--b", "c d") == (4, "args: a --b c d\n", "")
    assert ros2("run", "--prefix", "env X=1", "demo", "tool")[:2] == (4, "args: \n")
    status, _, error = ros2("run", "demo", "tol")
    assert status == 1
    assert "executable 'tol' not found in package 'demo' (did you mean 'tool'?)" in error
    assert "package 'dem' not found" in ros2("run", "dem", "tool")[2]


def test_pkg(ros2: Callable[..., Any], prefix: Path) -> None:
    assert ros2("pkg", "list")[:2] == (0, "demo\n")
    assert ros2("pkg", "prefix", "demo")[1] == f"{prefix}\n"
    assert ros2("pkg", "prefix", "--share", "demo")[1] == f"{prefix}/share/demo\n"
    assert ros2("pkg", "executables", "demo")[1] == "tool\n"
    assert ros2("pkg", "executables")[1] == "demo tool\n"
    assert ros2("pkg", "xml", "demo", "-t", "version")[1] == "1.2.3\n"
    status, _, error = ros2("pkg", "prefix", "dem")
    assert status == 1
    assert "did you mean 'demo'?" in error


def test_interface_list_and_packages(ros2: Callable[..., Any]) -> None:
    output = ros2("interface", "list")[1]
    assert output.index("Messages:") < output.index("    demo/msg/Own\n")
    assert output.index("Services:") < output.index("    std_srvs/srv/Trigger\n")
    assert "srv/Trigger" not in ros2("interface", "list", "--only-msgs")[1]
    assert "demo\n" in ros2("interface", "packages")[1]
    assert ros2("interface", "package", "demo")[1] == "demo/msg/Own\n"


def test_interface_show(ros2: Callable[..., Any]) -> None:
    lines = ros2("interface", "show", "demo/msg/Own")[1].splitlines()
    assert lines == [
        "# A comment", "int32 ONE=1", "geometry_msgs/Point[2] points  # two",
        "\tfloat64 x", "\tfloat64 y", "\tfloat64 z", "string<=5 name",
    ]  # fmt: skip
    lines = ros2("interface", "show", "--no-comments", "demo/Own")[1].splitlines()
    assert lines[:2] == ["int32 ONE=1", "geometry_msgs/Point[2] points"]
    assert "---" in ros2("interface", "show", "std_srvs/srv/Trigger")[1]
    status, _, error = ros2("interface", "show", "demo/msg/Ovn")
    assert status == 1
    assert "did you mean 'demo/msg/Own'?" in error
