"""Block assembly of thesis chapter 8: a carried block goes between two that stand free."""

from sawyer_sim.blocks.assembly import (
    BLOCKS_NAMES,
    BlockAssembly,
    blocks_from_mapping,
    blocks_task_path,
    load_blocks,
)
from sawyer_sim.blocks.config import BlocksConfig, TrackerConfig

__all__ = [
    "BLOCKS_NAMES",
    "BlockAssembly",
    "BlocksConfig",
    "TrackerConfig",
    "blocks_from_mapping",
    "blocks_task_path",
    "load_blocks",
]
