"""Installation of a whole workspace."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from embedded_ws.ament_cmake import plan_ament_cmake
from embedded_ws.ament_python import plan_ament_python
from embedded_ws.apply import Outcome, apply
from embedded_ws.discover import find_packages
from embedded_ws.errors import WorkspaceError
from embedded_ws.package_xml import PackageXml
from embedded_ws.plan import MODULE_FOLDER, PTH_NAME, Plan

_PLANNERS = {"ament_python": plan_ament_python, "ament_cmake": plan_ament_cmake}


@dataclass(frozen=True)
class Report:
    """What an installation did."""

    packages: tuple[PackageXml, ...]
    outcome: Outcome
    warnings: tuple[str, ...]


def make_plan(src: Path, prefix: Path) -> tuple[list[PackageXml], Plan]:
    """Work out what installing ``src`` means; all faults of all packages come in one error."""
    _check_prefix(prefix)
    packages = find_packages(src)
    plan = Plan(prefix.absolute())
    problems: list[str] = []
    for package in packages:
        try:
            _PLANNERS[package.build_type](package, plan)
        except WorkspaceError as error:
            problems.extend(error.problems)
    if problems:
        raise WorkspaceError(problems)
    if packages:
        plan.write(f"{plan.site_packages()}/{PTH_NAME}", f"{MODULE_FOLDER}\n", "embedded_ws")
    return packages, plan


def _check_prefix(prefix: Path) -> None:
    """Refuse a virtual environment of another Python: modules would go where it never looks."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if (prefix / "pyvenv.cfg").is_file() and not (prefix / "lib" / name).is_dir():
        raise WorkspaceError(
            f"--prefix {prefix} is an environment of another Python than {name}; run this with "
            f"{prefix / 'bin' / 'python'}"
        )


def install(src: Path, prefix: Path) -> Report:
    """Link every package below ``src`` into ``prefix``, as a merged symlink install."""
    packages, plan = make_plan(src, prefix)
    outcome = apply(plan)
    return Report(tuple(packages), outcome, tuple(plan.warnings))
