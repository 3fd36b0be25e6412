"""A real ROS 2 on the path wins over the embedded runtime; here it is a fake in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_ws import step_aside

MARKER = "share/ament_index/resource_index/packages/rclpy"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
CODE = "import rclpy, launch, std_msgs.msg; print(rclpy.__file__, launch.__file__, std_msgs.msg)"


def make_real_ros(prefix: Path, python: str = PYTHON) -> Path:
    """Return the folder of Python modules of a fake ROS 2."""
    (prefix / MARKER).parent.mkdir(parents=True)
    (prefix / MARKER).touch()
    modules = prefix / "lib" / python / "site-packages"
    for name in ("rclpy", "launch", "std_msgs/msg"):
        (modules / name).mkdir(parents=True)
        (modules / name / "__init__.py").touch()
    (modules / "std_msgs/__init__.py").touch()
    (prefix / "bin").mkdir()
    ros2 = prefix / "bin" / "ros2"
    ros2.write_text('#!/bin/sh\necho real ros2 "$@"\nexit 5\n')
    ros2.chmod(0o755)
    return modules


def run(code: str, **variables: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.endswith("PATH") or k == "PATH"}
    environment.pop("AMENT_PREFIX_PATH", None)
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout


def test_ours_without_a_real_one(tmp_path: Path) -> None:
    (tmp_path / "share/ament_index/resource_index/packages").mkdir(parents=True)
    for variables in ({}, {"AMENT_PREFIX_PATH": str(tmp_path)}, {"PYTHONPATH": str(tmp_path)}):
        output = run(CODE, **variables)
        assert "embedded" in output.split()[0]
        assert str(tmp_path) not in output


def test_real_modules_win_by_the_prefix_alone(tmp_path: Path) -> None:
    modules = make_real_ros(tmp_path / "ros")
    output = run(CODE, AMENT_PREFIX_PATH=str(tmp_path / "ros"))
    assert output.count(str(modules)) == 3


def test_overlay_prefixes_come_before_the_real_one(tmp_path: Path) -> None:
    make_real_ros(tmp_path / "ros")
    overlay = tmp_path / "overlay" / "lib" / PYTHON / "site-packages"
    (overlay / "launch").mkdir(parents=True)
    (overlay / "launch/__init__.py").touch()
    prefixes = os.pathsep.join([str(tmp_path / "overlay"), str(tmp_path / "ros")])
    output = run(CODE, AMENT_PREFIX_PATH=prefixes).split()
    assert output[1] == str(overlay / "launch/__init__.py")
    assert output[0].startswith(str(tmp_path / "ros"))


def test_real_modules_win_by_the_python_path(tmp_path: Path) -> None:
    modules = make_real_ros(tmp_path / "ros")
    assert run(CODE, PYTHONPATH=str(modules)).count(str(modules)) == 3


def test_modules_for_another_python_are_left_alone(tmp_path: Path) -> None:
    make_real_ros(tmp_path / "ros", python="python2.7")
    assert str(tmp_path) not in run(CODE, AMENT_PREFIX_PATH=str(tmp_path / "ros"))


@pytest.mark.parametrize("variable", ["AMENT_PREFIX_PATH", "PYTHONPATH"])
def test_our_command_becomes_the_real_one(tmp_path: Path, variable: str) -> None:
    modules = make_real_ros(tmp_path / "ros")
    value = str(tmp_path / "ros") if variable == "AMENT_PREFIX_PATH" else str(modules)
    result = subprocess.run(
        [Path(sys.prefix) / "bin" / "ros2", "topic", "list", "--all of it"],
        env={**os.environ, variable: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (5, "real ros2 topic list --all of it\n")


def test_our_command_never_becomes_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_real_ros(tmp_path / "ros")
    link = tmp_path / "ros" / "bin" / "ros2"
    link.unlink()
    link.symlink_to(Path(sys.prefix) / "bin" / "ros2")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ros"))
    assert step_aside.real_prefixes() == [str(tmp_path / "ros")]
    assert step_aside.find_real_ros2() is None


def test_the_embedded_prefix_is_no_real_ros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", sys.prefix)
    assert step_aside.real_prefixes() == []
