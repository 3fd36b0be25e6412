"""``sawyer demo``: hand-designed controller and learned policy, side by side."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawyer_cli.demo import (
    DemoRequest,
    check_bags,
    launch_problem,
    launch_with_display,
    say_end,
    session_problems,
)
from sawyer_cli.errors import CommandError
from sawyer_cli.evaluate import json_text
from sawyer_cli.launching import shown
from sawyer_cli.paths import new_run_folder, write_atomically
from sawyer_cli.results import EpisodeRow, read_episodes
from sawyer_cli.torch_needed import require_torch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


HAND = "p_controller"
NOISE_MM = 1.0  # the perturbation of chapter 9's tables
NAMES = ("P-controller", "Residual policy")
NOTES = ("designed by hand", "learned, on top of the same P-controller")
SUMMARY_NAME = "contrast.json"


def learned_policy(connector: str) -> str:
    """Return the name of the shipped policy that the demo shows for a connector."""
    return f"residual_sac_image_{connector}"


@dataclass(frozen=True)
class Side:
    """One policy's share of the demo: its session and what came of it."""

    request: DemoRequest
    folder: Path
    rows: tuple[EpisodeRow, ...]
    problems: tuple[str, ...]
    interrupted: bool

    @property
    def successes(self) -> int:
        """Number of insertions."""
        return sum(row.success for row in self.rows)


def require_bundle(name: str, connector: str) -> Path:
    """Return the folder of a learned policy.

    Raises:
        CommandError: there is none of this name, or it cannot be used; the text says where it was
            looked for and what can be done.
    """
    from sawyer_core.errors import BundleError, UnknownNameError
    from sawyer_policies import default_registry
    from sawyer_policies.bundles import PATH_VARIABLE, search_path

    alone = f"./sawyer demo --connector {connector} --policy {HAND}"
    try:
        folder = default_registry().get(name).folder
    except UnknownNameError as error:
        places = ", ".join(str(place) for place in search_path())
        raise CommandError(
            f"the learned policy '{name}' is missing: there is no bundle of this name in {places} "
            f"({PATH_VARIABLE} adds folders). ./sawyer train residual --preset residual_sac_image "
            f"--connector {connector} learns one; {alone} shows the hand-designed one alone",
            status=1,
        ) from error
    except BundleError as error:
        raise CommandError(
            f"the learned policy '{name}' cannot be used: {error}. {alone} shows the "
            "hand-designed controller alone",
            status=1,
        ) from error
    if folder is None:
        raise CommandError(f"--learned {name}: that is a hand-written policy, not a bundle")
    return folder


def run_contrast(request: DemoRequest, learned: str | None, console: Console) -> int:
    """Run both policies; returns 0 only if the graph came up, ran and went down cleanly."""
    request.checked()
    name = learned or learned_policy(request.connector)
    require_torch("the learned policy of the demo")
    bundle = require_bundle(name, request.connector)
    try:
        folder = new_run_folder("demo", request.out)
    except OSError as error:
        raise CommandError(str(error)) from error
    sides: list[Side] = []
    for policy, title, note in zip((HAND, name), NAMES, NOTES, strict=True):
        if not any(side.interrupted for side in sides):
            console.rule(f"{title}, {note}", align="left")
            sides.append(run_side(request.with_policy(policy), folder / policy, console))
    problems = [problem for side in sides for problem in side.problems]
    if len(sides) == 2 and all(side.rows for side in sides):
        console.print(contrast_table(sides))
        write_summary(folder, sides)
        problems += make_contrast(folder, sides, bundle, console)
    say_end(folder, problems, console)
    return 1 if problems else 0


def run_side(request: DemoRequest, folder: Path, console: Console) -> Side:
    """Run one policy's session on the graph and read what it left."""
    folder.mkdir()
    command = request.command(folder)
    console.print(shown(command), style="bold", markup=False, soft_wrap=True, highlight=False)
    outcome = launch_with_display(request, command, folder, console)
    problems = [] if outcome.clean else [launch_problem(outcome, folder / "launch.log")]
    rows: list[EpisodeRow] = []
    try:
        rows = read_episodes(folder)
    except CommandError as error:
        problems.append(str(error))
    if rows:
        found = session_problems(request, rows) + check_bags(folder, request.episodes)
        problems += [f"{request.policy}: {text}" for text in found]
    return Side(request, folder, tuple(rows), tuple(problems), outcome.interrupted)


def goal_errors_mm(side: Side) -> list[tuple[float, float] | None]:
    """Return by how much the goal was off in each episode, None where it is not known."""
    from sawyer_datasets.report import goal_offset_m
    from sawyer_datasets.sessions import bag_path

    found = [goal_offset_m(bag_path(side.folder, row.index)) for row in side.rows]
    return [None if item is None else (item[0] * 1e3, item[1] * 1e3) for item in found]


def contrast_table(sides: Sequence[Side]) -> Table:
    """Return one table with both policies, a pair of rows per episode; fits 80 columns."""
    from rich.table import Table

    request = sides[0].request
    goal = f"goal off by up to ±{request.noise_mm:g} mm" if request.noise_mm else "exact goal"
    table = Table(title=f"{request.connector}, {goal}, the same seeds for both")
    table.add_column("#", justify="right")
    table.add_column("goal error\nx, y (mm)", justify="right")
    table.add_column("policy")
    for heading in ("success", "time\n(s)", "peak force\n(N)", "distance\n(mm)"):
        table.add_column(heading, justify="right", no_wrap=True)
    errors = goal_errors_mm(sides[0])
    for pair, error in zip(
        zip(*(side.rows for side in sides), strict=False), errors, strict=False
    ):
        words = "-" if error is None else f"{error[0]:+.2f}, {error[1]:+.2f}"
        table.add_row(str(pair[0].index), words, NAMES[0], *_cells(pair[0]))
        table.add_row("", "", NAMES[1], *_cells(pair[1]))
        table.add_section()
    for side, name in zip(sides, NAMES, strict=True):
        score = f"{side.successes} of {len(side.rows)}"
        table.add_row("", "inserted", name, score, "", "", "", style="bold")
    return table


def _cells(row: EpisodeRow) -> tuple[str, str, str, str]:
    word = "[green]yes[/]" if row.success else "[red]no[/]"
    return (
        word if row.valid else "[yellow]invalid[/]",
        f"{row.time_s:.1f}",
        f"{row.peak_force_n:.1f}",
        f"{row.final_distance_mm:.2f}",
    )


def write_summary(folder: Path, sides: Sequence[Side]) -> None:
    """Write the rows of both policies to one JSON file."""
    request = sides[0].request
    content = {
        "connector": request.connector,
        "noise_mm": request.noise_mm,
        "seed": request.seed,
        "sides": [
            {
                "policy": side.request.policy,
                "successes": side.successes,
                "episodes": [asdict(row) for row in side.rows],
                "goal_error_mm": goal_errors_mm(side),
            }
            for side in sides
        ],
    }
    write_atomically(folder / SUMMARY_NAME, json_text(content))


def make_contrast(
    folder: Path, sides: Sequence[Side], bundle: Path, console: Console
) -> list[str]:
    """Make the page and the video with both; returns problems."""
    from sawyer_core.errors import SawyerError
    from sawyer_datasets.report import ContrastSide, build_contrast

    facts = ({"policy": HAND}, bundle_facts(bundle))
    left, right = (
        ContrastSide(side.folder.name, name, note, fact)
        for side, name, note, fact in zip(sides, NAMES, NOTES, facts, strict=True)
    )
    commands = [again(sides), *(shown(_portable(side)) for side in sides)]
    try:
        with console.status("drawing the report"):
            files = build_contrast(folder, (left, right), commands=commands)
    except SawyerError as error:
        return [f"no report: {error}"]
    for name, path in (("page", files.page), ("video", files.video)):
        if path is not None:
            console.print(f"{name:6}{path}", markup=False, soft_wrap=True, highlight=False)
    problems = [f"report: {text}" for text in files.problems]
    return problems if files.video is not None else [*problems, "no video was made"]


def _portable(side: Side) -> list[str]:
    return [word for word in side.request.command(Path()) if not word.startswith("output_dir:=")]


def again(sides: Sequence[Side]) -> str:
    """Return the command that gives the same demo again."""
    request, name = sides[0].request, sides[1].request.policy
    words = ["./sawyer", "demo", "--connector", request.connector]
    words += [] if name == learned_policy(request.connector) else ["--learned", name]
    words += ["--episodes", str(request.episodes), "--noise-mm", f"{request.noise_mm:g}"]
    return shlex.join([*words, "--seed", str(request.seed)])


def bundle_facts(folder: Path) -> dict[str, Any]:
    """Return what the page says of a learned policy; a missing entry is left out."""
    from sawyer_core.errors import SawyerError
    from sawyer_policies.bundles import read_info

    try:
        info, _ = read_info(folder)
    except SawyerError as error:
        return {"bundle": str(error)}
    training = info.training
    found: dict[str, Any] = {"policy": info.name, "base controller": info.base_controller}
    for key in ("algorithm", "reward", "noise_mm", "steps", "seed"):
        if isinstance(value := training.get(key), (str, int, float)):
            found[f"training: {key}" if key == "seed" else key] = value
    found["sees"] = ", ".join(array.name for array in info.observation_spec.arrays)
    found["correction"] = f"up to ±{info.action_scale_m * 1e3:g} mm per step"
    found["code"] = info.git_commit[:12]
    return {key: value for key, value in found.items() if value not in ("", None)}
