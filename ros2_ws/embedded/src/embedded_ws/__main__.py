"""Command line: ``python -m embedded_ws install --src ros2_ws/src --prefix .venv``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded_ws.errors import WorkspaceError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="embedded_ws", description="Link ament packages into a prefix, without colcon."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    install = verbs.add_parser("install", help="link all packages of a workspace")
    install.add_argument("--src", type=Path, required=True, help="folder that holds the packages")
    check = verbs.add_parser("check", help="only say what is wrong with the packages")
    check.add_argument("--src", type=Path, required=True, help="folder that holds the packages")
    uninstall = verbs.add_parser("uninstall", help="remove all that was linked")
    for verb in (install, check, uninstall):
        verb.add_argument(
            "--prefix", type=Path, default=Path(sys.prefix), help="default: %(default)s"
        )
    install.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the installer; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.verb == "uninstall":
            from embedded_ws.apply import uninstall

            print(f"removed {uninstall(options.prefix)} items from {options.prefix}")
            return 0
        from embedded_ws.install import install, make_plan

        if options.verb == "check":
            packages, plan = make_plan(options.src, options.prefix)
            warnings: Sequence[str] = plan.warnings
            summary = f"{len(packages)} packages are well-formed"
        else:
            report = install(options.src, options.prefix)
            warnings = report.warnings
            done = report.outcome
            summary = (
                ""
                if options.quiet
                else (
                    f"{len(report.packages)} packages in {options.prefix}: "
                    f"{done.written} written, "
                    f"{done.removed} removed, {done.unchanged} unchanged"
                )
            )
    except WorkspaceError as error:
        for problem in error.problems:
            print(f"error: {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if summary:
        print(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
