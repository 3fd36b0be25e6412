"""Checkpoints of a run: numbered folders, each whole or not there; the last two are kept."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sawyer_core.errors import ConfigError
from sawyer_policies.learners import Learner
from sawyer_policies.learners.checkpoint import load_learner, save_learner
from sawyer_policies.learners.errors import CheckpointError
from sawyer_policies.learners.replay import ReplayBuffer
from sawyer_policies.observations import LearnerSpaces
from sawyer_policies.training.config import TrainingConfig, config_mapping
from sawyer_policies.training.disk import sha256_of, sync_folder, write_file

FOLDER = "checkpoint"
MANIFEST = "manifest.json"
TRAINER = "trainer.json"
REPLAY = "replay"
LEARNER = "learner"
KEPT = 2


@dataclass(frozen=True)
class Restored:
    """What a checkpoint held."""

    path: Path
    trainer: dict[str, Any]
    tensors: dict[str, Any]
    meta: dict[str, Any]
    replay: ReplayBuffer


def check_same_config(config: TrainingConfig, found: Restored) -> None:
    """A run goes on only with the settings it began with.

    Raises:
        CheckpointError: the checkpoint says nothing of them.
        ConfigError: names the first that differs.
    """
    now = json.loads(json.dumps(config_mapping(config)))
    then = found.trainer.get("config")
    if not isinstance(then, dict):
        raise CheckpointError(f"{found.path} has no config")
    for name in sorted(now.keys() | then.keys()):
        if now.get(name) != then.get(name):
            before = repr(then[name]) if name in then else "a version without this setting"
            raise ConfigError(name, now.get(name), f"{before}, as the run began")


def save_checkpoint(
    run: Path,
    env_steps: int,
    *,
    trainer: Mapping[str, Any],
    learner: tuple[Mapping[str, Any], Mapping[str, Any]],
    replay: ReplayBuffer,
) -> Path:
    """Write the checkpoint of ``env_steps``; the older ones stay until it is whole.

    Args:
        run: folder of the run.
        env_steps: environment steps so far; names the folder.
        trainer: state of the loop, JSON-able.
        learner: what ``Learner.state()`` gives.
        replay: stored transitions.

    Raises:
        OSError: the disk; nothing of this checkpoint is left.
    """
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(".*.part"):
        shutil.rmtree(old, ignore_errors=True)
    existing = checkpoints(run)
    target = folder / f"{env_steps:09d}"
    part = folder / f".{target.name}.{os.getpid()}.part"
    try:
        part.mkdir()
        if existing:
            _link(existing[0] / REPLAY, part / REPLAY)
        replay.save(part / REPLAY)
        save_learner(part / LEARNER, *learner)
        write_file(part / TRAINER, json.dumps(trainer, indent=1).encode())
        write_file(part / MANIFEST, json.dumps(_manifest(part), indent=1).encode())
        sync_folder(part)
        if target.exists():
            shutil.rmtree(target)
        part.rename(target)
        sync_folder(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    for old in checkpoints(run)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def _link(source: Path, target: Path) -> None:
    """Share the files of the last checkpoint: chunks of the replay are never rewritten."""
    target.mkdir()
    for path in source.iterdir():
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.rmtree(target)
            return


def _manifest(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def checkpoints(run: Path) -> list[Path]:
    """Checkpoint folders of a run, newest first; they may still be refused."""
    found = (run / FOLDER).glob("[0-9]*")
    return sorted((path for path in found if path.is_dir()), reverse=True)


def verify(path: Path) -> None:
    """Compare every file with the manifest.

    Raises:
        CheckpointError: names the file that is missing, cut short or altered.
    """
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        entries = {name: (entry["bytes"], entry["sha256"]) for name, entry in manifest.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path / MANIFEST} cannot be read: {error}") from error
    for name, (size, sha256) in entries.items():
        file = path / name
        if not file.is_file():
            raise CheckpointError(f"{file} is missing; the checkpoint is refused")
        if file.stat().st_size != size:
            found = file.stat().st_size
            raise CheckpointError(f"{file} has {found} of {size} bytes; the checkpoint is refused")
        if sha256_of(file) != sha256:
            raise CheckpointError(f"{file} was altered; the checkpoint is refused")


def load_checkpoint(path: Path, spaces: LearnerSpaces, *, device: str = "cpu") -> Restored:
    """Read one checkpoint.

    Raises:
        CheckpointError: it is not whole, or is of another observation.
    """
    verify(path)
    trainer = json.loads((path / TRAINER).read_text(encoding="utf-8"))
    tensors, meta = load_learner(path / LEARNER)
    replay = ReplayBuffer.load(path / REPLAY, spaces, device=device)
    return Restored(path, trainer, tensors, meta, replay)


def load_newest(
    run: Path, spaces: LearnerSpaces, notify: Callable[[str], None], *, device: str = "cpu"
) -> Restored | None:
    """The newest checkpoint that is whole; None where there is none at all.

    Raises:
        CheckpointError: there are checkpoints, but each of them is damaged.
    """
    problems = []
    found = checkpoints(run)
    for path in found:
        try:
            restored = load_checkpoint(path, spaces, device=device)
        except CheckpointError as error:
            problems.append(str(error))
            notify(f"checkpoint {path.name} is refused: {error}")
            continue
        if problems:
            notify(f"going on from the previous checkpoint, {path.name}")
        return restored
    if problems:
        raise CheckpointError("no checkpoint can be used: " + "; ".join(problems))
    return None


def begin_with(learner: Learner, run: Path) -> Path:
    """Give a fresh learner the weights of a run's newest whole checkpoint, and its path.

    Chance and counters stay the fresh learner's own.

    Raises:
        CheckpointError: there is no whole checkpoint, or it is of another learner.
    """
    problems = []
    for path in checkpoints(run):
        try:
            verify(path)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        tensors, meta = load_learner(path / LEARNER)
        own = learner.state()[1]
        kept = {name: own[name] for name in ("generators", "updates", "actor_updates")}
        plain = {k: v for k, v in tensors.items() if not k.startswith("average.")}
        learner.load_state(plain, {**meta, **kept})
        return path
    raise CheckpointError(f"{run} has no whole checkpoint; {'; '.join(problems)}".rstrip("; "))
