"""PyBullet twin of the Sawyer arm with three electrical connectors and a block assembly.

Importing it registers the Gymnasium environments ``Sawyer/Insertion-v0`` and
``Sawyer/Blocks-v0``; the engine is loaded only where a twin is made.
"""

from __future__ import annotations

import gymnasium

__all__ = ["BLOCKS_ENV_ID", "ENV_ID"]

ENV_ID = "Sawyer/Insertion-v0"
BLOCKS_ENV_ID = "Sawyer/Blocks-v0"
_ENTRY_POINTS = {
    ENV_ID: "sawyer_sim.env:InsertionEnv",
    BLOCKS_ENV_ID: "sawyer_sim.blocks.env:BlocksEnv",
}

for _env_id, _entry_point in _ENTRY_POINTS.items():
    if _env_id not in gymnasium.registry:
        gymnasium.register(_env_id, entry_point=_entry_point)
