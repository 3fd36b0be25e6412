"""The words of ``sawyer report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

report_app = typer.Typer(
    no_args_is_help=True, help="Rebuild the tables and figures of the thesis."
)

_Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="rows or cells, e.g. residual_sac_image, 'residual_sac*', '*/usb/*'; repeatable",
    ),
]
_Workers = Annotated[int, typer.Option(help="trainings and evaluations at a time")]
_Plan = Annotated[Path | None, typer.Option(help="another plan file")]
_Work = Annotated[
    Path | None, typer.Option(help="folder of runs and records [default: runs/report-<chapter>]")
]
_Out = Annotated[
    Path | None, typer.Option(help="folder of the documents [default: docs/results/<chapter>]")
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="list commands and times, run nothing")]
_RenderOnly = Annotated[
    bool, typer.Option("--render-only", help="build the documents from what there is")
]
_Fresh = Annotated[bool, typer.Option("--fresh", help="run the cells again that have results")]


@report_app.command("ch9")
def report_ch9(
    only: _Only = None,
    workers: _Workers = 2,
    plan: _Plan = None,
    work: _Work = None,
    out: _Out = None,
    dry_run: _DryRun = False,
    render_only: _RenderOnly = False,
    fresh: _Fresh = False,
) -> None:
    """Connector insertion: tables 3 and 4, figures 44 to 46."""
    _run("ch9", only, workers, plan, work, out, dry_run, render_only, fresh)


@report_app.command("ch8")
def report_ch8(
    only: _Only = None,
    workers: _Workers = 2,
    plan: _Plan = None,
    work: _Work = None,
    out: _Out = None,
    dry_run: _DryRun = False,
    render_only: _RenderOnly = False,
    fresh: _Fresh = False,
) -> None:
    """Block assembly: hand controller against residual RL, figures 37 to 40."""
    _run("ch8", only, workers, plan, work, out, dry_run, render_only, fresh)


def _run(
    study: str,
    only: list[str] | None,
    workers: int,
    plan: Path | None,
    work: Path | None,
    out: Path | None,
    dry_run: bool,
    render_only: bool,
    fresh: bool,
) -> None:
    from sawyer_cli.report import ReportRequest, patterns, run_report

    request = ReportRequest(
        study=study,
        only=patterns(only),
        workers=workers,
        plan=plan,
        work=work,
        out=out,
        dry_run=dry_run,
        render_only=render_only,
        fresh=fresh,
    )
    raise typer.Exit(run_report(request))
