"""Reading and checking of package.xml (REP 149 formats 2 and 3)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from embedded_ws.errors import WorkspaceError

BUILD_TYPES = ("ament_python", "ament_cmake")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RUN_TAGS = ("depend", "exec_depend", "run_depend")


@dataclass(frozen=True)
class PackageXml:
    """What the installer needs to know from a manifest."""

    name: str
    version: str
    build_type: str
    path: Path
    run_dependencies: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Return the source folder of the package."""
        return self.path.parent


def read_package_xml(path: Path) -> PackageXml:
    """Parse a manifest; every fault in it is named in one error."""
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except ElementTree.ParseError as error:
        raise WorkspaceError(f"{path}: not well-formed XML: {error}") from error
    problems: list[str] = []
    if root.tag != "package":
        problems.append(f"{path}: root element is <{root.tag}>, expected <package>")
    if root.get("format") not in ("2", "3"):
        problems.append(f"{path}: package format is {root.get('format')!r}, allowed: '2', '3'")
    name, version = _text(root, "name"), _text(root, "version")
    if not _NAME.fullmatch(name):
        problems.append(
            f"{path}: <name> is {name!r}, allowed: a lower-case letter, then lower-case "
            "letters, digits and underscores"
        )
    if not _VERSION.fullmatch(version):
        problems.append(f"{path}: <version> is {version!r}, expected MAJOR.MINOR.PATCH")
    problems += [
        f"{path}: <{tag}> is missing or empty"
        for tag in ("description", "maintainer", "license")
        if not _text(root, tag)
    ]
    build_type = _text(root, "export/build_type")
    if build_type not in BUILD_TYPES:
        problems.append(
            f"{path}: <export><build_type> is {build_type!r}, allowed: {', '.join(BUILD_TYPES)}"
        )
    if problems:
        raise WorkspaceError(problems)
    depends = {_content(e) for tag in _RUN_TAGS for e in root.findall(tag)}
    groups = tuple(_content(e) for e in root.findall("member_of_group"))
    return PackageXml(name, version, build_type, path, tuple(sorted(depends)), groups)


def _text(root: ElementTree.Element, tag: str) -> str:
    element = root.find(tag)
    return "" if element is None else _content(element)


def _content(element: ElementTree.Element) -> str:
    return " ".join("".join(element.itertext()).split())
