"""Block assembly of thesis chapter 8: success, rewards; shared by the twin and the graph."""

from sawyer_controllers.blocks.rewards import (
    BLOCKS_REWARDS,
    BlocksReward,
    BlocksRewardConfig,
    make_blocks_reward,
)
from sawyer_controllers.blocks.sensing import BlocksSensor, BlocksSuccessConfig, make_sensor

__all__ = [
    "BLOCKS_REWARDS",
    "BlocksReward",
    "BlocksRewardConfig",
    "BlocksSensor",
    "BlocksSuccessConfig",
    "make_blocks_reward",
    "make_sensor",
]
