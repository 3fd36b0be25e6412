"""A batch whose loss was not finite, saved for a look at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import safetensors.numpy

from sawyer_policies.learners.errors import NonFiniteLossError
from sawyer_policies.training.disk import PatientWriter, replace_file

FOLDER = "inspection"


def save_bad_batch(run: Path, error: NonFiniteLossError, env_steps: int) -> Path:
    """Write the batch of ``error`` and beside it what is known; returns the batch's path."""
    folder = run / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"update_{error.update:09d}.safetensors"
    replace_file(path, safetensors.numpy.save(error.batch.as_arrays()))
    known = {
        "problem": str(error),
        "update": error.update,
        "env_steps": env_steps,
        "metrics": {name: repr(value) for name, value in error.metrics.items()},
    }
    replace_file(path.with_suffix(".json"), json.dumps(known, indent=1).encode() + b"\n")
    return path


@contextmanager
def bad_batch_saved(run: Path, writer: PatientWriter, env_steps: int) -> Iterator[None]:
    """Save the batch of a loss that is not finite and name its file in the error's message.

    Raises:
        NonFiniteLossError: as it came, with the file.
    """
    try:
        yield
    except NonFiniteLossError as error:
        problem = error
        path = writer.run(lambda: save_bad_batch(run, problem, env_steps), "the batch")
        error.args = (f"{error}; training stopped, the batch is saved in {path}",)
        raise
