"""Hand-written policies: straight down, random search, spiral search (thesis chapter 10)."""

from sawyer_controllers.scripted.base import (
    SCRIPTED_POLICIES,
    PolicyProtocol,
    make_scripted,
    scripted_spec,
)
from sawyer_controllers.scripted.p_only import BasePolicy
from sawyer_controllers.scripted.random_search import RandomSearch, RandomSearchConfig
from sawyer_controllers.scripted.spiral_search import SpiralSearch, SpiralSearchConfig
from sawyer_controllers.scripted.straight_down import StraightDown, StraightDownConfig

__all__ = [
    "SCRIPTED_POLICIES",
    "BasePolicy",
    "PolicyProtocol",
    "RandomSearch",
    "RandomSearchConfig",
    "SpiralSearch",
    "SpiralSearchConfig",
    "StraightDown",
    "StraightDownConfig",
    "make_scripted",
    "scripted_spec",
]
