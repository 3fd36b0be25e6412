"""The graph queries of a node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy import _graph_names as names
from rclpy._graph_names import NamesAndTypes
from rclpy._names import fully_qualified_node_name
from rclpy.topic_endpoint_info import TopicEndpointInfo, TopicEndpointTypeEnum

from embedded_dds.builtin import EndpointRecord

if TYPE_CHECKING:
    from rclpy._graph import Graph


class NodeGraph:
    """Mixin: what a node can ask about the graph."""

    _graph: Graph
    resolve_topic_name: Callable[..., str]
    resolve_service_name: Callable[..., str]

    def get_node_names(self) -> list[str]:
        """Return the names of all nodes."""
        return [node.name for node in self._graph.nodes()]

    def get_fully_qualified_node_names(self) -> list[str]:
        """Return the full names of all nodes."""
        return [fully_qualified_node_name(n.name, n.namespace) for n in self._graph.nodes()]

    def get_node_names_and_namespaces(self) -> list[tuple[str, str]]:
        """Return name and namespace of all nodes."""
        return [(node.name, node.namespace) for node in self._graph.nodes()]

    def get_node_names_and_namespaces_with_enclaves(self) -> list[tuple[str, str, str]]:
        """Return name, namespace and enclave of all nodes."""
        return [(node.name, node.namespace, "/") for node in self._graph.nodes()]

    def get_topic_names_and_types(self, no_demangle: bool = False) -> NamesAndTypes:
        """Return all topics with their types."""
        records = self._graph.writers() + self._graph.readers()
        return names.collect(names.topic_pairs(records, no_demangle))

    def get_service_names_and_types(self) -> NamesAndTypes:
        """Return all services that have a server or a client, with their types."""
        records = self._graph.writers() + self._graph.readers()
        return names.collect(names.service_pairs(records))

    def _by_node(
        self, node_name: str, node_namespace: str, is_writer: bool
    ) -> list[EndpointRecord]:
        node = names.find_node(self._graph, node_name, node_namespace)
        if is_writer:
            return names.endpoints_of(self._graph.writers(), node.writers)
        return names.endpoints_of(self._graph.readers(), node.readers)

    def get_publisher_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        """Return the topics a node publishes, with their types."""
        records = self._by_node(node_name, node_namespace, True)
        return names.collect(names.topic_pairs(records, no_demangle))

    def get_subscriber_names_and_types_by_node(
        self, node_name: str, node_namespace: str, no_demangle: bool = False
    ) -> NamesAndTypes:
        """Return the topics a node subscribes to, with their types."""
        records = self._by_node(node_name, node_namespace, False)
        return names.collect(names.topic_pairs(records, no_demangle))

    def get_service_names_and_types_by_node(
        self, node_name: str, node_namespace: str
    ) -> NamesAndTypes:
        """Return the services a node serves, with their types."""
        records = self._by_node(node_name, node_namespace, False)
        return names.collect(names.service_pairs(records, "rq/"))

    def get_client_names_and_types_by_node(
        self, node_name: str, node_namespace: str
    ) -> NamesAndTypes:
        """Return the services a node calls, with their types."""
        records = self._by_node(node_name, node_namespace, True)
        return names.collect(names.service_pairs(records, "rq/"))

    def _endpoints(self, topic: str, is_writer: bool) -> list[EndpointRecord]:
        records = self._graph.writers() if is_writer else self._graph.readers()
        return [record for record in records if record.topic == topic]

    def count_publishers(self, topic_name: str) -> int:
        """Return how many publishers a topic has."""
        return len(self._endpoints(f"rt{self.resolve_topic_name(topic_name)}", True))

    def count_subscribers(self, topic_name: str) -> int:
        """Return how many subscriptions a topic has."""
        return len(self._endpoints(f"rt{self.resolve_topic_name(topic_name)}", False))

    def count_services(self, service_name: str) -> int:
        """Return how many servers a service has."""
        return len(self._endpoints(f"rq{self.resolve_service_name(service_name)}Request", False))

    def count_clients(self, service_name: str) -> int:
        """Return how many clients a service has."""
        return len(self._endpoints(f"rq{self.resolve_service_name(service_name)}Request", True))

    def _endpoint_infos(
        self, topic_name: str, no_mangle: bool, is_writer: bool
    ) -> list[TopicEndpointInfo]:
        topic = topic_name if no_mangle else f"rt{self.resolve_topic_name(topic_name)}"
        owners: dict[bytes, Any] = {}
        for node in self._graph.nodes():
            for guid in node.writers if is_writer else node.readers:
                owners[guid] = node
        kind = TopicEndpointTypeEnum.PUBLISHER if is_writer else TopicEndpointTypeEnum.SUBSCRIPTION
        return [
            TopicEndpointInfo(record, kind, owners.get(record.guid))
            for record in self._endpoints(topic, is_writer)
        ]

    def get_publishers_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        """Return what is known of the publishers of a topic."""
        return self._endpoint_infos(topic_name, no_mangle, True)

    def get_subscriptions_info_by_topic(
        self, topic_name: str, no_mangle: bool = False
    ) -> list[TopicEndpointInfo]:
        """Return what is known of the subscriptions of a topic."""
        return self._endpoint_infos(topic_name, no_mangle, False)

    def wait_for_node(self, fully_qualified_node_name: str, timeout: float) -> bool:
        """Wait until a node is in the graph; False when the time (in s) is up."""
        import time

        deadline = time.monotonic() + timeout
        while fully_qualified_node_name not in self.get_fully_qualified_node_names():
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True
