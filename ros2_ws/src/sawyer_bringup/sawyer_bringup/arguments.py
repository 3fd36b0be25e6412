"""Launch arguments: declared in one place, described, checked, passed on.

An argument is one line in ``ARGUMENTS``; a launch file names the ones it takes.
"""

from __future__ import annotations

import difflib
import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration


@dataclass(frozen=True)
class Argument:
    """A launch argument; ``kind`` is str, int, float or bool."""

    default: str
    description: str
    kind: type = str
    choices: tuple[str, ...] | None = None
    low: float | None = None
    high: float | None = None

    def text(self) -> str:
        """The description, with what is allowed."""
        return self.description + ("" if self.low is None else f" ({self.allowed()})")

    def allowed(self) -> str:
        """What a number may be."""
        return f"from {self.low:.10g} to {self.high:.10g}"


def connectors() -> dict[str, Path]:
    """Task file of each connector of the twin.

    The files belong to sawyer_sim, which is found but not imported.
    """
    spec = importlib.util.find_spec("sawyer_sim")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [path for place in places for path in Path(place).glob("config/tasks/*.yaml")]
    return {path.stem: path for path in sorted(found)}


INSERTION = "insertion"
MAX_EPISODES = 100_000  # ours
MAX_SEED = 2**31 - 1 - MAX_EPISODES  # sawyer_controllers.episode: 2^31 - 1 for the last episode
ARGUMENTS: dict[str, Argument] = {
    "robot": Argument("twin", "which robot: only the driver include differs", choices=("twin",)),
    "connector": Argument(
        "usb", "board of the twin: the connector to insert", choices=tuple(connectors()) or None
    ),
    "policy": Argument("p_controller", "served policy (an unknown one lists the choices)"),
    "episodes": Argument(
        "1", "episodes to run, then everything shuts down", int, low=1, high=MAX_EPISODES
    ),
    "seed": Argument(
        "0", "seed of the session; everything drawn follows from it", int, low=0, high=MAX_SEED
    ),
    "noise_mm": Argument(
        "0.0", "half width of the goal noise in x and y, mm", float, low=0.0, high=10.0
    ),
    "horizon": Argument(
        "0", "control periods per episode; 0: the default of 50", int, low=0, high=100_000
    ),
    "task": Argument(
        "insertion",
        "insertion of a connector, or block assembly on twin A or B (connector is not used then)",
        choices=(INSERTION, "blocks", "blocks_b"),
    ),
    "block_yaw_rad": Argument(
        "0.0", "blocks: r, half width of the blocks' yaw, rad", float, low=0.0, high=0.5
    ),
    "block_yaw_set": Argument(
        "uniform", "blocks: yaw from U[-r, r], or one of 0, r, -r", choices=("uniform", "discrete")
    ),
    "control_sigma": Argument(
        "0.0",
        "standard deviation of the control noise, share of a full action",
        float,
        low=0.0,
        high=1.0,
    ),
    "control_mu": Argument("0.0", "mean of the control noise, the bias", float, low=-1, high=1),
    "reward": Argument(
        "auto",
        "reward that each step is given; image needs the camera; auto: sparse, or blocks",
        choices=("auto", "sparse", "dense", "image", "blocks", "blocks_tilt"),
    ),
    "policy_path": Argument(
        "", "folder with policy bundles, searched before SAWYER_POLICY_PATH and the shipped ones"
    ),
    "policy_server": Argument(
        "", "ws://host:port of a policy server elsewhere (sawyer serve); empty: one in the graph"
    ),
    "algorithm": Argument("sac", "learner", choices=("sac", "td3")),
    "observation": Argument("", "what the policy sees: a preset; empty: by the reward"),
    "base_controller": Argument(
        "p_controller",
        "p_controller: a residual policy is learned; none: it acts alone",
        choices=("p_controller", "none"),
    ),
    "steps": Argument(
        "8000",
        "environment steps to learn from, then everything shuts down",
        int,
        low=1,
        high=10_000_000,
    ),
    "settings": Argument("", "further settings of the training: 'key=value key=value'"),
    "record": Argument("false", "write a bag per episode to <output_dir>/bags", bool),
    "output_dir": Argument("runs/latest", "folder for episodes.json and the bags"),
    "clock": Argument(
        "lockstep",
        "lockstep: deterministic, as fast as possible; realtime: 1 kHz against the wall clock",
        choices=("lockstep", "realtime"),
    ),
    "camera": Argument("true", "render and publish the policy's camera", bool),
    "overview": Argument("false", "render and publish the overview camera (slow)", bool),
    "log_level": Argument(
        "info",
        "log level of all nodes",
        choices=("debug", "info", "warn", "error", "fatal"),
    ),
}
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def declare(
    names: Sequence[str], defaults: Mapping[str, str] | None = None
) -> list[DeclareLaunchArgument]:
    """Declaration actions of the named arguments; ``defaults`` differ in this launch file."""
    return [
        DeclareLaunchArgument(
            name,
            default_value=(defaults or {}).get(name, ARGUMENTS[name].default),
            description=ARGUMENTS[name].text(),
            choices=list(choices) if (choices := ARGUMENTS[name].choices) else None,
        )
        for name in names
    ]


def forward(names: Sequence[str]) -> list[tuple[str, LaunchConfiguration]]:
    """The named arguments as ``launch_arguments`` of an include."""
    return [(name, LaunchConfiguration(name)) for name in names]


def value(context: LaunchContext, name: str) -> str | int | float | bool:
    """The argument's value in its own type.

    Raises:
        ValueError: names the argument, the value and what is allowed.
    """
    argument = ARGUMENTS[name]
    text = LaunchConfiguration(name).perform(context)
    if argument.kind is bool:
        if text.lower() not in _BOOLEANS:
            raise ValueError(f"{name}:={text} is not allowed; allowed: true, false")
        return _BOOLEANS[text.lower()]
    if argument.kind is str:
        return text
    try:
        number = argument.kind(text)
    except ValueError:
        kind = "a whole number" if argument.kind is int else "a number"
        raise ValueError(f"{name}:={text} is not allowed; allowed: {kind}") from None
    if argument.low is None or argument.high is None:
        return number
    if not argument.low <= number <= argument.high:
        raise ValueError(f"{name}:={text} is not allowed; allowed: {argument.allowed()}")
    return number


def choose_board(context: LaunchContext) -> None:
    """Put the task's board where the launch files look for the connector's."""
    task = str(value(context, "task"))
    if task != INSERTION:
        context.launch_configurations["connector"] = task


def check_reward(context: LaunchContext) -> None:
    """Refuse a reward that looks at pictures where nobody takes them.

    Raises:
        ValueError: names both arguments.
    """
    if value(context, "reward") == "image" and not value(context, "camera"):
        raise ValueError("reward:=image is not allowed with camera:=false; allowed: camera:=true")


def make_folder(context: LaunchContext, name: str) -> Path:
    """Make the folder that an argument names, before anything that writes to it is started.

    Raises:
        ValueError: names the argument, the folder and what is wrong with it.
    """
    folder = Path(str(value(context, name)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(
            f"{name}:={folder} is not allowed ({reason}); allowed: a folder to write to"
        ) from None
    return folder


def refuse_unknown(given: Sequence[str], known: Sequence[str]) -> None:
    """Refuse launch arguments that nobody declared.

    Raises:
        ValueError: names the argument, the nearest match and all choices.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(
                f"unknown launch argument {name!r}{hint}; choices: {', '.join(known)}"
            )
