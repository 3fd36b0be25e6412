"""The block assembly as the twin's board: the carried block takes the plug's seat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from sawyer_core.config import from_mapping
from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_sim.blocks.config import BlocksConfig, BlocksGeometry
from sawyer_sim.blocks.objects import StandingBlocks
from sawyer_sim.board import LooseBody, table_shape
from sawyer_sim.connectors.config import ContactConfig, GraspConfig, MatingConfig, PlugConfig
from sawyer_sim.connectors.registry import Connector
from sawyer_sim.shapes import Shape, box

if TYPE_CHECKING:
    from sawyer_sim.world import World

BLOCKS_NAMES: tuple[str, ...] = ("blocks", "blocks_b")
SIDES: tuple[str, ...] = ("left", "right")  # left stands at -x, right at +x
_RGBA = {"left": (0.72, 0.45, 0.20, 1.0), "right": (0.80, 0.62, 0.25, 1.0)}
_CONFIG_FOLDER = Path(__file__).resolve().parent.parent / "config"


@dataclass(frozen=True)
class CarriedGeometry:
    """The carried block as the twin wants a plug: it has no socket."""

    blocks: BlocksGeometry

    @property
    def length_m(self) -> float:
        """Length of the part that goes between the standing blocks."""
        return self.blocks.carried_size_m[2]

    def plug(self) -> list[Shape]:
        """The carried block, frame of its lower end, z towards the gripper."""
        width, depth, height = self.blocks.carried_size_m
        return _with_edges(0.5 * width, 0.5 * depth, height, self.blocks.edge_m)

    def socket(self) -> list[Shape]:
        """Nothing: the standing blocks are loose."""
        return []


@dataclass(frozen=True)
class BlockAssembly(Connector):
    """A board without a socket, with two standing blocks."""

    blocks: BlocksConfig = field(default_factory=BlocksConfig)

    @property
    def sizes(self) -> BlocksGeometry:
        """Sizes of the blocks."""
        geometry = self.geometry
        if not isinstance(geometry, CarriedGeometry):
            raise ConfigError("geometry", type(geometry).__name__, "CarriedGeometry")
        return geometry.blocks

    @cached_property
    def fixtures(self) -> tuple[tuple[Shape, ...], ...]:
        """The table."""
        return ((table_shape(self.sizes.standing_size_m[2]),),)

    @cached_property
    def loose_bodies(self) -> tuple[LooseBody, ...]:
        """Left and right standing block at home; their tops are the plane of the mouth."""
        sizes = self.sizes
        x, y, z = sizes.standing_size_m
        away = 0.5 * (sizes.carried_size_m[0] + x) + sizes.clearance_m
        return tuple(
            LooseBody(
                side,
                (x, y, z),
                self.blocks.standing.mass_kg,
                (sign * away, 0.0, -0.5 * z),
                _RGBA[side],
            )
            for side, sign in zip(SIDES, (-1.0, 1.0), strict=True)
        )

    def stand_objects(
        self, world: World, seed: np.random.SeedSequence, yaw_rad: Sequence[float] | None
    ) -> StandingBlocks:
        """Stand both blocks at home, turned by ``yaw_rad`` (None: straight)."""
        return StandingBlocks(self.loose_bodies, self.blocks, world, seed, yaw_rad)


def _with_edges(half_x: float, half_y: float, height: float, edge: float) -> list[Shape]:
    """A block whose four upright edges are cut at 45 degrees; every part lies within it."""
    z = (0.0, height)
    inner_x, inner_y = half_x - edge, half_y - edge
    shapes = [
        box((-half_x, half_x), (-inner_y, inner_y), z, role="insulator"),
        box((-inner_x, inner_x), (-half_y, half_y), z, role="insulator"),
    ]
    # A plate behind each cut: as long as the cut, half as thick.
    length, thick = edge * math.sqrt(2.0), edge * math.sqrt(0.5)
    away = 0.5 * edge + 0.25 * edge  # of the plate's middle from the uncut edge, x and y
    for sign_x, sign_y in ((1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)):
        shapes.append(
            Shape(
                "box",
                (length, thick, height),
                (sign_x * (half_x - away), sign_y * (half_y - away), 0.5 * height),
                (0.0, 0.0, -sign_x * sign_y * 0.25 * math.pi),
                role="insulator",
            )
        )
    return shapes


def blocks_from_mapping(name: str, data: Mapping[str, Any]) -> BlockAssembly:
    """Block assembly from a parsed file.

    Raises:
        UnknownNameError: a section or a setting that does not exist.
        ConfigError: a value that is not allowed.
    """
    sections: dict[str, type[Any]] = {
        "geometry": BlocksGeometry,
        "carried": PlugConfig,
        "grasp": GraspConfig,
        "blocks": BlocksConfig,
    }
    for key in data:
        if key not in sections and key != "title":
            raise UnknownNameError(f"section of {name}", key, ["title", *sections])
    parts = {key: from_mapping(cls, data.get(key, {}), f"{key}.") for key, cls in sections.items()}
    geometry: BlocksGeometry = parts["geometry"]
    return BlockAssembly(
        name=name,
        title=str(data.get("title", name)),
        geometry=CarriedGeometry(geometry),
        plug=parts["carried"],
        grasp=parts["grasp"],
        mating=MatingConfig((0.0, 0.1), (0.0, 0.0)),  # nothing resists but contact
        contacts=ContactConfig((0.0,), (0.0,), 0.1),  # and nothing conducts
        blocks=parts["blocks"],
    )


def load_blocks(name: str) -> BlockAssembly:
    """Block assembly by name."""
    _check_name(name)
    path = _CONFIG_FOLDER / "blocks" / f"{name}.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping):
        raise ConfigError(path.name, data, "a mapping of sections")
    return blocks_from_mapping(name, data)


def blocks_task_path(name: str) -> Path:
    """File of the task of a block assembly."""
    _check_name(name)
    return _CONFIG_FOLDER / "tasks" / f"{name}.yaml"


def _check_name(name: str) -> None:
    if name not in BLOCKS_NAMES:
        raise UnknownNameError("block assembly", name, BLOCKS_NAMES)
