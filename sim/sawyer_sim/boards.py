"""What can lie on the twin's table: a connector's board or the block assembly."""

from __future__ import annotations

from pathlib import Path

from sawyer_core.errors import UnknownNameError
from sawyer_core.tasks import InsertionTask, load_task
from sawyer_sim.blocks import BLOCKS_NAMES, blocks_task_path, load_blocks
from sawyer_sim.connectors import CONNECTOR_NAMES, Connector, load_connector, task_path

BOARD_NAMES: tuple[str, ...] = (*CONNECTOR_NAMES, *BLOCKS_NAMES)


def load_board(name: str) -> Connector:
    """Connector or block assembly by name."""
    _check_name(name)
    return load_blocks(name) if name in BLOCKS_NAMES else load_connector(name)


def board_task_path(name: str) -> Path:
    """File of the board's task on the twin."""
    _check_name(name)
    return blocks_task_path(name) if name in BLOCKS_NAMES else task_path(name)


def load_board_task(name: str) -> InsertionTask:
    """Task of a board on the twin."""
    return load_task(board_task_path(name))


def _check_name(name: str) -> None:
    if name not in BOARD_NAMES:
        raise UnknownNameError("board", name, BOARD_NAMES)
