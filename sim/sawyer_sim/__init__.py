"""PyBullet twin of the Sawyer arm with three electrical connectors.

Importing it registers the Gymnasium environment ``Sawyer/Insertion-v0``; the engine is loaded
only where a twin is made.
"""

from __future__ import annotations

import gymnasium

__all__ = ["ENV_ID"]

ENV_ID = "Sawyer/Insertion-v0"

if ENV_ID not in gymnasium.registry:
    gymnasium.register(ENV_ID, entry_point="sawyer_sim.env:InsertionEnv")
