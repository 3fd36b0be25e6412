"""``sawyer demo``: the graph on the twin, a few insertions, and what there is to see of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sawyer_cli.choices import (
    CLOCKS,
    require_connector,
    require_policy,
    require_range,
)
from sawyer_cli.domains import own_domain
from sawyer_cli.errors import CommandError, require_choice
from sawyer_cli.evaluate import (
    EPISODE_WALL_S,
    LAUNCH_START_S,
    MAX_EPISODES,
    MAX_NOISE_MM,
    MAX_SEED,
)
from sawyer_cli.launching import LaunchOutcome, launch_command, log_tail, run_launch, shown
from sawyer_cli.paths import new_run_folder
from sawyer_cli.results import EpisodeRow, episode_table, read_episodes

if TYPE_CHECKING:
    from rich.console import Console

REALTIME_FACTOR = 4.0  # ours: a realtime session is allowed this many times longer


@dataclass(frozen=True)
class DemoRequest:
    """What the demo runs; the defaults are the user's first impression."""

    connector: str = "usb"
    policy: str = "p_controller"
    episodes: int = 5
    noise_mm: float = 0.0
    seed: int = 0
    clock: str = "lockstep"
    out: Path | None = None

    def checked(self) -> DemoRequest:
        """Return self, or raise ``CommandError`` with what is allowed."""
        require_connector(self.connector)
        require_policy(self.policy)
        require_choice("clock", self.clock, CLOCKS)
        require_range("--episodes", self.episodes, 1, MAX_EPISODES)
        require_range("--noise-mm", self.noise_mm, 0.0, MAX_NOISE_MM)
        require_range("--seed", self.seed, 0, MAX_SEED - self.episodes)
        return self

    def with_policy(self, policy: str) -> DemoRequest:
        """Return the same request for another policy."""
        return replace(self, policy=policy)

    def command(self, folder: Path) -> list[str]:
        """Return the launch that the demo is; what is the launch's default stays unsaid."""
        arguments: dict[str, object] = {
            "connector": self.connector,
            "policy": self.policy,
            "episodes": self.episodes,
            "record": True,
            "overview": True,
        }
        if self.noise_mm != 0.0:
            arguments["noise_mm"] = self.noise_mm
        if self.seed != 0:
            arguments["seed"] = self.seed
        if self.clock != "lockstep":
            arguments["clock"] = self.clock
        return launch_command({**arguments, "output_dir": folder})


def run_demo(request: DemoRequest, console: Console) -> int:
    """Run the demo; returns 0 only if the graph came up, ran and went down cleanly."""
    request.checked()
    try:
        folder = new_run_folder("demo", request.out)
    except OSError as error:
        raise CommandError(str(error)) from error
    command = request.command(folder)
    console.print(shown(command), style="bold", markup=False, soft_wrap=True, highlight=False)
    outcome = launch_with_display(request, command, folder, console)
    problems = [] if outcome.clean else [launch_problem(outcome, folder / "launch.log")]
    try:
        rows = read_episodes(folder)
    except CommandError as error:
        rows = []
        problems.append(str(error))
    if rows:
        console.print(episode_table(rows, f"{request.connector}, {request.policy}"))
        problems += session_problems(request, rows)
        problems += check_bags(folder, request.episodes)
        problems += make_report(folder, console)
    say_end(folder, problems, console)
    return 1 if problems else 0


def say_end(folder: Path, problems: Sequence[str], console: Console) -> None:
    """Say where everything is, and what went wrong."""
    text = f"everything is in {folder}"
    console.print(text, style="bold", markup=False, soft_wrap=True, highlight=False)
    for problem in problems:
        console.print("sawyer demo: ", style="red", end="")
        console.print(problem, markup=False, highlight=False, soft_wrap=True)


def launch_with_display(
    request: DemoRequest, command: list[str], folder: Path, console: Console
) -> LaunchOutcome:
    """Run the launch while showing how far it is."""
    from sawyer_cli.display import SessionDisplay
    from sawyer_cli.listener import GraphListener

    factor = REALTIME_FACTOR if request.clock == "realtime" else 1.0
    timeout_s = LAUNCH_START_S + factor * EPISODE_WALL_S * request.episodes
    with (
        own_domain() as domain,
        GraphListener(int(domain)) as listener,
        SessionDisplay(console, request.episodes) as display,
    ):
        if "ROS_DOMAIN_ID" not in os.environ:
            hint = f"ROS_DOMAIN_ID={domain} ./sawyer ros2 topic list"
            console.print(f"look at it from another terminal: {hint}", highlight=False)
        outcome = run_launch(
            command,
            folder / "launch.log",
            timeout_s=timeout_s,
            environment={"ROS_DOMAIN_ID": domain},
            on_tick=lambda: display.update(listener.view),
        )
        display.update(listener.view)
    if listener.failure:
        text = f"there was no live display ({listener.failure})"
        console.print(text, markup=False, highlight=False)
    return outcome


def launch_problem(outcome: LaunchOutcome, log: Path) -> str:
    """Say in one paragraph what went wrong with the launch."""
    words = [f"the launch ended with exit status {outcome.status}"]
    if outcome.interrupted:
        words.append("it was interrupted or ran out of time")
    if outcome.left_behind:
        words.append("it left processes behind: " + "; ".join(outcome.left_behind))
    return f"{', '.join(words)}. {log} ends with:\n{log_tail(log)}"


def session_problems(request: DemoRequest, rows: Sequence[EpisodeRow]) -> list[str]:
    """Return what is wrong with the session itself; a missed socket is a result, not a fault."""
    problems = []
    if len(rows) != request.episodes:
        problems.append(f"{len(rows)} of {request.episodes} episodes were run")
    problems += [
        f"episode {row.index} is not valid ({row.reason})" for row in rows if not row.valid
    ]
    return problems


def check_bags(folder: Path, episodes: int) -> list[str]:
    """Return what is wrong with the bags of a session."""
    from sawyer_core.errors import SawyerError
    from sawyer_datasets import BagStatus, verify_bag

    bags = sorted(path for path in (folder / "bags").glob("episode_*") if path.is_dir())
    problems = [] if len(bags) == episodes else [f"{len(bags)} bags for {episodes} episodes"]
    for bag in bags:
        try:
            report = verify_bag(bag)
        except SawyerError as error:
            problems.append(f"bag {bag.name}: {error}")
            continue
        if report.status is not BagStatus.COMPLETE:
            problems.append(f"bag {bag.name} is not whole:\n{report.summary()}")
    return problems


def make_report(folder: Path, console: Console) -> list[str]:
    """Make video, plots and page from the bags; returns problems."""
    from sawyer_core.errors import SawyerError
    from sawyer_datasets.report import build_report

    try:
        with console.status("drawing the report"):
            files = build_report(folder)
    except SawyerError as error:
        return [f"no report: {error}"]
    for name, path in (("page", files.page), ("video", files.video)):
        if path is not None:
            console.print(f"{name:6}{path}", markup=False, soft_wrap=True, highlight=False)
    problems = [f"report: {text}" for text in files.problems]
    return problems if files.video is not None else [*problems, "no video was made"]
