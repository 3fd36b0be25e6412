"""``sawyer demos``: demonstrations on the twin, and a look at a set of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

demos_app = typer.Typer(no_args_is_help=True, help="Collect and check demonstrations.")


@demos_app.command("collect")
def collect(
    connector: Annotated[str, typer.Option(help="usb, dsub or model_e")] = "usb",
    episodes: Annotated[int, typer.Option(help="insertions to keep")] = 25,
    seed: Annotated[int, typer.Option(help="seed of everything")] = 0,
    noise_mm: Annotated[float, typer.Option(help="half width of the goal noise, mm")] = 1.0,
    action_scale_mm: Annotated[
        float, typer.Option(help="displacement of a full action, mm")
    ] = 2.0,
    out: Annotated[
        Path | None, typer.Option(help="new folder [default: runs/demos-<date>]")
    ] = None,
) -> None:
    """Let the scripted expert insert, with noise, and keep what succeeded."""
    from rich.console import Console

    from sawyer_cli.choices import require_connector
    from sawyer_cli.paths import new_run_folder
    from sawyer_cli.quiet import import_quietly
    from sawyer_datasets.demos import save_demos
    from sawyer_policies.training.demo_collection import CollectionConfig, collect_demos
    from sawyer_policies.training.origin import git_commit

    require_connector(connector)
    config = CollectionConfig(
        connector=connector,
        episodes=episodes,
        seed=seed,
        noise_mm=noise_mm,
        action_scale_m=action_scale_mm * 1e-3,
    )
    folder = new_run_folder("demos", out)
    console = Console()
    import_quietly("pybullet")

    def show(kept: int, tried: int) -> None:
        if console.is_terminal:
            console.print(f"{kept} of {episodes} kept, {tried} tried", end="\r")

    found = collect_demos(config, progress=show, commit=git_commit())
    save_demos(folder, found)
    console.print(demo_table(found))
    console.print(f"wrote {folder}", soft_wrap=True)


@demos_app.command("show")
def show_demos(
    source: Annotated[
        str, typer.Argument(help="a connector whose demonstrations ship, or a folder")
    ],
) -> None:
    """Check a set of demonstrations and say what it holds."""
    from rich.console import Console

    from sawyer_datasets.demos import load_demos, read_demos, shipped_connectors

    if source in shipped_connectors() or not Path(source).exists():
        found = load_demos(source)
    else:
        found = read_demos(Path(source))
    Console().print(demo_table(found))


def demo_table(demos: Any) -> Any:
    """What a set holds."""
    from rich.table import Table

    info = demos.info
    table = Table(show_header=False)
    table.add_row("connector", info.connector)
    table.add_row("source", info.source)
    attempts = info.provenance.get("attempts")
    kept = f"{len(demos.episodes)}" + (f" of {attempts} attempts" if attempts else "")
    table.add_row("episodes kept", kept)
    table.add_row("steps", str(demos.transitions))
    table.add_row("full action", f"{info.action_scale_m * 1e3:g} mm, base {info.base_controller}")
    table.add_row("goal noise", f"{info.noise_mm:g} mm")
    return table
