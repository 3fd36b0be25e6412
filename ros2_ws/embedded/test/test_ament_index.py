"""The resource index: several prefixes, the default one, and what is refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import ament_index_python as index
import pytest
from ament_index_python.packages import get_package_share_path


def make_prefix(path: Path, *packages: str) -> Path:
    folder = path / "share/ament_index/resource_index/packages"
    folder.mkdir(parents=True)
    for name in packages:
        (folder / name).write_text(f"content of {name} in {path.name}")
        (path / "share" / name).mkdir()
    return path


@pytest.fixture
def prefixes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    overlay = make_prefix(tmp_path / "overlay", "arm")
    underlay = make_prefix(tmp_path / "underlay", "arm", "base")
    paths = [str(overlay), "", str(tmp_path / "missing"), str(underlay)]
    monkeypatch.setenv("AMENT_PREFIX_PATH", os.pathsep.join(paths))
    return overlay, underlay


def test_the_first_prefix_wins(prefixes: tuple[Path, Path]) -> None:
    overlay, underlay = prefixes
    assert index.get_search_paths() == [str(overlay), str(underlay)]
    assert index.get_packages_with_prefixes() == {"arm": str(overlay), "base": str(underlay)}
    assert index.get_package_prefix("arm") == str(overlay)
    assert index.get_package_share_directory("base") == str(underlay / "share/base")
    assert get_package_share_path("arm") == overlay / "share/arm"


def test_resources(prefixes: tuple[Path, Path]) -> None:
    overlay, underlay = prefixes
    assert index.get_resource("packages", "arm") == ("content of arm in overlay", str(overlay))
    assert index.has_resource("packages", "base") == str(underlay)
    assert index.has_resource("packages", "nothing") is False
    assert index.get_resource_types() == {"packages": {str(overlay), str(underlay)}}
    assert index.get_resources("plugins") == {}
    with pytest.raises(LookupError, match="Could not find the resource 'nothing'"):
        index.get_resource("packages", "nothing")


def test_unknown_packages_name_the_nearest(prefixes: tuple[Path, Path]) -> None:
    with pytest.raises(index.PackageNotFoundError, match=r"'amr' not found.*mean 'arm'"):
        index.get_package_prefix("amr")
    assert issubclass(index.PackageNotFoundError, KeyError)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b"])
def test_names_that_leave_their_folder_are_refused(prefixes: tuple[Path, Path], name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid package name"):
        index.get_package_prefix(name)


def test_resource_names_are_checked(prefixes: tuple[Path, Path]) -> None:
    with pytest.raises(index.InvalidResourceTypeNameError, match="'a/b'"):
        index.get_resources("a/b")
    with pytest.raises(index.InvalidResourceNameError, match=r"'\.\./x'"):
        index.has_resource("packages", "../x")
    with pytest.raises(ValueError, match="must not be empty"):
        index.get_resource("", "x")


def test_a_missing_share_folder_is_warned_about(prefixes: tuple[Path, Path]) -> None:
    (prefixes[1] / "share/base").rmdir()
    with pytest.warns(UserWarning, match="does not exist"):
        index.get_package_share_directory("base")
    index.get_package_share_directory("base", print_warning=False)


def test_without_the_variable_the_environment_is_the_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    assert index.get_search_paths() == [sys.prefix]
