"""The workspace installer: what it links, what it refuses, and that it cleans up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded_ws import WorkspaceError
from embedded_ws.__main__ import main
from embedded_ws.apply import uninstall
from embedded_ws.install import install

PACKAGE_XML = """<?xml version="1.0"?>
<package format="3">
  <name>{name}</name><version>1.2.3</version><description>A test</description>
  <maintainer email="a@example.com">A</maintainer><license>MIT</license>
  <exec_depend>rclpy</exec_depend>{extra}
  <export><build_type>{build_type}</build_type></export>
</package>
"""
SETUP_PY = """
from glob import glob
from setuptools import find_packages, setup
setup(
    name="{name}", version="1.2.3", packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/{name}"]),
        ("share/{name}", ["package.xml"]),
        ("share/{name}/launch", sorted(glob("launch/*.launch.py"))),
    ],
    entry_points={{"console_scripts": ["hello = {name}.hello:main"]}},
)
"""
SETUP_CFG = "[develop]\nscript_dir=$base/lib/{name}\n[install]\ninstall_scripts=$base/lib/{name}\n"
GROUP = "<member_of_group>rosidl_interface_packages</member_of_group>"


def make_python_package(src: Path, name: str = "demo") -> Path:
    folder = src / name
    for sub in (name, "resource", "launch", "test"):
        (folder / sub).mkdir(parents=True)
    xml = PACKAGE_XML.format(name=name, build_type="ament_python", extra="")
    (folder / "package.xml").write_text(xml)
    (folder / "setup.py").write_text(SETUP_PY.format(name=name))
    (folder / "setup.cfg").write_text(SETUP_CFG.format(name=name))
    (folder / "resource" / name).touch()
    (folder / name / "__init__.py").touch()
    (folder / name / "hello.py").write_text(
        "import sys\n\n\ndef main():\n    print('hello from', __name__)\n    return 7\n"
    )
    (folder / "launch" / "one.launch.py").write_text("")
    return folder


def make_interface_package(src: Path, name: str = "demo_interfaces") -> Path:
    folder = src / "nested" / name
    (folder / "msg").mkdir(parents=True)
    (folder / "config").mkdir()
    xml = PACKAGE_XML.format(name=name, build_type="ament_cmake", extra=GROUP)
    (folder / "package.xml").write_text(xml)
    (folder / "msg" / "Thing.msg").write_text("float64 x\n")
    (folder / "config" / "a.yaml").write_text("a: 1\n")
    (folder / "CMakeLists.txt").write_text(
        "project(demo)  # a comment\n"
        'set(files "msg/Thing.msg")\n'
        "rosidl_generate_interfaces(${PROJECT_NAME} ${files} DEPENDENCIES std_msgs)\n"
        "install(DIRECTORY config DESTINATION share/${PROJECT_NAME})\n"
    )
    return folder


@pytest.fixture
def src(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    make_python_package(folder)
    make_interface_package(folder)
    return folder


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


def tree(prefix: Path) -> list[str]:
    return sorted(
        str(path.relative_to(prefix))
        for path in prefix.rglob("*")
        if (path.is_file() or path.is_symlink()) and "embedded_ws/" not in str(path)
    )


def test_links_what_colcon_would(src: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    report = install(src, prefix)
    assert [package.name for package in report.packages] == ["demo", "demo_interfaces"]
    assert report.warnings == ()
    launch_file = prefix / "share/demo/launch/one.launch.py"
    assert launch_file.is_symlink()
    assert launch_file.resolve() == (src / "demo/launch/one.launch.py").resolve()
    index = prefix / "share/ament_index/resource_index"
    assert (index / "packages/demo").is_file()
    assert (index / "packages/demo_interfaces").is_file()
    assert (index / "rosidl_interfaces/demo_interfaces").read_text() == "msg/Thing.msg\n"
    assert (prefix / "share/demo_interfaces/msg/Thing.msg").read_text() == "float64 x\n"
    assert (prefix / "share/demo_interfaces/config/a.yaml").is_symlink()
    assert os.access(prefix / "lib/demo/hello", os.X_OK)


def test_modules_scripts_and_metadata_work_in_a_virtual_environment(src: Path, venv: Path) -> None:
    install(src, venv)
    script = subprocess.run([venv / "lib/demo/hello"], capture_output=True, text=True, check=False)
    assert (script.returncode, script.stdout) == (7, "hello from demo.hello\n")
    code = (
        "import demo.hello, importlib.metadata as m, importlib.util as u\n"
        "print(m.version('demo'), [e.name for e in m.distribution('demo').entry_points])\n"
        "print(u.find_spec('launch') is None)\n"
    )
    result = subprocess.run(
        [venv / "bin/python", "-I", "-c", code], capture_output=True, text=True, check=True
    )
    # The package's own folder 'launch' must not become importable as a module.
    assert result.stdout == "1.2.3 ['hello']\nTrue\n"


def test_a_second_run_changes_nothing(src: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    first = install(src, prefix).outcome
    stamps = {path: (prefix / path).lstat().st_mtime_ns for path in tree(prefix)}
    second = install(src, prefix).outcome
    assert (second.written, second.removed, second.unchanged) == (0, 0, first.written)
    assert {path: (prefix / path).lstat().st_mtime_ns for path in tree(prefix)} == stamps


def test_stale_items_go_and_nothing_else(src: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    install(src, prefix)
    foreign = prefix / "share/demo/launch/mine.txt"
    foreign.write_text("mine")
    (src / "demo/launch/one.launch.py").rename(src / "demo/launch/two.launch.py")
    outcome = install(src, prefix).outcome
    assert (outcome.written, outcome.removed) == (1, 1)
    assert not (prefix / "share/demo/launch/one.launch.py").is_symlink()
    assert (prefix / "share/demo/launch/two.launch.py").is_symlink()
    assert foreign.read_text() == "mine"
    foreign.unlink()
    assert uninstall(prefix) > 0
    assert tree(prefix) == []


def test_an_interrupted_run_is_completed_and_cleaned_up(
    src: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / "prefix"
    original = Path.symlink_to
    calls = iter(range(100))

    def failing(link: Path, target: Path) -> None:
        if next(calls) == 3:
            raise OSError("no space left on device")
        original(link, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "symlink_to", failing)
        with pytest.raises(OSError, match="no space"):
            install(src, prefix)
    make_python_package(src, "another")
    for path in (src / "demo").rglob("*"):
        if path.name == "package.xml":
            path.with_name("COLCON_IGNORE").touch()
    install(src, prefix)
    assert not any("demo/" in path and "demo_interfaces" not in path for path in tree(prefix))
    assert (prefix / "share/another/launch/one.launch.py").exists()


def test_refuses_to_overwrite_what_is_not_its_own(src: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    (prefix / "share/demo").mkdir(parents=True)
    (prefix / "share/demo/package.xml").write_text("someone else's")
    with pytest.raises(WorkspaceError, match=r"demo: .*package\.xml exists and was not made by"):
        install(src, prefix)
    assert (prefix / "share/demo/package.xml").read_text() == "someone else's"


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("demo/package.xml", "<name>demo</name>", "<name>Demo</name>", "<name> is 'Demo'"),
        ("demo/package.xml", "</package>", "", "not well-formed XML"),
        ("demo/package.xml", "1.2.3", "1.2", "expected MAJOR.MINOR.PATCH"),
        ("demo/package.xml", "ament_python", "cmake", "allowed: ament_python, ament_cmake"),
        ("demo/package.xml", "<license>MIT</license>", "", "<license> is missing"),
        ("demo/setup.py", 'name="demo"', 'name="omed"', "'omed', package.xml says 'demo'"),
        ("demo/setup.py", "demo.hello:main", "demo.hallo:main", "'demo.hallo', but"),
        ("demo/setup.py", "hello = demo.hello:main", "hello", "is not 'executable = module:func"),
        ("demo/setup.py", "resource/demo", "resource/nope", "'resource/nope', which is not a"),
        ("demo/setup.py", '("share/demo", ["package.xml"]),', "", "lacks ('share/demo'"),
        ("demo/setup.py", "share/demo/launch", "../outside", "stay below the prefix"),
        ("demo/setup.py", "from glob", "from glop", "ModuleNotFoundError: No module named 'glop'"),
        ("demo/setup.py", "setup(", "dict(", "setup() was called 0 times"),
        (
            "nested/demo_interfaces/CMakeLists.txt", "Thing.msg", "Thong.msg",
            "'msg/Thong.msg' is listed but does not exist (did you mean 'msg/Thing.msg'?)",
        ),
        ("nested/demo_interfaces/package.xml", GROUP, "", "lacks <member_of_group>"),
        (
            "nested/demo_interfaces/CMakeLists.txt", "project(demo)", "add_library(x x.cpp)",
            "compiles code",
        ),
    ],
)  # fmt: skip
def test_faults_are_named_and_nothing_is_installed(
    src: Path, tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    path = src / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(WorkspaceError) as caught:
        install(src, tmp_path / "prefix")
    assert message in str(caught.value)
    assert str(path) in str(caught.value) or "demo:" in str(caught.value)
    assert not (tmp_path / "prefix").exists()


def test_all_faults_come_at_once(src: Path, tmp_path: Path) -> None:
    make_python_package(src, "other")
    for name in ("demo", "other"):
        (src / name / "setup.py").write_text("syntax error")
    with pytest.raises(WorkspaceError) as caught:
        install(src, tmp_path / "prefix")
    assert len(caught.value.problems) == 2


def test_two_packages_of_one_name_are_refused(src: Path, tmp_path: Path) -> None:
    make_python_package(src / "more")
    with pytest.raises(WorkspaceError, match="'demo' is taken by"):
        install(src, tmp_path / "prefix")


def test_an_environment_of_another_python_is_refused(src: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "venv"
    (prefix / "lib/python2.7").mkdir(parents=True)
    (prefix / "pyvenv.cfg").touch()
    with pytest.raises(WorkspaceError, match="an environment of another Python than python3"):
        install(src, prefix)


def test_scripts_outside_lib_and_unlisted_interfaces_are_warned_about(
    src: Path, tmp_path: Path
) -> None:
    (src / "demo/setup.cfg").unlink()
    (src / "nested/demo_interfaces/msg/Extra.msg").write_text("")
    warnings = install(src, tmp_path / "prefix").warnings
    assert len(warnings) == 2
    assert "scripts go to 'bin'" in warnings[0]
    assert "msg/Extra.msg is not listed" in warnings[1]


def test_command_line(src: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefix = tmp_path / "prefix"
    assert main(["install", "--src", str(src), "--prefix", str(prefix)]) == 0
    assert "2 packages" in capsys.readouterr().out
    state = json.loads((prefix / "share/embedded_ws/manifest.json").read_text())
    assert set(state["packages"]) == {"demo", "demo_interfaces", "embedded_ws"}
    assert main(["check", "--src", str(src)]) == 0
    assert "2 packages are well-formed" in capsys.readouterr().out
    assert main(["install", "--src", str(tmp_path / "nope")]) == 1
    assert "no such folder" in capsys.readouterr().err
    assert main(["uninstall", "--prefix", str(prefix)]) == 0
    assert "removed" in capsys.readouterr().out
