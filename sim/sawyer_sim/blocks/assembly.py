"""The block assembly as the twin's board: the carried block takes the plug's seat."""

from __future__ import annotations

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
        lead = self.blocks.lead_m
        x, y = (-0.5 * width, 0.5 * width), (-0.5 * depth, 0.5 * depth)
        return (
            [box(x, y, (0.0, height), role="insulator")]
            if lead == 0.0
            else _with_lead(0.5 * width, 0.5 * depth, height, lead)
        )

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


def _with_lead(half_x: float, half_y: float, height: float, lead: float) -> list[Shape]:
    """A block whose four lower edges are cut at 45 degrees; every part lies within it."""
    root = 0.5**0.5
    body = box((-half_x, half_x), (-half_y, half_y), (lead, height), role="insulator")
    nose = box(
        (-half_x + lead, half_x - lead),
        (-half_y + lead, half_y - lead),
        (0.0, lead),
        role="insulator",
    )
    shapes = [body, nose]
    # A bar turned by 45 degrees: one of its faces is the chamfer.
    thick = lead * root
    length = 2.0 * lead * root
    for sign in (1.0, -1.0):
        inner = 0.5 * thick * root
        centre = 0.5 * lead
        shapes.append(
            Shape(
                "box",
                (length, 2.0 * (half_y - lead), thick),
                (sign * (half_x - centre - inner), 0.0, centre + inner),
                (0.0, -sign * 0.25 * np.pi, 0.0),
                role="insulator",
            )
        )
        shapes.append(
            Shape(
                "box",
                (2.0 * (half_x - lead), length, thick),
                (0.0, sign * (half_y - centre - inner), centre + inner),
                (sign * 0.25 * np.pi, 0.0, 0.0),
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
