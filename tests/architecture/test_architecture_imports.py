"""Who may import whom (docs/adr/0001-tree-and-imports.md), enforced."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LIBRARIES = {  # library -> folder, and what of ours it may import
    "sawyer_core": ("controllers", {"sawyer_description"}),
    "sawyer_controllers": ("controllers", {"sawyer_core", "sawyer_description"}),
    "sawyer_calibration": ("calibration", {"sawyer_core", "sawyer_description"}),
    "sawyer_datasets": ("datasets", {"sawyer_core", "sawyer_description"}),
    "sawyer_sim": ("sim", {"sawyer_core", "sawyer_controllers", "sawyer_description"}),
    "sawyer_policies": (
        "policy_server",
        {
            "sawyer_core",
            "sawyer_controllers",
            "sawyer_datasets",
            "sawyer_description",
            "sawyer_policy_client",
        },
    ),
    "sawyer_policy_client": ("policy_server/client", set()),
    "sawyer_description": ("ros2_ws/src/sawyer_description", set()),
}
COMMON = {"sawyer_core", "sawyer_description", "sawyer_interfaces", "sawyer_ros_common"}
NODE_PACKAGES = {  # ROS package -> what of ours it may import
    "sawyer_ros_common": COMMON,
    "sawyer_controllers_ros": COMMON | {"sawyer_controllers"},
    "sawyer_policies_ros": COMMON | {"sawyer_policies", "sawyer_controllers"},
    "sawyer_sim_ros": COMMON | {"sawyer_sim", "sawyer_controllers"},
    "sawyer_datasets_ros": COMMON | {"sawyer_datasets"},
    "sawyer_calibration_ros": COMMON | {"sawyer_calibration"},
    "sawyer_bringup": set(),
}
ROS = {"rclpy", "launch", "launch_ros", "ament_index_python"}
HEAVY = {"torch", "pybullet", "pybullet_data"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Top-level names of everything a file imports, lazily or not."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.split(".")[0]


def offences(folder: Path, package: str, allowed: set[str], never: set[str]) -> list[str]:
    assert folder.is_dir(), f"{folder} is gone: correct the table in this test"
    found = []
    for path in sorted(folder.rglob("*.py")):
        for line, name in imported(path):
            ours = name.startswith("sawyer_") and name not in allowed | {package}
            if ours or name in never:
                found.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    return found


@pytest.mark.parametrize("library", LIBRARIES)
def test_library_imports_only_what_it_may(library: str) -> None:
    folder, allowed = LIBRARIES[library]
    never = set(ROS)
    if library != "sawyer_policies":
        never.add("torch")
    if library != "sawyer_sim":
        never |= {"pybullet", "pybullet_data"}
    assert offences(ROOT / folder / library, library, allowed, never) == []


@pytest.mark.parametrize("package", NODE_PACKAGES)
def test_node_package_imports_only_what_it_may(package: str) -> None:
    folder = ROOT / "ros2_ws" / "src" / package
    never = set(HEAVY)
    if package == "sawyer_bringup":
        never.add("rclpy")
    sources = offences(folder / package, package, NODE_PACKAGES[package], never)
    if (folder / "launch").is_dir():
        sources += offences(folder / "launch", package, NODE_PACKAGES[package], never)
    assert sources == []


def test_every_ros_package_is_in_the_table() -> None:
    present = {path.parent.name for path in (ROOT / "ros2_ws" / "src").glob("*/package.xml")}
    elsewhere = {"sawyer_cli", "sawyer_description", "sawyer_interfaces"}
    assert present - elsewhere == set(NODE_PACKAGES)


def test_command_line_imports_libraries_but_no_node_package() -> None:
    folder = ROOT / "ros2_ws" / "src" / "sawyer_cli" / "sawyer_cli"
    allowed = set(LIBRARIES) | {"sawyer_interfaces"}
    assert offences(folder, "sawyer_cli", allowed, {"torch", "launch", "launch_ros"}) == []


def test_embedded_runtime_imports_nothing_of_ours() -> None:
    folder = ROOT / "ros2_ws" / "embedded" / "src"
    assert offences(folder, "", set(), HEAVY) == []


@pytest.mark.parametrize("library", [*LIBRARIES, "sawyer_cli"])
def test_importing_a_library_loads_neither_ros_nor_torch_nor_physics(library: str) -> None:
    allowed = "pybullet" if library == "sawyer_sim" else ""
    code = (
        f"import sys, {library}\n"
        "bad = {'rclpy', 'torch', 'pybullet', 'launch'} & set(sys.modules)\n"
        f"sys.exit(', '.join(sorted(bad - {{{allowed!r}}})) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_help_and_choices_load_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from sawyer_cli.app import run\n"
        "run(['demo', '--connector', 'no_such_thing'])\n"
        "bad = {'rclpy', 'torch', 'pybullet', 'cv2', 'pinocchio'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(bad)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "folder", ["policy_server", "controllers", "calibration", "sim", "datasets"]
)
def test_top_level_folders_hold_no_python_of_their_own(folder: str) -> None:
    loose = {path.name for path in (ROOT / folder).glob("*.py")}
    assert loose <= {"setup.py"}
