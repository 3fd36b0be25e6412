"""The six parameter services of a node."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from rclpy.exceptions import (
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from rclpy.node import Node

SERVICE_NAMES = (
    "describe_parameters",
    "get_parameters",
    "get_parameter_types",
    "list_parameters",
    "set_parameters",
    "set_parameters_atomically",
)


class ParameterService:
    """Serves the parameters of a node below its own name."""

    def __init__(self, node: Node) -> None:
        """Create the services of ``node``."""
        from rcl_interfaces import srv
        from rclpy.qos import qos_profile_parameters

        self._node_ref = weakref.ref(node)
        types = (
            srv.DescribeParameters,
            srv.GetParameters,
            srv.GetParameterTypes,
            srv.ListParameters,
            srv.SetParameters,
            srv.SetParametersAtomically,
        )
        callbacks: tuple[Callable[[Any, Any], Any], ...] = (
            self._describe_parameters_callback,
            self._get_parameters_callback,
            self._get_parameter_types_callback,
            self._list_parameters_callback,
            self._set_parameters_callback,
            self._set_parameters_atomically_callback,
        )
        for type_, name, callback in zip(types, SERVICE_NAMES, callbacks, strict=True):
            node.create_service(type_, f"~/{name}", callback, qos_profile=qos_profile_parameters)

    def _get_node(self) -> Node:
        node = self._node_ref()
        if node is None:
            raise ReferenceError("Expected valid node weak reference")
        return node

    def _describe_parameters_callback(self, request: Any, response: Any) -> Any:
        """Answer with every descriptor, or none if a name is undeclared."""
        try:
            response.descriptors = self._get_node().describe_parameters(request.names)
        except ParameterNotDeclaredException:
            response.descriptors = []
        return response

    def _get_parameters_callback(self, request: Any, response: Any) -> Any:
        """Answer with every value, or none if a name is undeclared or has no value."""
        try:
            parameters = self._get_node().get_parameters(request.names)
            response.values = [p.get_parameter_value() for p in parameters]
        except (ParameterNotDeclaredException, ParameterUninitializedException):
            response.values = []
        return response

    def _get_parameter_types_callback(self, request: Any, response: Any) -> Any:
        """Answer with every type, or none if a name is undeclared."""
        try:
            types = self._get_node().get_parameter_types(request.names)
            response.types = [type_.value for type_ in types]
        except ParameterNotDeclaredException:
            response.types = []
        return response

    def _list_parameters_callback(self, request: Any, response: Any) -> Any:
        node = self._get_node()
        response.result = node.list_parameters(request.prefixes, int(request.depth))
        return response

    def _set_parameters_callback(self, request: Any, response: Any) -> Any:
        response.results = [self._set([message]) for message in request.parameters]
        return response

    def _set_parameters_atomically_callback(self, request: Any, response: Any) -> Any:
        response.result = self._set(list(request.parameters))
        return response

    def _set(self, messages: list[Any]) -> Any:
        """Set parameters from messages; a refusal is a result, never an exception."""
        from rcl_interfaces.msg import SetParametersResult

        try:
            parameters = [Parameter.from_parameter_msg(message) for message in messages]
            return self._get_node().set_parameters_atomically(parameters)
        except (ParameterNotDeclaredException, RuntimeError, ValueError) as error:
            return SetParametersResult(successful=False, reason=str(error))
