"""What is known of one endpoint of a topic."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from rclpy._endpoint_data import parse
from rclpy._graph import NodeRecord
from rclpy._graph_names import ros_type
from rclpy.qos import QoSProfile, from_dds

from embedded_dds.builtin import EndpointRecord


class TopicEndpointTypeEnum(IntEnum):
    """Kind of an endpoint."""

    INVALID = 0
    PUBLISHER = 1
    SUBSCRIPTION = 2


class TopicEndpointInfo:
    """Node, type, guid and QoS of one publisher or subscription."""

    def __init__(
        self, record: EndpointRecord, kind: TopicEndpointTypeEnum, node: NodeRecord | None
    ) -> None:
        # genuine tools show endpoints without a node this way
        self.node_name = "_CREATED_BY_BARE_DDS_APP_" if node is None else node.name
        self.node_namespace = "_CREATED_BY_BARE_DDS_APP_" if node is None else node.namespace
        self.topic_type = ros_type(record.type_name)
        self.topic_type_hash = parse(record.user_data).get("typehash", "INVALID")
        self.endpoint_type = kind
        self.endpoint_gid = list(record.guid)
        self.qos_profile: QoSProfile = from_dds(record.qos)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TopicEndpointInfo) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        gid = ".".join(f"{byte:02x}" for byte in self.endpoint_gid)
        qos: Any = self.qos_profile
        lines = [
            f"Node name: {self.node_name}",
            f"Node namespace: {self.node_namespace}",
            f"Topic type: {self.topic_type}",
            f"Topic type hash: {self.topic_type_hash}",
            f"Endpoint type: {self.endpoint_type.name}",
            f"GID: {gid}",
            "QoS profile:",
            f"  Reliability: {qos.reliability.name}",
            f"  History (Depth): {qos.history.name} ({qos.depth})",
            f"  Durability: {qos.durability.name}",
            f"  Lifespan: {qos.lifespan}",
            f"  Deadline: {qos.deadline}",
            f"  Liveliness: {qos.liveliness.name}",
            f"  Liveliness lease duration: {qos.liveliness_lease_duration}",
        ]
        return "\n".join(lines)
