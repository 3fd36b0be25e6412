"""What each package.xml declares is what the package imports, no more and no less.

Our libraries (`sawyer_core` and the like) are no ament packages: they come with pip, as README
says, and so do the third parties in ``FROM_PIP``, for which rosdep has no key.
"""

import ast
import re
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros2_ws" / "src"
PACKAGES = sorted(path.parent.name for path in SOURCES.glob("*/package.xml"))
KEY_OF = {  # module -> rosdep key, where the names differ
    "numpy": "python3-numpy",
    "psutil": "python3-psutil",
    "rich": "python3-rich",
    "typer": "python3-typer",
    "yaml": "python3-yaml",
}
ON_PYPI = {"yaml": "pyyaml"}  # module -> distribution, where the names differ
FROM_PIP = {"av", "rosbags"}
EMBEDDED = {"embedded_bench"}  # only there where there is no ROS; imported when it is asked for
BESIDES = {  # needed although nothing in the package names it
    "sawyer_bringup": {"ros2launch"},
    "sawyer_description": {"robot_state_publisher"},
}


def trees(package: str) -> list[ast.Module]:
    folders = (SOURCES / package / package, SOURCES / package / "launch")
    paths = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [ast.parse(path.read_text(encoding="utf-8"), str(path)) for path in paths]


def imported(package: str) -> set[str]:
    names: set[str] = set()
    for node in (node for tree in trees(package) for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {package}


def named(package: str) -> set[str]:
    """Words in the strings of the sources: launch files and topic tables name packages so."""
    words: set[str] = set()
    for node in (node for tree in trees(package) for node in ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= set(re.findall(r"\w+", node.value))
    return words


def declared(package: str, *tags: str) -> set[str]:
    root = ElementTree.parse(SOURCES / package / "package.xml").getroot()
    return {(element.text or "").strip() for tag in tags for element in root.iter(tag)}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_is_declared(package: str) -> None:
    libraries = {
        name for name in imported(package) if name.startswith("sawyer_") and name not in PACKAGES
    }
    needed = imported(package) - libraries - FROM_PIP - EMBEDDED
    keys = {KEY_OF.get(name, name) for name in needed}
    assert keys - declared(package, "depend", "exec_depend") == set()


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "sawyer_interfaces"])
def test_nothing_is_declared_that_is_not_used(package: str) -> None:
    used = {KEY_OF.get(name, name) for name in imported(package)} | named(package)
    if package.endswith("_ros"):
        used.add("rclpy")  # each is made of nodes, some through sawyer_ros_common only
    found = declared(package, "depend", "exec_depend") - used - BESIDES.get(package, set())
    assert found == set()


def test_interfaces_declare_the_packages_whose_messages_they_hold() -> None:
    folder = SOURCES / "sawyer_interfaces"
    files = [path for kind in ("msg", "srv", "action") for path in folder.glob(f"{kind}/*")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    held = set(re.findall(r"^([a-z]\w+)/[A-Z]\w*", text, re.MULTILINE))
    assert held | {"action_msgs"} == declared("sawyer_interfaces", "depend")


def test_cmake_builds_every_interface() -> None:
    folder = SOURCES / "sawyer_interfaces"
    listed = re.findall(
        r'"((?:msg|srv|action)/\w+\.\w+)"', (folder / "CMakeLists.txt").read_text()
    )
    there = {
        str(path.relative_to(folder))
        for kind in ("msg", "srv", "action")
        for path in folder.glob(f"{kind}/*")
    }
    assert set(listed) == there
    assert len(listed) == len(there)


def test_readme_installs_what_the_ros_packages_import() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command = next(
        line for line in text.replace("\\\n", " ").splitlines() if "pip install -c" in line
    )
    words = shlex.split(command)
    folders = [words[i + 1].split("[")[0] for i, word in enumerate(words) if word == "-e"]
    installed = {path.name for folder in folders for path in (ROOT / folder).iterdir()}
    own = {name for package in PACKAGES for name in imported(package)}
    libraries = {name for name in own if name.startswith("sawyer_") and name not in PACKAGES}
    assert libraries - installed == set()
    assert "ros2_ws/src/sawyer_description" in folders  # on no index, and the others need it
    assert folders.index("ros2_ws/src/sawyer_description") < folders.index("controllers")
    third = {name for name in KEY_OF if name in imported("sawyer_cli")}
    assert {ON_PYPI.get(name, name) for name in third} - set(words) == set()
