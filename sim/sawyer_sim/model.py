"""The twin's physics model: seven arm links, the grasp joints and the plug, as one URDF.

Fixed links of the robot description are merged into the seven moving ones (by Pinocchio), so
that the engine sees as few bodies as possible. The plug hangs on three prismatic and three
revolute joints in the gripper; their springs are computed beside the arm's torques.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pinocchio as pin

import sawyer_description
from sawyer_core.types import N_JOINTS, Array
from sawyer_sim.connectors import Connector
from sawyer_sim.shapes import ROLE_RGBA, Shape

GRASP_JOINT_NAMES: tuple[str, ...] = tuple(
    f"grasp_{name}" for name in ("x", "y", "z", "roll", "pitch", "yaw")
)
PLUG_LINK = "plug"

# Only these can ever touch table, board or socket within the workspace.
_COLLIDING_LINKS = 3
_NEGLIGIBLE_KG, _NEGLIGIBLE_KG_M2 = 1e-6, 1e-10


@dataclass(frozen=True)
class _Primitive:
    """A primitive of the robot description in the frame of a moving link."""

    link: int
    placement: pin.SE3
    geometry: str
    rgba: str


def _numbers(text: str | None) -> Array:
    return np.array([float(word) for word in (text or "0 0 0").split()])


def _origin(element: ElementTree.Element | None) -> pin.SE3:
    if element is None:
        return pin.SE3.Identity()
    rotation = pin.rpy.rpyToMatrix(_numbers(element.get("rpy")))
    return pin.SE3(rotation, _numbers(element.get("xyz")))


def _collect(tree: ElementTree.Element, model: pin.Model, tag: str) -> list[_Primitive]:
    colors = {
        material.attrib["name"]: material.find("color").attrib["rgba"]  # type: ignore[union-attr]
        for material in tree.findall("material")
    }
    found = []
    for link in tree.findall("link"):
        frame = model.frames[model.getFrameId(link.attrib["name"], pin.FrameType.BODY)]
        for element in link.findall(tag):
            geometry = element.find("geometry")
            material = element.find("material")
            if geometry is None:
                continue
            found.append(
                _Primitive(
                    link=int(frame.parentJoint),
                    placement=frame.placement * _origin(element.find("origin")),
                    geometry=ElementTree.tostring(geometry[0], encoding="unicode").strip(),
                    rgba="0.5 0.5 0.5 1" if material is None else colors[material.attrib["name"]],
                )
            )
    return found


def _xyz(vector: Array) -> str:
    return " ".join(f"{value:.12g}" for value in vector)


def _placed(placement: pin.SE3) -> str:
    rpy = pin.rpy.matrixToRpy(placement.rotation)
    return f'<origin xyz="{_xyz(placement.translation)}" rpy="{_xyz(rpy)}"/>'


def _inertial(inertia: pin.Inertia) -> str:
    matrix = inertia.inertia
    keys = (("ixx", 0, 0), ("ixy", 0, 1), ("ixz", 0, 2), ("iyy", 1, 1), ("iyz", 1, 2))
    values = " ".join(f'{key}="{matrix[row, col]:.12g}"' for key, row, col in keys)
    return (
        f'<inertial><origin xyz="{_xyz(inertia.lever)}"/><mass value="{inertia.mass:.12g}"/>'
        f'<inertia {values} izz="{matrix[2, 2]:.12g}"/></inertial>'
    )


def _light_inertial() -> str:
    return _inertial(pin.Inertia(_NEGLIGIBLE_KG, np.zeros(3), _NEGLIGIBLE_KG_M2 * np.identity(3)))


def _arm_links(collision: list[_Primitive], visual: list[_Primitive], model: pin.Model) -> str:
    parts = []
    for index in range(N_JOINTS + 1):
        body = [_light_inertial() if index == 0 else _inertial(model.inertias[index])]
        body += [
            f"<visual>{_placed(item.placement)}<geometry>{item.geometry}</geometry>"
            f'<material name="m{index}_{number}"><color rgba="{item.rgba}"/></material></visual>'
            for number, item in enumerate(visual)
            if item.link == index
        ]
        if index > N_JOINTS - _COLLIDING_LINKS:
            body += [
                f"<collision>{_placed(item.placement)}<geometry>{item.geometry}</geometry>"
                "</collision>"
                for item in collision
                if item.link == index
            ]
        parts.append(f'<link name="arm{index}">{"".join(body)}</link>')
    return "".join(parts)


def _arm_joints(model: pin.Model) -> str:
    parts = []
    for index in range(1, N_JOINTS + 1):
        limits = (
            f'<limit lower="{model.lowerPositionLimit[index - 1]:.9g}" '
            f'upper="{model.upperPositionLimit[index - 1]:.9g}" '
            f'effort="{model.effortLimit[index - 1]:.9g}" '
            f'velocity="{model.velocityLimit[index - 1]:.9g}"/>'
        )
        parts.append(
            f'<joint name="{model.names[index]}" type="revolute"><parent link="arm{index - 1}"/>'
            f'<child link="arm{index}"/>{_placed(model.jointPlacements[index])}'
            f'<axis xyz="0 0 1"/>{limits}</joint>'
        )
    return "".join(parts)


def grasp_placement(model: pin.Model, connector: Connector, tool_quat_xyzw: Array) -> pin.SE3:
    """Pose of the undisturbed grasp frame in the last arm link.

    The frame sits in the middle of the handle; its axes are those of the socket when the tool
    has the task's orientation.
    """
    frame = model.frames[
        model.getFrameId(sawyer_description.EE_FRAME, pin.FrameType.BODY)
    ].placement
    tool = pin.Quaternion(np.asarray(tool_quat_xyzw, dtype=np.float64)).toRotationMatrix()
    below = connector.plug.handle_below_tip_m - 0.5 * connector.plug.handle_size_m[2]
    in_tool = pin.SE3(tool.T, tool.T @ np.array([0.0, 0.0, -below]))
    return frame * in_tool


def plug_tip_in_grasp_m(connector: Connector) -> Array:
    """(3,) plug tip in the frame of the plug link (middle of the handle)."""
    depth = connector.geometry.length_m + 0.5 * connector.plug.handle_size_m[2]
    return np.array([0.0, 0.0, -depth])


def _plug(connector: Connector, mount: pin.SE3, *, visuals: bool) -> str:
    tip = plug_tip_in_grasp_m(connector)
    axes = ("1 0 0", "0 1 0", "0 0 1") * 2
    parts = []
    parent, placement = f"arm{N_JOINTS}", _placed(mount)
    for index, name in enumerate(GRASP_JOINT_NAMES):
        last = index == len(GRASP_JOINT_NAMES) - 1
        child = PLUG_LINK if last else f"{name}_link"
        kind = "prismatic" if index < 3 else "revolute"
        reach = 0.02 if index < 3 else 1.0
        if last:
            inertia = pin.Inertia(
                connector.plug.mass_kg, np.zeros(3), np.diag(connector.plug.inertia_kg_m2)
            )
            body = _inertial(inertia) + "".join(
                _shape_element(shape, tip, visual=visuals)
                for shape in connector.plug_shapes
                if visuals or shape.collides
            )
        else:
            body = _light_inertial()
        parts.append(
            f'<link name="{child}">{body}</link>'
            f'<joint name="{name}" type="{kind}"><parent link="{parent}"/>'
            f'<child link="{child}"/>{placement}<axis xyz="{axes[index]}"/>'
            f'<limit lower="{-reach}" upper="{reach}" effort="1000" velocity="1000"/></joint>'
        )
        parent, placement = child, ""
    return "".join(parts)


def _shape_element(shape: Shape, tip: Array, *, visual: bool) -> str:
    placement = pin.SE3(shape.rotation, np.array(shape.position_m) + tip)
    if shape.kind == "box":
        geometry = f'<box size="{_xyz(np.array(shape.size_m))}"/>'
    else:
        geometry = (
            f'<cylinder radius="{0.5 * shape.size_m[0]:.9g}" length="{shape.size_m[2]:.9g}"/>'
        )
    inner = f"{_placed(placement)}<geometry>{geometry}</geometry>"
    if not visual:
        return f"<collision>{inner}</collision>"
    rgba = _xyz(np.array(ROLE_RGBA[shape.role]))
    return (
        f'<visual>{inner}<material name="{shape.role}"><color rgba="{rgba}"/></material></visual>'
    )


def build_urdf(
    connector: Connector,
    tool_quat_xyzw: Array,
    *,
    visuals: bool = False,
    first_visual_link: int = 0,
    urdf_path: Path | None = None,
) -> str:
    """URDF text of the arm with the plug in its gripper.

    Args:
        connector: what the gripper holds.
        tool_quat_xyzw: (4,) tool orientation in which plug and socket axes are parallel.
        visuals: for pictures: visual shapes instead of collision shapes.
        first_visual_link: with visuals, arm links before this one are left out.
        urdf_path: robot description, by default `sawyer_description`'s.
    """
    path = sawyer_description.urdf_path() if urdf_path is None else urdf_path
    description = path.read_text(encoding="utf-8")
    model = pin.buildModelFromXML(description)
    tree = ElementTree.fromstring(description)
    mount = grasp_placement(model, connector, tool_quat_xyzw)
    text = (
        '<?xml version="1.0"?><robot name="sawyer_twin">'
        + _arm_links(
            [] if visuals else _collect(tree, model, "collision"),
            [
                item
                for item in (_collect(tree, model, "visual") if visuals else [])
                if item.link >= first_visual_link
            ],
            model,
        )
        + _arm_joints(model)
        + _plug(connector, mount, visuals=visuals)
        + "</robot>"
    )
    return text.replace("><", ">\n<")  # the engine reads lines of at most 8 kB
