"""The three connectors of the board, each read from ``config/connectors/<name>.yaml``."""

from __future__ import annotations

from sawyer_sim.connectors.registry import (
    CONNECTOR_NAMES,
    Connector,
    Geometry,
    connector_from_mapping,
    load_connector,
    load_connector_task,
    task_path,
)

__all__ = [
    "CONNECTOR_NAMES",
    "Connector",
    "Geometry",
    "connector_from_mapping",
    "load_connector",
    "load_connector_task",
    "task_path",
]
