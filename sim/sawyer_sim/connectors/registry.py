"""Connector registry: names, files, and the assembled plug and socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import yaml

from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_core.tasks import InsertionTask, load_task
from sawyer_sim.connectors.config import ContactConfig, GraspConfig, MatingConfig, PlugConfig
from sawyer_sim.connectors.dsub import DsubGeometry
from sawyer_sim.connectors.model_e import ModelEGeometry
from sawyer_sim.connectors.usb import UsbGeometry
from sawyer_sim.shapes import Shape, box

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
