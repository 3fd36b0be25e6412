"""Write the standard message definitions as data files, from the typestore of rosbags.

Run: python tools/make_standard_interfaces.py src/embedded_types/share
Services and actions are written by hand beside them: the typestore has none.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_typestore

PACKAGES = (
    "action_msgs", "builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "lifecycle_msgs",
    "nav_msgs", "rcl_interfaces", "rmw_dds_common", "rosgraph_msgs", "sensor_msgs",
    "service_msgs", "shape_msgs", "std_msgs", "tf2_msgs", "trajectory_msgs",
    "type_description_interfaces", "unique_identifier_msgs", "visualization_msgs",
)  # fmt: skip
# The typestore drops default values; these are the ones of the named packages.
DEFAULTS = {
    ("geometry_msgs/msg/Quaternion", "x"): "0",
    ("geometry_msgs/msg/Quaternion", "y"): "0",
    ("geometry_msgs/msg/Quaternion", "z"): "0",
    ("geometry_msgs/msg/Quaternion", "w"): "1",
    ("rcl_interfaces/msg/ParameterDescriptor", "read_only"): "false",
    ("rcl_interfaces/msg/ParameterDescriptor", "dynamic_typing"): "false",
}


def type_text(desc: Any) -> str:
    """Return the .msg spelling of one typestore field descriptor."""
    kind, arg = desc
    if kind == Nodetype.BASE:
        return f"{arg[0]}<={arg[1]}" if arg[1] else str(arg[0])
    if kind == Nodetype.NAME:
        package, _, name = arg.split("/")
        return f"{package}/{name}"
    inner, count = arg
    if kind == Nodetype.ARRAY:
        return f"{type_text(inner)}[{count}]"
    return f"{type_text(inner)}[<={count}]" if count else f"{type_text(inner)}[]"


def main() -> None:
    """Write one file per message."""
    root = Path(sys.argv[1])
    store = get_typestore(Stores.ROS2_JAZZY)
    for full_name, (constants, fields) in store.fielddefs.items():
        package, kind, name = full_name.split("/")
        if package not in PACKAGES:
            continue
        lines = []
        for const_name, const_type, value in constants:
            text = f'"{value}"' if const_type == "string" else str(value)
            lines.append(f"{const_type} {const_name}={text}")
        for field_name, desc in fields:
            if field_name == "structure_needs_at_least_one_member":
                continue
            default = DEFAULTS.get((full_name, field_name))
            lines.append(f"{type_text(desc)} {field_name}" + (f" {default}" if default else ""))
        folder = root / package / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.msg").write_text("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
