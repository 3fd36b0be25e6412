"""Domain configuration: discovery range and buffer sizes, from the ROS environment."""

from __future__ import annotations

import os

MAX_PARTICIPANT_INDEX = 119
"""Highest index whose ports stay inside the domain (2 ports each, 250 per domain)."""
RANGES = ("LOCALHOST", "SUBNET", "OFF", "SYSTEM_DEFAULT")


def _quoted(text: str) -> str:
    """Return an XML attribute value (``xml.sax`` would import half of the network modules)."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return f'"{text}"'


class DiscoveryRangeError(ValueError):
    """A discovery variable of the environment has a value that is not allowed."""


def discovery_range() -> str:
    """Return the discovery range: localhost unless the environment says otherwise."""
    text = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "")
    if text:
        if text.upper() not in RANGES:
            raise DiscoveryRangeError(
                f"ROS_AUTOMATIC_DISCOVERY_RANGE={text!r} is not one of {', '.join(RANGES)}"
            )
        return text.upper()
    if os.environ.get("ROS_LOCALHOST_ONLY", "") == "0":
        return "SUBNET"
    return "LOCALHOST"


def domain_id_from_environment() -> int:
    """Return ROS_DOMAIN_ID, 0 where unset."""
    text = os.environ.get("ROS_DOMAIN_ID", "") or "0"
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 232:
        raise DiscoveryRangeError(f"ROS_DOMAIN_ID={text!r} is not a number from 0 to 232")
    return value


def domain_config() -> str:
    """Return the Cyclone DDS configuration of this process."""
    reach = discovery_range()
    general = "<MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>"
    discovery = ""
    peers = [p for p in os.environ.get("ROS_STATIC_PEERS", "").split(";") if p]
    if reach in ("LOCALHOST", "OFF"):
        general += (
            '<Interfaces><NetworkInterface address="127.0.0.1"/></Interfaces>'
            "<AllowMulticast>false</AllowMulticast>"
        )
    if reach == "LOCALHOST":
        peers.insert(0, "localhost")
    if reach in ("OFF", "SYSTEM_DEFAULT"):
        peers = []  # as genuine ROS 2 does
    if reach != "SYSTEM_DEFAULT":
        discovery += (
            "<ParticipantIndex>auto</ParticipantIndex>"
            f"<MaxAutoParticipantIndex>{MAX_PARTICIPANT_INDEX}</MaxAutoParticipantIndex>"
        )
    if peers:
        entries = "".join(f"<Peer address={_quoted(peer)}/>" for peer in peers)
        discovery += f"<Peers>{entries}</Peers>"
    if reach == "OFF":
        # peers of other processes cannot find a domain with a tag of its own
        discovery += f"<Tag>off-{os.getpid()}</Tag>"
    own = (
        f'<CycloneDDS><Domain id="any"><General>{general}</General>'
        f"<Discovery>{discovery}</Discovery>"
        '<Internal><SocketReceiveBufferSize min="2MB"/></Internal></Domain></CycloneDDS>'
    )
    extra = os.environ.get("CYCLONEDDS_URI", "")
    return f"{own},{extra}" if extra else own
