"""The command tree. Commands import what they need when they run, so that help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sawyer_cli.demos import demos_app
from sawyer_cli.errors import CommandError
from sawyer_cli.report_app import report_app
from sawyer_cli.train import train_app

app = typer.Typer(
    name="sawyer",
    help="Sawyer connector insertion: twin, ROS 2 graph, evaluation and benchmarks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


eval_app = typer.Typer(no_args_is_help=True, help="Evaluate policies.")
bench_app = typer.Typer(no_args_is_help=True, help="Measure speed.")
bag_app = typer.Typer(no_args_is_help=True, help="Check and mend episode bags.")
app.add_typer(eval_app, name="eval")
app.add_typer(bench_app, name="bench")
app.add_typer(train_app, name="train")
app.add_typer(demos_app, name="demos")
app.add_typer(report_app, name="report")
app.add_typer(bag_app, name="bag")


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


@app.command()
def demo(
    connector: Annotated[str, typer.Option(help="usb, dsub or model_e")] = "usb",
    policy: Annotated[
        str | None,
        typer.Option(
            help="show this served policy (or the bundle of a folder) alone, not two side by side"
        ),
    ] = None,
    learned: Annotated[
        str | None,
        typer.Option(
            help="the learned policy beside the P-controller "
            "[default: residual_sac_image_<connector>]"
        ),
    ] = None,
    episodes: Annotated[int, typer.Option(help="number of insertions (of each policy)")] = 5,
    noise_mm: Annotated[
        float | None,
        typer.Option(
            help="half width of the uniform goal noise in x and y, mm "
            "[default: 1; 0 with --policy]"
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the first episode")] = 0,
    clock: Annotated[str, typer.Option(help="lockstep or realtime")] = "lockstep",
    out: Annotated[
        Path | None, typer.Option(help="folder for the results [default: runs/demo-<date>]")
    ] = None,
) -> None:
    """Bring the ROS 2 graph up on the twin; hand-designed and learned policy side by side."""
    from rich.console import Console

    from sawyer_cli.choices import resolve_policy
    from sawyer_cli.contrast import HAND, NOISE_MM, run_contrast
    from sawyer_cli.demo import DemoRequest, run_demo

    if policy is not None and learned is not None:
        raise CommandError("--policy shows one policy alone, --learned names one of two: use one")
    default_mm = NOISE_MM if policy is None else 0.0
    noise = default_mm if noise_mm is None else noise_mm
    policy = None if policy is None else resolve_policy(policy)
    learned = None if learned is None else resolve_policy(learned)
    request = DemoRequest(connector, policy or HAND, episodes, noise, seed, clock, out)
    if policy is None:
        raise typer.Exit(run_contrast(request, learned, Console()))
    raise typer.Exit(run_demo(request, Console()))


@eval_app.command("insertion")
def evaluate_insertion(
    connector: Annotated[str, typer.Option(help="usb, dsub or model_e")] = "usb",
    policy: Annotated[
        str, typer.Option(help="a served policy, or the folder of a bundle")
    ] = "p_controller",
    noise_mm: Annotated[
        float, typer.Option(help="half width of the uniform goal noise in x and y, mm")
    ] = 0.0,
    episodes: Annotated[int, typer.Option(help="number of insertions")] = 100,
    seed: Annotated[int, typer.Option(help="seed of the first episode")] = 0,
    backend: Annotated[str, typer.Option(help="gym (one process) or ros (the graph)")] = "gym",
    workers: Annotated[int, typer.Option(help="processes of the gym back end")] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the summary to this file")
    ] = None,
) -> None:
    """Success rate over many episodes, with its 95 % interval."""
    from rich.console import Console

    from sawyer_cli.choices import resolve_policy
    from sawyer_cli.evaluate import (
        EvaluationRequest,
        evaluate,
        json_text,
        summary_table,
    )
    from sawyer_cli.paths import new_run_folder, require_writable, write_atomically

    require_writable(json_file)
    request = EvaluationRequest(
        connector, resolve_policy(policy), noise_mm, episodes, seed, backend, workers
    ).checked()
    folder = new_run_folder("eval", None) if backend == "ros" else None
    result = evaluate(request, folder)
    Console().print(summary_table(result))
    if json_file is not None:
        write_atomically(json_file, json_text(result))
        print(f"wrote {json_file}")
    raise typer.Exit(1 if result["invalid"] else 0)


@eval_app.command("blocks")
def evaluate_blocks_command(
    policy: Annotated[
        str, typer.Option(help="a served policy, the folder of a bundle, or hand: no correction")
    ] = "hand",
    yaw_rad: Annotated[
        float | None,
        typer.Option(help="r, half width of the yaw, rad [default: 0; discrete: 20 degrees]"),
    ] = None,
    yaw_set: Annotated[str, typer.Option(help="uniform U[-r, r] or discrete {0, r, -r}")] = (
        "uniform"
    ),
    sigma: Annotated[
        float,
        typer.Option("--noise-sigma", "--control-sigma", help="noise, share of a full action"),
    ] = 0.0,
    mu: Annotated[
        float,
        typer.Option("--bias-mu", "--control-mu", help="control bias, share of a full action"),
    ] = 0.0,
    scene: Annotated[str, typer.Option(help="blocks (twin A) or blocks_b (twin B)")] = "blocks",
    episodes: Annotated[int, typer.Option(help="number of assemblies")] = 20,
    seed: Annotated[int, typer.Option(help="seed of the first episode")] = 0,
    backend: Annotated[str, typer.Option(help="gym (one process) or ros (the graph)")] = "gym",
    workers: Annotated[int, typer.Option(help="processes of the gym back end")] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write the summary to this file")
    ] = None,
) -> None:
    """Block assembly: success rate over many episodes, with its 95 % interval."""
    from rich.console import Console

    from sawyer_cli.choices import resolve_policy
    from sawyer_cli.evaluate import json_text, summary_table
    from sawyer_cli.evaluate_blocks import HAND, BlocksRequest, evaluate_blocks
    from sawyer_cli.paths import new_run_folder, require_writable, write_atomically

    require_writable(json_file)
    name = HAND if policy == "hand" else resolve_policy(policy)
    request = BlocksRequest(
        scene, name, yaw_rad, yaw_set, sigma, mu, episodes, seed, backend, workers
    ).checked()
    folder = new_run_folder("eval", None) if backend == "ros" else None
    result = evaluate_blocks(request, folder)
    Console().print(summary_table(result))
    if json_file is not None:
        write_atomically(json_file, json_text(result))
        print(f"wrote {json_file}")
    raise typer.Exit(1 if result["invalid"] else 0)


@bench_app.command("sim")
def bench_sim(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
    seconds: Annotated[float, typer.Option(help="wall time per figure, s")] = 5.0,
) -> None:
    """Speed of the twin: environment steps, overhead over bare physics, the graph in lockstep."""
    from sawyer_cli.benches import run_bench_sim

    raise typer.Exit(run_bench_sim(json_file, seconds))


@bench_app.command("ros")
def bench_ros(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
) -> None:
    """Speed of the runtime against a bare cyclonedds-python pair in the same run."""
    from sawyer_cli.benches import run_bench_ros

    raise typer.Exit(run_bench_ros(json_file))


@bench_app.command("policy-server")
def bench_policy_server(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
    seconds: Annotated[float, typer.Option(help="wall time of each measurement, s")] = 30.0,
    clients: Annotated[int, typer.Option(help="robots at 10 Hz each")] = 16,
    policy: Annotated[
        str | None,
        typer.Option(
            help="a served policy, or the folder of a bundle [default: an image policy of the "
            "shipped size with random weights]"
        ),
    ] = None,
) -> None:
    """Latency of the policy server: one robot, then many robots on two cores, late replies."""
    from sawyer_cli.bench_policy_server import run_bench_policy_server

    raise typer.Exit(run_bench_policy_server(json_file, seconds, clients, policy))


@bench_app.command("learners")
def bench_learners(
    json_file: Annotated[Path | None, typer.Option("--json", help="write the figures")] = None,
    seconds: Annotated[float, typer.Option(help="wall time per contestant and case, s")] = 5.0,
) -> None:
    """Gradient updates per second of SAC and TD3 beside Stable-Baselines3, in one run."""
    from sawyer_cli.bench_learners import run_bench_learners

    raise typer.Exit(run_bench_learners(json_file, seconds))


@bag_app.command("verify")
def bag_verify(
    path: Annotated[Path, typer.Argument(help="a bag folder, or a folder of bags")],
    as_json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Say whether a bag is whole (exit 0), cut short but readable (3), or damaged (1)."""
    from sawyer_cli.bags import verify

    raise typer.Exit(verify(path, as_json=as_json))


@bag_app.command("recover")
def bag_recover(
    path: Annotated[Path, typer.Argument(help="a bag folder that a crash cut short")],
    out: Annotated[
        Path | None, typer.Option(help="folder to make [default: <bag>_recovered]")
    ] = None,
) -> None:
    """Write everything that can be read of a bag into a new one; the old one stays."""
    from sawyer_cli.bags import recover

    raise typer.Exit(recover(path, out))


@app.command()
def serve(
    policy: Annotated[
        list[str] | None,
        typer.Option(help="load this policy (or the bundle of a folder) at the start; repeatable"),
    ] = None,
    policy_path: Annotated[
        list[Path] | None,
        typer.Option(help="folder of bundles, before SAWYER_POLICY_PATH; repeatable"),
    ] = None,
    host: Annotated[str, typer.Option(help="address; 0.0.0.0: all networks")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port; 0: a free one")] = 8765,
    device: Annotated[str, typer.Option(help="where networks run: cpu or cuda")] = "cpu",
    threads: Annotated[int, typer.Option(help="threads of a network")] = 1,
) -> None:
    """Serve policies without ROS, for robots elsewhere; /healthz and /metrics on the same port."""
    from sawyer_cli.serve import ServeRequest, run_serve

    request = ServeRequest(tuple(policy or ()), tuple(policy_path or ()), host, port, device)
    raise typer.Exit(run_serve(request, threads))


@app.command()
def doctor() -> None:
    """Check this machine and this environment."""
    from sawyer_cli.doctor import run_doctor

    raise typer.Exit(run_doctor())


@app.command("ros2", context_settings={"ignore_unknown_options": True})
def ros2(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Any ros2 command of this environment, e.g. `sawyer ros2 topic list`."""
    from sawyer_cli.main import main

    raise typer.Exit(main(["ros2", *(arguments or [])]))


def run(words: Sequence[str]) -> int:
    """Run the command tree on ``words`` and return the exit status."""
    try:
        status = app(args=list(words), standalone_mode=True, prog_name="sawyer")
    except CommandError as error:
        print(f"sawyer: {error}", file=sys.stderr)
        return error.status
    except SystemExit as exit_request:
        code = exit_request.code
        return code if isinstance(code, int) else int(code is not None)
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "torch":
            from sawyer_cli.torch_needed import torch_message

            print(f"sawyer: {torch_message('this command')}", file=sys.stderr)
            return 1
        if not is_expected(error):
            raise  # a fault of ours: the traceback is the report
        print(f"sawyer: {error}", file=sys.stderr)
        return 1
    return int(status or 0)


def is_expected(error: Exception) -> bool:
    """Say whether an error speaks for itself: the system's, or one of the libraries' own."""
    from sawyer_core.errors import SawyerError

    return isinstance(error, (OSError, SawyerError))
