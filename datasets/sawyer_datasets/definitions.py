"""Message definitions: completing, hashing and turning them into decoders.

A bag carries the definition of every type it holds, so it stays readable when the interface
package has changed or is not installed. Definitions are the concatenated `.msg` text that
rosbag2 calls `ros2msg`: the type's own text, then each dependency after a line of 80 `=`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from sawyer_core.errors import ConfigError

SEPARATOR: Final = "=" * 80
_NOT_NESTED: Final = re.compile(
    r"^(bool|byte|char|u?int(8|16|32|64)|float(32|64)|w?string(<=\d+)?)$"
)


@lru_cache(maxsize=1)
def standard_types() -> Typestore:
    """Return the definitions of the interface packages every ROS 2 has."""
    return get_typestore(Stores.LATEST)


def full_name(msgtype: str) -> str:
    """Return `pkg/msg/Name` for `pkg/Name` or `pkg/msg/Name`.

    >>> full_name("std_msgs/Bool")
    'std_msgs/msg/Bool'
    """
    parts = msgtype.split("/")
    if len(parts) == 2 and all(parts):
        return f"{parts[0]}/msg/{parts[1]}"
    if len(parts) == 3 and all(parts):
        return msgtype
    raise ConfigError("message type", msgtype, "package/msg/Name")


def _short_name(msgtype: str) -> str:
    parts = full_name(msgtype).split("/")
    return f"{parts[0]}/{parts[2]}"


def _own_and_nested(definition: str) -> tuple[str, dict[str, str]]:
    """Split concatenated text into the type's own text and its dependencies by full name."""
    own, *rest = re.split(r"^=+\s*\n", definition, flags=re.MULTILINE)
    nested: dict[str, str] = {}
    for part in rest:
        head, _, body = part.partition("\n")
        name = head.removeprefix("MSG:").strip()
        if name:
            nested[full_name(name)] = body
    return own.rstrip("\n") + "\n", nested


def _references(text: str, package: str) -> list[str]:
    """Return the full names of the message types that the fields of `text` use."""
    names: list[str] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) < 2 or "=" in "".join(words[1:2]):
            continue
        base = re.sub(r"\[[^\]]*\]$", "", words[0])
        if _NOT_NESTED.match(base):
            continue
        if base == "Header":
            base = "std_msgs/Header"
        names.append(full_name(base if "/" in base else f"{package}/{base}"))
    return names


def complete_definition(msgtype: str, definition: str = "") -> str:
    """Return the concatenated definition of `msgtype` with all its dependencies.

    Args:
        msgtype: Type name, `package/msg/Name`.
        definition: The `.msg` text with or without its dependencies; may be left out for types
            of the standard interface packages. Missing standard dependencies are added.

    Raises:
        ConfigError: The text is missing or refers to a type that is not known.
    """
    name = full_name(msgtype)
    if not definition.strip():
        if name not in standard_types().fielddefs:
            raise ConfigError(
                f"definition of {name}", definition, "the .msg text (not a standard type)"
            )
        return str(standard_types().generate_msgdef(name, ros_version=2)[0])
    own, nested = _own_and_nested(definition)
    parts = {name: own}
    queue = _references(own, name.split("/")[0])
    while queue:
        wanted = queue.pop(0)
        if wanted in parts:
            continue
        text = nested.get(wanted)
        if text is None:
            if wanted not in standard_types().fielddefs:
                raise ConfigError(
                    f"definition of {name}", wanted, "a type whose .msg text is included"
                )
            text = standard_types().gendefhash(wanted, {}, ros_version=2)[0]
        parts[wanted] = text.rstrip("\n") + "\n"
        queue += _references(text, wanted.split("/")[0])
    chunks = [own]
    for key, text in parts.items():
        if key != name:
            chunks.append(f"{SEPARATOR}\nMSG: {_short_name(key)}\n{text}")
    return "".join(chunks)


@lru_cache(maxsize=256)
def typestore_for(msgtype: str, definition: str) -> Typestore:
    """Return a type store that decodes `msgtype` as `definition` says.

    Raises:
        ConfigError: The definition cannot be understood.
    """
    name = full_name(msgtype)
    store = get_typestore(Stores.EMPTY)
    try:
        store.register(get_types_from_msg(complete_definition(name, definition), name))
    except TypesysError as error:
        raise ConfigError(f"definition of {name}", str(error), "valid ros2msg text") from error
    return store


@lru_cache(maxsize=256)
def type_hash(msgtype: str, definition: str) -> str:
    """Return the type's REP 2011 hash (`RIHS01_...`)."""
    return str(typestore_for(msgtype, definition).hash_rihs01(full_name(msgtype)))
