"""``sawyer train``: learn a policy on the twin, in this process."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sawyer_cli.errors import CommandError

if TYPE_CHECKING:
    from rich.console import Console

    from sawyer_policies.training import Progress, TrainingConfig, TrainingResult

INTERRUPTED = 130  # exit status after Ctrl-C, as shells count it

train_app = typer.Typer(no_args_is_help=True, help="Learn policies on the twin.")

_Algorithm = Annotated[str | None, typer.Option(help="sac or td3 [default: sac]")]
_Base = Annotated[
    str | None,
    typer.Option(help="p_controller (residual) or none (pure RL) [default: p_controller]"),
]
_Observation = Annotated[
    str | None, typer.Option(help="what the policy sees [default: by the reward]")
]
_Steps = Annotated[int | None, typer.Option(help="environment steps [default: 8000]")]
_Seed = Annotated[int | None, typer.Option(help="seed of everything [default: 0]")]
_Out = Annotated[Path | None, typer.Option(help="folder of the run [default: runs/train-<date>]")]
_Resume = Annotated[
    bool, typer.Option("--resume", help="go on from the newest whole checkpoint in --out")
]
_Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="any setting, e.g. learner.batch_size=128; may be repeated"),
]
_Config = Annotated[Path | None, typer.Option(help="YAML file of settings")]
_Preset = Annotated[str | None, typer.Option(help="named settings, e.g. residual_sac_image")]


@train_app.command("residual")
def train_residual(
    connector: Annotated[
        str | None, typer.Option(help="usb, dsub or model_e [default: usb]")
    ] = None,
    algorithm: _Algorithm = None,
    reward: Annotated[
        str | None, typer.Option(help="dense, sparse or image [default: dense]")
    ] = None,
    observation: _Observation = None,
    base: _Base = None,
    demos: Annotated[
        str | None, typer.Option(help="'shipped', or a folder of `sawyer demos collect`")
    ] = None,
    noise_mm: Annotated[
        float | None, typer.Option(help="half width of the goal noise, mm [default: 1]")
    ] = None,
    steps: _Steps = None,
    seed: _Seed = None,
    preset: _Preset = None,
    config: _Config = None,
    changes: _Set = None,
    out: _Out = None,
    resume: _Resume = False,
) -> None:
    """Learn to insert a connector, on top of the hand-designed controller or alone."""
    given = {
        "task": "insertion",
        "connector": connector,
        "algorithm": algorithm,
        "reward": reward,
        "observation": observation,
        "base_controller": base,
        "demos": demos,
        "noise_mm": noise_mm,
        "steps": steps,
        "seed": seed,
    }
    raise typer.Exit(_train(given, preset, config, changes or (), out, resume=resume))


@train_app.command("blocks")
def train_blocks(
    algorithm: _Algorithm = None,
    reward: Annotated[
        str | None, typer.Option(help="blocks or blocks_tilt [default: blocks]")
    ] = None,
    observation: _Observation = None,
    base: _Base = None,
    steps: _Steps = None,
    seed: _Seed = None,
    preset: _Preset = None,
    config: _Config = None,
    changes: _Set = None,
    out: _Out = None,
    resume: _Resume = False,
) -> None:
    """Learn to set a block between two standing ones; --set env.<key>=... changes the scene."""
    given = {
        "task": "blocks",
        "algorithm": algorithm,
        "reward": reward,
        "observation": observation,
        "base_controller": base,
        "steps": steps,
        "seed": seed,
    }
    raise typer.Exit(_train(given, preset, config, changes or (), out, resume=resume))


def _train(
    given: Mapping[str, Any],
    preset: str | None,
    file: Path | None,
    changes: Sequence[str],
    out: Path | None,
    *,
    resume: bool,
) -> int:
    from rich.console import Console

    from sawyer_cli.choices import require_connector
    from sawyer_cli.paths import new_run_folder
    from sawyer_policies.training import read_config

    console = Console()
    if resume:
        if out is None:
            raise CommandError("--resume needs --out, the folder of the run")
        settings = merge_settings({}, preset, file, changes)
        if settings or any(value is not None for key, value in given.items() if key != "task"):
            raise CommandError("--resume takes the settings of the run; leave the others out")
        return _show_run(read_config(out), out, console, resume=True)
    from sawyer_policies.training import training_config

    wanted = training_config(merge_settings(given, preset, file, changes))
    if wanted.task == "insertion":
        require_connector(wanted.connector)
    return _show_run(wanted, new_run_folder("train", out), console, resume=False)


def merge_settings(
    given: Mapping[str, Any],
    preset: str | None,
    file: Path | None,
    changes: Sequence[str],
) -> dict[str, Any]:
    """Settings by dotted name: the preset, then the file, then options, then ``--set``.

    Raises:
        CommandError: the file is no YAML mapping, or a change is not ``key=value``.
    """
    import yaml

    from sawyer_core.config import value_of
    from sawyer_core.errors import ConfigError
    from sawyer_policies.training.presets import preset_settings

    merged: dict[str, Any] = {} if preset is None else dict(preset_settings(preset))
    if file is not None:
        try:
            found = yaml.safe_load(file.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise CommandError(f"{file} is no YAML: {error}") from error
        if not isinstance(found, dict):
            raise CommandError(f"{file} holds no mapping of settings")
        merged |= _flat(found)
    merged |= {key: value for key, value in given.items() if value is not None}
    for change in changes:
        try:
            key, found_value = value_of(change)
        except ConfigError as error:
            raise CommandError(f"--set {change}: expected {error.allowed}") from error
        merged[key] = found_value
    return merged


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _show_run(config: TrainingConfig, folder: Path, console: Console, *, resume: bool) -> int:
    from sawyer_cli.quiet import import_quietly
    from sawyer_policies.training import train

    import_quietly("pybullet")
    console.print(f"{config.bundle_name}: {config.steps} steps, run folder {folder}")
    with _stop_on_interrupt(console) as stop, _display(config, console) as show:
        result = train(
            config, folder, resume=resume, progress=show, stop=stop, notify=console.print
        )
    console.print(result_table(result))
    if not result.finished:
        console.print(f"stopped; go on with: sawyer train {_word(config)} --resume --out {folder}")
        return INTERRUPTED
    return 0


def _word(config: TrainingConfig) -> str:
    return "blocks" if config.task == "blocks" else "residual"


@contextmanager
def _stop_on_interrupt(console: Console) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C ends the run after this episode, the second one at once."""
    asked = False

    def ask(signum: int, frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        console.print("stopping after this episode; once more to stop at once")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _display(config: TrainingConfig, console: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar where somebody watches, else a line every 5 % of the run."""
    if not console.is_terminal:
        yield _lines(config, console)
        return
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} steps"),
        TextColumn("{task.description}"),
        console=console,
    )
    with bar:
        task = bar.add_task("", total=config.steps)
        yield lambda seen: bar.update(task, completed=seen.env_steps, description=describe(seen))


def _lines(config: TrainingConfig, console: Console) -> Callable[[Progress], None]:
    shown = -1

    def show(seen: Progress) -> None:
        nonlocal shown
        twentieth = 20 * seen.env_steps // config.steps
        if twentieth > shown:
            shown = twentieth
            line = f"{seen.env_steps:>7} steps  {describe(seen)}"
            console.print(line, highlight=False, soft_wrap=True)

    return show


def describe(seen: Progress) -> str:
    """One line: speed, success, distance, time left."""
    distance = seen.final_distance_m * 1e3
    parts = [
        f"{seen.env_steps_per_s:.0f} steps/s",
        f"success of the last 20: {100 * seen.success_rate:.0f} %",
        f"final distance {distance:.1f} mm" if math.isfinite(distance) else "no distance",
        f"{_minutes(seen.remaining_s)} left",
    ]
    if seen.warming_up:
        parts.append("critics warm up")
    return ", ".join(parts)


def _minutes(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def result_table(result: TrainingResult) -> Any:
    """What the run came to."""
    from rich.table import Table

    table = Table(show_header=False)
    table.add_row("steps, episodes", f"{result.env_steps}, {result.episodes}")
    table.add_row("updates", str(result.updates))
    table.add_row("wall time", f"{_minutes(result.wall_s)} (min:s)")
    rate = f"{100 * result.success_rate_20:.0f} %"
    table.add_row("success of the last 20, exploring", rate)
    table.add_row("their median final distance", f"{result.final_distance_m * 1e3:.2f} mm")
    if result.bundle:
        table.add_row("policy", result.bundle)
    return table
