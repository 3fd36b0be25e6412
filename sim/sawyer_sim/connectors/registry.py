"""Connector registry: names, files, and the assembled plug and socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import yaml

from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.tasks import InsertionTask, load_task
from sawyer_core.types import Array
from sawyer_sim.board import LooseBody, board_shapes
from sawyer_sim.connectors.config import ContactConfig, GraspConfig, MatingConfig, PlugConfig
from sawyer_sim.connectors.dsub import DsubGeometry
from sawyer_sim.connectors.model_e import ModelEGeometry
from sawyer_sim.connectors.usb import UsbGeometry
from sawyer_sim.shapes import Shape, box

if TYPE_CHECKING:
    from sawyer_sim.world import World

CONNECTOR_NAMES: tuple[str, ...] = ("usb", "dsub", "model_e")

_CONFIG_FOLDER = Path(__file__).resolve().parent.parent / "config"
_GEOMETRY: dict[str, type[Any]] = {
    "usb": UsbGeometry,
    "dsub": DsubGeometry,
    "model_e": ModelEGeometry,
}


class Geometry(Protocol):
    """What a connector's dimensions class offers."""

    @property
    def length_m(self) -> float:
        """Length of the part that goes into the socket."""

    def plug(self) -> list[Shape]:
        """Plug shapes, plug frame (origin at the tip, z towards the gripper)."""

    def socket(self) -> list[Shape]:
        """Socket shapes, socket frame (origin in the mouth, z out of the socket)."""


class StandingObjects(Protocol):
    """Loose bodies of one episode, and what is seen of them."""

    def track(self, tick: int) -> Array:
        """(10,) what the object tracker says at a tick of the episode."""

    def poses(self) -> list[float]:
        """True position (3) and quaternion xyzw (4) of each body, one after the other."""


@dataclass(frozen=True)
class Connector:
    """One connector: dimensions and everything that decides how it goes in."""

    name: str
    title: str
    geometry: Geometry
    plug: PlugConfig
    grasp: GraspConfig
    mating: MatingConfig
    contacts: ContactConfig

    @property
    def insertion_depth_m(self) -> float:
        """Depth of the seated plug: its shoulder rests on the rim."""
        return self.geometry.length_m

    @cached_property
    def plug_shapes(self) -> tuple[Shape, ...]:
        """Plug with its handle, plug frame."""
        x, y, z = self.plug.handle_size_m
        low = self.geometry.length_m
        handle = box((-0.5 * x, 0.5 * x), (-0.5 * y, 0.5 * y), (low, low + z), role="handle")
        return (*self.geometry.plug(), handle)

    @cached_property
    def socket_shapes(self) -> tuple[Shape, ...]:
        """Socket, socket frame."""
        return tuple(self.geometry.socket())

    @cached_property
    def fixtures(self) -> tuple[tuple[Shape, ...], ...]:
        """Everything immovable on the table, in the engine's order, socket frame."""
        return (self.socket_shapes, tuple(board_shapes(self.socket_shapes)))

    @property
    def loose_bodies(self) -> tuple[LooseBody, ...]:
        """Bodies that stand free: none around a connector."""
        return ()

    def stand_objects(
        self, world: World, seed: np.random.SeedSequence, yaw_rad: Sequence[float] | None
    ) -> StandingObjects | None:
        """Stand the loose bodies in the world; None where there are none.

        Raises:
            ConfigError: a yaw is given for bodies that are not there.
        """
        if yaw_rad is not None and len(yaw_rad) > 0:
            raise ConfigError(
                "object_yaw_rad", list(yaw_rad), f"nothing: {self.name} has no blocks"
            )
        return None


def connector_from_mapping(name: str, data: Mapping[str, Any]) -> Connector:
    """Connector from a parsed file."""
    _check_name(name)
    groups: dict[str, type[Any]] = {
        "geometry": _GEOMETRY[name],
        "plug": PlugConfig,
        "grasp": GraspConfig,
        "mating": MatingConfig,
        "contacts": ContactConfig,
    }
    for key in data:
        if key not in groups and key != "title":
            raise UnknownNameError(f"section of connector {name}", key, ["title", *groups])
    parts = {key: from_mapping(cls, data.get(key, {}), f"{key}.") for key, cls in groups.items()}
    return Connector(name=name, title=str(data.get("title", name)), **parts)


def load_connector(name: str) -> Connector:
    """Connector by name."""
    _check_name(name)
    path = _CONFIG_FOLDER / "connectors" / f"{name}.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping):
        raise ConfigError(str(path.name), data, "a mapping of sections")
    return connector_from_mapping(name, data)


def task_path(name: str) -> Path:
    """File of the connector's insertion task on the twin."""
    _check_name(name)
    return _CONFIG_FOLDER / "tasks" / f"{name}.yaml"


def load_connector_task(name: str) -> InsertionTask:
    """Insertion task of a connector on the twin."""
    return load_task(task_path(name))


def _check_name(name: str) -> None:
    if name not in CONNECTOR_NAMES:
        raise UnknownNameError("connector", name, CONNECTOR_NAMES)
