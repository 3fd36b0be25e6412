"""Installation plan of an ament_python package."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from embedded_ws.errors import WorkspaceError
from embedded_ws.package_xml import PackageXml
from embedded_ws.plan import Plan
from embedded_ws.setup_py import SetupArguments, read_setup_py

_ENTRY = re.compile(r"([\w.-]+)\s*=\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w.]*)\s*(\[.*\])?")
_SHEBANG_LIMIT = 127
_SCRIPT = """\
{shebang}
# Made by embedded_ws from the entry points of {package}.
import sys

from {module} import {top}

if __name__ == "__main__":
    sys.exit({attribute}())
"""


def plan_ament_python(package: PackageXml, plan: Plan) -> None:
    """Add everything that ``colcon build --symlink-install`` would install."""
    arguments = read_setup_py(package.folder, package.name)
    problems: list[str] = []
    for step in (_plan_data, _plan_modules, _plan_scripts, _plan_metadata):
        try:
            step(package, arguments, plan)
        except WorkspaceError as error:
            problems.extend(error.problems)
    if problems:
        raise WorkspaceError(problems)


def _plan_data(package: PackageXml, arguments: SetupArguments, plan: Plan) -> None:
    setup_py = package.folder / "setup.py"
    missing: list[str] = []
    planned: set[str] = set()
    for destination, sources in arguments.data_files:
        for source in sources:
            path = package.folder / source
            if not path.is_file():
                missing.append(f"{setup_py}: data_files names {source!r}, which is not a file")
                continue
            target = f"{destination.rstrip('/')}/{path.name}"
            planned.add(target)
            plan.link(target, path, package.name)
    for needed, source in (
        (f"share/ament_index/resource_index/packages/{package.name}", f"resource/{package.name}"),
        (f"share/{package.name}/package.xml", "package.xml"),
    ):
        if needed not in planned:
            folder = needed.rsplit("/", 1)[0]
            missing.append(f"{setup_py}: data_files lacks ('{folder}', ['{source}'])")
    if missing:
        raise WorkspaceError(missing)


def _module_source(package: PackageXml, arguments: SetupArguments, name: str) -> Path:
    """Return where the sources of a dotted module or package name are."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        mapped = arguments.package_dir.get(".".join(parts[:count]))
        if mapped is not None:
            return package.folder.joinpath(mapped, *parts[count:])
    return package.folder.joinpath(arguments.package_dir.get("", ""), *parts)


def _plan_modules(package: PackageXml, arguments: SetupArguments, plan: Plan) -> None:
    folder = plan.module_folder()
    names = set(arguments.packages)
    for name in sorted(names):
        if any(name.startswith(f"{other}.") for other in names):
            continue
        source = _module_source(package, arguments, name)
        if not source.is_dir():
            raise WorkspaceError(
                f"{package.folder / 'setup.py'}: packages names {name!r}, "
                f"but {source} is no folder"
            )
        plan.link(f"{folder}/{name.replace('.', '/')}", source, package.name)
    for name in arguments.py_modules:
        source = _module_source(package, arguments, name).with_suffix(".py")
        plan.link(f"{folder}/{name.replace('.', '/')}.py", source, package.name)


def _plan_scripts(package: PackageXml, arguments: SetupArguments, plan: Plan) -> None:
    setup_py = package.folder / "setup.py"
    entries = arguments.entry_points.get("console_scripts", ())
    if (entries or arguments.scripts) and arguments.script_folder != f"lib/{package.name}":
        plan.warnings.append(
            f"{package.folder / 'setup.cfg'}: scripts go to {arguments.script_folder!r}; "
            f"'ros2 run' and launch look in 'lib/{package.name}' ([install] install_scripts)"
        )
    for script in arguments.scripts:
        source = package.folder / script
        plan.link(f"{arguments.script_folder}/{source.name}", source, package.name)
    problems: list[str] = []
    for entry in entries:
        match = _ENTRY.fullmatch(entry.strip())
        if match is None:
            problems.append(
                f"{setup_py}: entry point {entry!r} is not 'executable = module:function'"
            )
            continue
        name, module, attribute = match.group(1, 2, 3)
        source = _module_source(package, arguments, module)
        ours = any(module == p or module.startswith(f"{p}.") for p in arguments.packages)
        if ours and not (
            source.with_suffix(".py").is_file() or (source / "__init__.py").is_file()
        ):
            problems.append(
                f"{setup_py}: entry point {name!r} names module {module!r}, "
                f"but {source.with_suffix('.py')} does not exist"
            )
            continue
        text = _SCRIPT.format(
            shebang=_shebang(plan.prefix),
            package=package.name,
            module=module,
            top=attribute.split(".")[0],
            attribute=attribute,
        )
        plan.write(f"{arguments.script_folder}/{name}", text, package.name, executable=True)
    if problems:
        raise WorkspaceError(problems)


def _shebang(prefix: Path) -> str:
    """Return the first line of a script, for the interpreter of the prefix where it has one."""
    python = prefix / "bin" / "python"
    interpreter = str(python) if python.exists() else sys.executable
    if " " in interpreter or len(interpreter) + 2 > _SHEBANG_LIMIT:
        return f"#!/bin/sh\n'''exec' \"{interpreter}\" \"$0\" \"$@\"\n' '''"
    return f"#!{interpreter}"


def _plan_metadata(package: PackageXml, arguments: SetupArguments, plan: Plan) -> None:
    """Make the package known to ``importlib.metadata``, entry points included."""
    name = package.name
    folder = f"{plan.module_folder()}/{name}-{arguments.version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {arguments.version}\n"
    plan.write(f"{folder}/METADATA", metadata, name)
    plan.write(f"{folder}/INSTALLER", "embedded_ws\n", name)
    if arguments.entry_points:
        lines: list[str] = []
        for group, entries in sorted(arguments.entry_points.items()):
            lines += [f"[{group}]", *entries, ""]
        plan.write(f"{folder}/entry_points.txt", "\n".join(lines), name)
