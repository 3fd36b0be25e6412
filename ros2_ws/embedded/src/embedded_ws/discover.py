"""Finding of the packages below a workspace's source folder."""

from __future__ import annotations

import os
from pathlib import Path

from embedded_ws.errors import WorkspaceError
from embedded_ws.package_xml import PackageXml, read_package_xml

IGNORE_MARKERS = ("COLCON_IGNORE", "AMENT_IGNORE", "CATKIN_IGNORE")


def find_packages(src: Path) -> list[PackageXml]:
    """Return the packages under ``src`` sorted by name.

    A folder with an ignore marker is skipped with all it holds; packages are not searched for
    inside packages.
    """
    if not src.is_dir():
        raise WorkspaceError(f"--src {src}: no such folder")
    packages: dict[str, PackageXml] = {}
    problems: list[str] = []
    for folder, subfolders, files in os.walk(src):
        if any(marker in files for marker in IGNORE_MARKERS):
            subfolders.clear()
            continue
        if "package.xml" not in files:
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            continue
        subfolders.clear()
        try:
            package = read_package_xml(Path(folder).absolute() / "package.xml")
        except WorkspaceError as error:
            problems.extend(error.problems)
            continue
        other = packages.setdefault(package.name, package)
        if other is not package:
            problems.append(
                f"{package.path}: package name {package.name!r} is taken by {other.path}"
            )
    if problems:
        raise WorkspaceError(problems)
    return [packages[name] for name in sorted(packages)]
