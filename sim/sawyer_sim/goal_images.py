"""Goal images of the twin: the seated plug as the policy sees it, median of several frames.

``python -m sawyer_sim.goal_images`` writes them beside the tasks.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sawyer_controllers.episode import EpisodeSpec
from sawyer_core.errors import SimulationError
from sawyer_core.pictures import write_pgm
from sawyer_core.types import Image
from sawyer_sim.camera_config import CameraConfig
from sawyer_sim.config import TwinConfig
from sawyer_sim.connectors import CONNECTOR_NAMES, task_path
from sawyer_sim.session import InsertionSession
from sawyer_sim.twin import Twin

FRAMES = 10  # residual_insertion_daib B.2.1: median of 10 frames
FIRST_SEED = 40_000  # ours: apart from the seeds of training, tuning and evaluation
_ATTEMPTS = 50


def goal_image(connector: str) -> Image:
    """(32, 32) uint8 view of the seated plug, under the camera's and light's nominal settings.

    The plug is inserted with the exact goal; the first seed whose insertion succeeds is taken.

    Raises:
        SimulationError: no insertion succeeded.
    """
    steady = CameraConfig(
        pose_jitter_m=0.0, aim_jitter_m=0.0, light_jitter=0.0, texture_jitter=0.0
    )
    with Twin(connector, TwinConfig(camera=steady)) as twin:
        session = InsertionSession(twin)
        for seed in range(FIRST_SEED, FIRST_SEED + _ATTEMPTS):
            session.begin(EpisodeSpec(connector=connector, seed=seed))
            done = False
            while not done:
                done = session.step(np.zeros(3)).done
            if session.result().success:
                return _median_view(twin)
    raise SimulationError(f"none of {_ATTEMPTS} insertions of {connector} succeeded")


def _median_view(twin: Twin) -> Image:
    frames = []
    for _ in range(FRAMES):
        twin.advance(None)
        frames.append(twin.render_policy_view())
    median: Image = np.rint(np.median(np.stack(frames), axis=0)).astype(np.uint8)
    return median


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the goal images of the connectors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connector", choices=CONNECTOR_NAMES, action="append")
    parser.add_argument("--out", type=Path, default=None, help="folder, by default the tasks'")
    options = parser.parse_args(arguments)
    for name in options.connector or CONNECTOR_NAMES:
        folder = task_path(name).parent if options.out is None else options.out
        path = folder / f"{name}_goal.pgm"
        write_pgm(path, goal_image(name))
        print(path.name)


if __name__ == "__main__":
    main()
