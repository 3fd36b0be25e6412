"""The command tree. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sawyer_cli.errors import CommandError

app = typer.Typer(
    name="sawyer",
    help="Sawyer connector insertion: twin, ROS 2 graph, evaluation and benchmarks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def setup() -> None:
    """Make or refresh the environment (every other command does that as well)."""
    print(f"environment: {sys.prefix}")


@app.command("test")
def run_tests(
    paths: Annotated[
        list[str] | None, typer.Argument(help="files or folders to test; then only pytest runs")
    ] = None,
    keyword: Annotated[str | None, typer.Option("-k", help="pytest keyword expression")] = None,
    marker: Annotated[str | None, typer.Option("-m", help="pytest marker expression")] = None,
    fast: Annotated[bool, typer.Option("--fast", help="leave out tests marked slow")] = False,
    only: Annotated[
        str | None, typer.Option(help="one check: lint, format, types, imports or pytest")
    ] = None,
) -> None:
    """Run lint, types, import rules and all tests."""
    from sawyer_cli.checks import run_checks

    raise typer.Exit(
        run_checks(paths=paths or (), keyword=keyword, marker=marker, fast=fast, only=only)
    )


@app.command("format")
def format_() -> None:
    """Let ruff repair and format the whole tree."""
    import subprocess

    from sawyer_cli.checks import tool
    from sawyer_cli.paths import repository_root

    root = repository_root()
    fixed = subprocess.run([tool("ruff"), "check", "--fix", "."], cwd=root, check=False)
    formatted = subprocess.run([tool("ruff"), "format", "."], cwd=root, check=False)
    raise typer.Exit(fixed.returncode or formatted.returncode)


@app.command("ros2", context_settings={"ignore_unknown_options": True})
def ros2(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Any ros2 command of this environment, e.g. `sawyer ros2 topic list`."""
    from sawyer_cli.main import main

    raise typer.Exit(main(["ros2", *(arguments or [])]))


def run(words: Sequence[str]) -> int:
    """Run the command tree on ``words`` and return the exit status."""
    try:
        status = app(args=list(words), standalone_mode=True)
    except CommandError as error:
        print(f"sawyer: {error}", file=sys.stderr)
        return error.status
    except SystemExit as exit_request:
        code = exit_request.code
        return code if isinstance(code, int) else int(code is not None)
    return int(status or 0)
