"""From DDS names to ROS names, and the answers of the graph queries."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy._graph import Graph, NodeRecord

from embedded_dds.builtin import EndpointRecord

NamesAndTypes = list[tuple[str, list[str]]]


def ros_type(dds_type: str) -> str:
    """Return ``package/kind/Name`` for a DDS type name."""
    parts = dds_type.split("::")
    if len(parts) == 4 and parts[2] == "dds_":
        return f"{parts[0]}/{parts[1]}/{parts[3].removesuffix('_')}"
    return dds_type


def ros_topic(dds_topic: str) -> str | None:
    """Return the ROS topic, None where the DDS topic is not one."""
    return dds_topic[2:] if dds_topic.startswith("rt/") else None


def ros_service(dds_topic: str) -> str | None:
    """Return the ROS service whose request or reply topic this is, else None."""
    if dds_topic.startswith("rq/") and dds_topic.endswith("Request"):
        return dds_topic[2:-7]
    if dds_topic.startswith("rr/") and dds_topic.endswith("Reply"):
        return dds_topic[2:-5]
    return None


def service_type(dds_type: str) -> str:
    """Return the service type of a request or response type."""
    name = ros_type(dds_type)
    return name.removesuffix("_Request").removesuffix("_Response")


def is_hidden(name: str) -> bool:
    """Say whether a part of the name begins with an underscore."""
    return any(part.startswith("_") for part in name.split("/"))


def collect(pairs: Iterable[tuple[str, str]]) -> NamesAndTypes:
    """Return sorted names, each with its sorted types."""
    found: dict[str, set[str]] = {}
    for name, type_name in pairs:
        found.setdefault(name, set()).add(type_name)
    return [(name, sorted(found[name])) for name in sorted(found)]


def topic_pairs(
    records: Iterable[EndpointRecord], no_demangle: bool = False
) -> Iterable[tuple[str, str]]:
    """Yield topic and type of every topic endpoint."""
    for record in records:
        if no_demangle:
            yield record.topic, record.type_name
        else:
            topic = ros_topic(record.topic)
            if topic is not None:
                yield topic, ros_type(record.type_name)


def service_pairs(
    records: Iterable[EndpointRecord], prefix: str = ""
) -> Iterable[tuple[str, str]]:
    """Yield service and type of every service endpoint (of one direction)."""
    for record in records:
        service = ros_service(record.topic)
        if service is not None and record.topic.startswith(prefix):
            yield service, service_type(record.type_name)


def find_node(graph: Graph, name: str, namespace: str) -> NodeRecord:
    """Return the record of a node.

    Raises:
        NodeNameNonExistentError: There is no such node.
    """
    nodes = graph.nodes()
    for node in nodes:
        if node.name == name and node.namespace == namespace:
            return node
    from rclpy.exceptions import NodeNameNonExistentError

    known = ", ".join(sorted(f"{n.namespace.rstrip('/')}/{n.name}" for n in nodes)) or "none"
    raise NodeNameNonExistentError(
        f"cannot find node {name!r} in namespace {namespace!r}; known nodes: {known}"
    )


def endpoints_of(
    records: Iterable[EndpointRecord], guids: Iterable[bytes]
) -> list[EndpointRecord]:
    """Return the records with these guids."""
    wanted = set(guids)
    return [record for record in records if record.guid in wanted]
