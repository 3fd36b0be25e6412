"""Demonstrations of insertion: 25 per connector ship with this package."""

from sawyer_datasets.demos.schema import ARRAYS, DemoEpisode, DemoInfo, DemoSet
from sawyer_datasets.demos.store import (
    SHIPPED,
    load_demos,
    read_demos,
    save_demos,
    shipped_connectors,
    shipped_folder,
)

__all__ = [
    "ARRAYS",
    "SHIPPED",
    "DemoEpisode",
    "DemoInfo",
    "DemoSet",
    "load_demos",
    "read_demos",
    "save_demos",
    "shipped_connectors",
    "shipped_folder",
]
