"""The recorded topics: name, type, definition text and where the time stamp comes from."""

from __future__ import annotations

import importlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory
from rclpy.qos import DurabilityPolicy, QoSProfile

from sawyer_core import ConfigError
from sawyer_datasets import TopicQos, TopicSpec
from sawyer_ros_common import qos
from sawyer_ros_common.stamps import NS_PER_S

_PROFILES: dict[str, QoSProfile] = {
    "state": qos.STATE,
    "command": qos.COMMAND,
    "image": qos.IMAGE,
    "event": qos.EVENT,
    "latched": qos.LATCHED,
    "event_latched": qos.EVENT_LATCHED,
}
_STANDARD = ("builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "rosgraph_msgs")
_STANDARD += ("sensor_msgs", "std_msgs", "trajectory_msgs", "tf2_msgs", "rcl_interfaces")
_SEPARATOR = "=" * 80
# ours: lockstep does not wait for the recorder, so on a busy machine it may fall behind by a
# whole episode; what its reader does not keep is lost
_KEPT = 2000
_IMAGES_KEPT = 200
_STAMP = struct.Struct("<iI")


@dataclass(frozen=True)
class RecordedTopic:
    """One topic to record."""

    name: str
    msgtype: str
    profile: str

    @classmethod
    def parse(cls, text: str) -> RecordedTopic:
        """Topic from ``"name package/msg/Type profile"``.

        Raises:
            ConfigError: the text does not have that form.
        """
        words = text.split()
        if len(words) != 3 or words[1].count("/") != 2 or words[2] not in _PROFILES:
            allowed = "'name package/msg/Type profile', profile one of " + ", ".join(_PROFILES)
            raise ConfigError("topics", text, allowed)
        return cls(*words)

    @property
    def qos(self) -> QoSProfile:
        """QoS profile to subscribe with: that of the topic, but loses nothing when starved."""
        own = _PROFILES[self.profile]
        return QoSProfile(
            history=own.history,
            depth=max(own.depth, _IMAGES_KEPT if self.profile == "image" else _KEPT),
            reliability=own.reliability,
            durability=own.durability,
        )

    def message_class(self) -> type[Any]:
        """Class of the messages."""
        package, _, name = self.msgtype.split("/")
        try:
            found: type[Any] = getattr(importlib.import_module(f"{package}.msg"), name)
        except (ImportError, AttributeError) as error:
            raise ConfigError(f"type of topic {self.name}", self.msgtype, str(error)) from error
        return found

    def spec(self) -> TopicSpec:
        """What the bag stores about the topic."""
        own = _PROFILES[self.profile]
        latched = own.durability == DurabilityPolicy.TRANSIENT_LOCAL
        stored = TopicQos(durability="transient_local" if latched else "volatile", depth=own.depth)
        return TopicSpec(self.msgtype, definition(self.msgtype), stored)


def _text(msgtype: str) -> str:
    package, folder, name = msgtype.split("/")
    path = Path(get_package_share_directory(package)) / folder / f"{name}.msg"
    return path.read_text(encoding="utf-8")


def definition(msgtype: str) -> str:
    """Concatenated .msg text of one of our types; empty for standard types."""
    package = msgtype.split("/")[0]
    if package in _STANDARD:
        return ""
    own = _text(msgtype)
    parts, seen, queue = [own], {msgtype}, [own]
    while queue:
        for line in queue.pop().splitlines():
            words = line.split("#", 1)[0].split()
            if len(words) < 2:
                continue
            base = words[0].split("[")[0]
            if not base[:1].isupper():
                continue
            nested = f"{package}/msg/{base}"
            if nested not in seen:
                seen.add(nested)
                text = _text(nested)
                queue.append(text)
                parts.append(f"{_SEPARATOR}\nMSG: {package}/{base}\n{text}")
    return "\n".join(parts)


def stamp_of(cdr: bytes) -> int:
    """Stamp in ns of a message that begins with a header or a time, from its CDR."""
    sec, nanosec = _STAMP.unpack_from(cdr, 4)
    return int(sec) * NS_PER_S + int(nanosec)
