"""One training run from its config to its artefacts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import torch

from sawyer_core.errors import ConfigError
from sawyer_policies.devices import torch_device
from sawyer_policies.learners.errors import CheckpointError
from sawyer_policies.training.checkpoint import begin_with
from sawyer_policies.training.config import TrainingConfig, config_mapping, training_config
from sawyer_policies.training.demo_replay import DemoTransitions, load_transitions
from sawyer_policies.training.disk import PatientWriter, replace_file
from sawyer_policies.training.environment import (
    TrainingEnvironment,
    insertion_task,
    make_environment,
)
from sawyer_policies.training.finish import (
    TrainingResult,
    make_result,
    why_no_bundle,
    write_bundle,
    write_result,
)
from sawyer_policies.training.loop import Progress, TrainingLoop
from sawyer_policies.training.origin import record_origin

CONFIG_FILE = "config.json"

EnvironmentFactory: TypeAlias = Callable[[TrainingConfig], TrainingEnvironment]


def train(
    config: TrainingConfig,
    out_dir: Path,
    *,
    resume: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    notify: Callable[[str], None] = lambda _: None,
    writer: PatientWriter | None = None,
    environment: EnvironmentFactory = make_environment,
) -> TrainingResult:
    """Train a policy and write its run folder.

    Args:
        config: settings.
        out_dir: folder of the run: new or empty, or with ``resume`` one that was begun.
        resume: go on from the newest whole checkpoint; begin where there is none.
        progress: called after each episode.
        stop: asked between episodes; True saves a checkpoint and returns.
        notify: told what happens, in one line.
        writer: waits where the disk is full.
        environment: makes the environment; replaced in tests.

    Returns:
        What the run came to; ``finished`` is False where it was stopped.

    Raises:
        ConfigError, UnknownNameError: settings that do not work.
        CheckpointError: ``resume``, and no checkpoint can be used.
        NonFiniteLossError: the batch was saved; the message names the file.
    """
    torch_device(config.device)
    folder = Path(out_dir)
    patient = writer or PatientWriter(notify, stop)
    _check_folder(folder, resume=resume)
    torch.set_num_threads(config.threads)
    learned_in = environment(config)
    try:
        demos = _demonstrations(config, learned_in, notify)
        if not resume:
            _begin(folder, config, patient)
        loop = TrainingLoop(config, folder, learned_in, writer=patient, notify=notify, demos=demos)
        try:
            _go_on(loop, notify, resume=resume)
            finished = loop.run(progress, stop)
            return _finish(loop, finished, patient, notify)
        finally:
            loop.close()
    finally:
        learned_in.close()


def _go_on(loop: TrainingLoop, notify: Callable[[str], None], *, resume: bool) -> None:
    """Where the run stopped, or with the weights of another policy, or from nothing."""
    if resume and loop.restore():
        notify(f"going on at environment step {loop.state.env_steps}")
    elif loop.config.init_from:
        began = begin_with(loop.learner, Path(loop.config.init_from))
        notify(f"beginning with the weights of {began}")


def _check_folder(folder: Path, *, resume: bool) -> None:
    """Refuse to mix two runs."""
    if resume and not (folder / CONFIG_FILE).is_file():
        raise CheckpointError(f"{folder} is no training run: it has no {CONFIG_FILE}")
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("out", str(folder), "a new or empty folder (or go on with resume)")


def _demonstrations(
    config: TrainingConfig, learned_in: TrainingEnvironment, notify: Callable[[str], None]
) -> DemoTransitions | None:
    if not config.demos:
        return None
    found = load_transitions(config, insertion_task(learned_in.env), learned_in.encoder)
    notify(f"{len(found.replay)} demonstrated transitions")
    if found.left_out:
        notify(f"{found.left_out} left out: their action is beyond the policy's reach")
    return found


def _begin(folder: Path, config: TrainingConfig, writer: PatientWriter) -> None:
    """Make the folder of a new run, with its config and the commit of the code."""
    text = json.dumps(config_mapping(config), indent=1) + "\n"
    writer.run(lambda: folder.mkdir(parents=True, exist_ok=True), str(folder))
    writer.run(lambda: replace_file(folder / CONFIG_FILE, text.encode()), CONFIG_FILE)
    record_origin(folder, writer)


def read_config(folder: Path) -> TrainingConfig:
    """Config that a run was begun with.

    Raises:
        CheckpointError: the folder is no training run.
    """
    path = Path(folder) / CONFIG_FILE
    try:
        return training_config(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder} is no training run: {error}") from error


def _finish(
    loop: TrainingLoop, finished: bool, writer: PatientWriter, notify: Callable[[str], None]
) -> TrainingResult:
    config, folder = loop.config, loop.folder
    bundle = ""
    note = why_no_bundle(config) if finished else ""
    if note:
        notify(note)
    elif finished:
        policy = loop.policy()
        observation = loop.environment.observation
        path = writer.run(
            lambda: write_bundle(folder, config, observation, policy, loop.state.env_steps),
            "the bundle",
        )
        bundle = str(path)
    result = make_result(
        folder,
        finished=finished,
        bundle=bundle,
        updates=loop.learner.updates,
        wall_s=loop.state.wall_s,
        note=note,
    )
    write_result(folder, config, result, writer)
    return result
