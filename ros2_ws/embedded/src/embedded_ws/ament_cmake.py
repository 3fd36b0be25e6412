"""Installation plan of an ament_cmake package without code: interfaces and data folders."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

from embedded_ws.errors import WorkspaceError
from embedded_ws.package_xml import PackageXml
from embedded_ws.plan import Plan

INTERFACE_KINDS = ("msg", "srv", "action")
_COMMENT = re.compile(r"#.*")
_GENERATE = re.compile(r"rosidl_generate_interfaces\s*\(([^)]*)\)", re.IGNORECASE)
_INSTALL = re.compile(r"install\s*\(\s*DIRECTORY\s+([^)]*?)\s+DESTINATION\s+([^\s)]+)", re.I)
_INTERFACE_FILE = re.compile(r"(msg|srv|action)/([^/]+)\.(\w+)")
_SET = re.compile(r"\bset\s*\(\s*(\w+)\s+([^)]*)\)", re.IGNORECASE)
_TYPE_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_COMPILED = re.compile(r"\b(add_executable|add_library)\s*\(", re.IGNORECASE)


def plan_ament_cmake(package: PackageXml, plan: Plan) -> None:
    """Link the manifest, the interface files and the installed folders."""
    cmake = package.folder / "CMakeLists.txt"
    if not cmake.is_file():
        raise WorkspaceError(f"{cmake}: missing; an ament_cmake package needs it")
    text = _COMMENT.sub("", cmake.read_text(encoding="utf-8"))
    for variable, value in [("PROJECT_NAME", package.name), *_SET.findall(text)]:
        text = text.replace(f"${{{variable}}}", value)
    if _COMPILED.search(text):
        raise WorkspaceError(
            f"{cmake}: compiles code; only interface and data packages can be linked"
        )
    share = f"share/{package.name}"
    plan.link(f"{share}/package.xml", package.path, package.name)
    plan.write(f"share/ament_index/resource_index/packages/{package.name}", "", package.name)
    _plan_interfaces(package, plan, cmake, text)
    for match in _INSTALL.finditer(text):
        folders, destination = match.group(1).split(), match.group(2).strip('"').rstrip("/")
        for folder in folders:
            _plan_folder(package, plan, folder.strip('"'), destination)


def _plan_interfaces(package: PackageXml, plan: Plan, cmake: Path, text: str) -> None:
    listed: list[str] = []
    for match in _GENERATE.finditer(text):
        listed += [w.strip('"') for w in match.group(1).split() if _INTERFACE_FILE.search(w)]
    present = sorted(
        str(path.relative_to(package.folder))
        for kind in INTERFACE_KINDS
        for path in (package.folder / kind).glob(f"*.{kind}")
    )
    problems = _check_interfaces(package, cmake, listed, present)
    if problems:
        raise WorkspaceError(problems)
    for name in sorted(set(present) - set(listed)):
        plan.warnings.append(f"{cmake}: {name} is not listed in rosidl_generate_interfaces")
    for name in listed:
        plan.link(f"share/{package.name}/{name}", package.folder / name, package.name)
    if listed:
        marker = f"share/ament_index/resource_index/rosidl_interfaces/{package.name}"
        plan.write(marker, "".join(f"{name}\n" for name in sorted(listed)), package.name)


def _check_interfaces(
    package: PackageXml, cmake: Path, listed: list[str], present: list[str]
) -> list[str]:
    problems: list[str] = []
    for name in listed:
        match = _INTERFACE_FILE.fullmatch(name)
        if match is None or match.group(1) != match.group(3):
            problems.append(f"{cmake}: {name!r} is not <kind>/<Name>.<kind>")
        elif not _TYPE_NAME.fullmatch(match.group(2)):
            problems.append(f"{cmake}: {name!r}: an interface name is written in CapWords")
        elif name not in present:
            near = difflib.get_close_matches(name, present, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            problems.append(f"{cmake}: {name!r} is listed but does not exist{hint}")
    if listed and "rosidl_interface_packages" not in package.groups:
        problems.append(
            f"{package.path}: lacks <member_of_group>rosidl_interface_packages</member_of_group>"
        )
    return problems


def _plan_folder(package: PackageXml, plan: Plan, folder: str, destination: str) -> None:
    """Link the files of ``install(DIRECTORY folder DESTINATION destination)``."""
    root = package.folder / folder.rstrip("/")
    if not root.is_dir():
        raise WorkspaceError(f"{package.folder / 'CMakeLists.txt'}: {folder!r} is no folder")
    base = root if folder.endswith("/") else root.parent
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            plan.link(f"{destination}/{path.relative_to(base)}", path, package.name)
