"""Reading and setting the parameters of another node."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rclpy.parameter import Parameter, parameter_dict_from_yaml_file

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.client import Client
    from rclpy.node import Node
    from rclpy.qos import QoSProfile
    from rclpy.task import Future

FutureCallback = Callable[["Future"], None]


def _to_message(parameter: Any) -> Any:
    return parameter.to_parameter_msg() if isinstance(parameter, Parameter) else parameter


class AsyncParameterClient:
    """Calls the parameter services of a remote node; every call returns a future.

    The future's result is the response of the service.
    """

    def __init__(
        self,
        node: Node,
        remote_node_name: str,
        qos_profile: QoSProfile | None = None,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        """Create the clients.

        Args:
            node: The node that calls.
            remote_node_name: Name of the node whose parameters are meant.
            qos_profile: QoS of the clients.
            callback_group: Callback group of the clients.
        """
        from rcl_interfaces import srv
        from rclpy.qos import qos_profile_services_default

        self.node = node
        self.remote_node_name = remote_node_name
        qos = qos_profile_services_default if qos_profile is None else qos_profile

        def client(type_: Any, name: str) -> Client:
            return node.create_client(
                type_,
                f"{remote_node_name}/{name}",
                qos_profile=qos,
                callback_group=callback_group,
            )

        self._get_parameter_client = client(srv.GetParameters, "get_parameters")
        self._list_parameter_client = client(srv.ListParameters, "list_parameters")
        self._set_parameter_client = client(srv.SetParameters, "set_parameters")
        self._get_parameter_types_client = client(srv.GetParameterTypes, "get_parameter_types")
        self._describe_parameters_client = client(srv.DescribeParameters, "describe_parameters")
        self._set_parameters_atomically_client = client(
            srv.SetParametersAtomically, "set_parameters_atomically"
        )
        self._clients = (
            self._list_parameter_client,
            self._set_parameter_client,
            self._get_parameter_client,
            self._get_parameter_types_client,
            self._describe_parameters_client,
            self._set_parameters_atomically_client,
        )

    def services_are_ready(self) -> bool:
        """Say whether all services of the remote node are available."""
        return all(client.service_is_ready() for client in self._clients)

    def wait_for_services(self, timeout_sec: float | None = None) -> bool:
        """Wait until all services are available; False when the time is up first."""
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        for client in self._clients:
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not client.wait_for_service(remaining):
                return False
        return True

    def list_parameters(
        self,
        prefixes: Sequence[str] | None = None,
        depth: int | None = None,
        callback: FutureCallback | None = None,
    ) -> Future:
        """List the parameters below the prefixes (None: everywhere)."""
        from rcl_interfaces.srv import ListParameters

        request = ListParameters.Request()
        if prefixes:
            request.prefixes = list(prefixes)
        if depth:
            request.depth = depth
        return _call(self._list_parameter_client, request, callback)

    def get_parameters(
        self, names: Sequence[str], callback: FutureCallback | None = None
    ) -> Future:
        """Get the values of the parameters."""
        from rcl_interfaces.srv import GetParameters

        request = GetParameters.Request(names=list(names))
        return _call(self._get_parameter_client, request, callback)

    def set_parameters(
        self, parameters: Sequence[Any], callback: FutureCallback | None = None
    ) -> Future:
        """Set parameters (Parameter objects or messages), each with a result of its own."""
        from rcl_interfaces.srv import SetParameters

        request = SetParameters.Request(parameters=[_to_message(p) for p in parameters])
        return _call(self._set_parameter_client, request, callback)

    def describe_parameters(
        self, names: Sequence[str], callback: FutureCallback | None = None
    ) -> Future:
        """Get the descriptors of the parameters."""
        from rcl_interfaces.srv import DescribeParameters

        request = DescribeParameters.Request(names=list(names))
        return _call(self._describe_parameters_client, request, callback)

    def get_parameter_types(
        self, names: Sequence[str], callback: FutureCallback | None = None
    ) -> Future:
        """Get the types of the parameters."""
        from rcl_interfaces.srv import GetParameterTypes

        request = GetParameterTypes.Request(names=list(names))
        return _call(self._get_parameter_types_client, request, callback)

    def set_parameters_atomically(
        self, parameters: Sequence[Any], callback: FutureCallback | None = None
    ) -> Future:
        """Set all of the parameters or none."""
        from rcl_interfaces.srv import SetParametersAtomically

        request = SetParametersAtomically.Request(parameters=[_to_message(p) for p in parameters])
        return _call(self._set_parameters_atomically_client, request, callback)

    def delete_parameters(
        self, names: Sequence[str], callback: FutureCallback | None = None
    ) -> Future:
        """Unset parameters; only dynamically typed ones allow it."""
        return self.set_parameters([Parameter(name) for name in names], callback)

    def load_parameter_file(
        self,
        parameter_file: str,
        use_wildcard: bool = False,
        callback: FutureCallback | None = None,
    ) -> Future:
        """Set the parameters that a file has for the remote node, one by one."""
        return self.set_parameters(self._from_file(parameter_file, use_wildcard), callback)

    def load_parameter_file_atomically(
        self,
        parameter_file: str,
        use_wildcard: bool = False,
        callback: FutureCallback | None = None,
    ) -> Future:
        """Set the parameters that a file has for the remote node, all or none."""
        parameters = self._from_file(parameter_file, use_wildcard)
        return self.set_parameters_atomically(parameters, callback)

    def _from_file(self, parameter_file: str, use_wildcard: bool) -> list[Any]:
        name = "/" + self.remote_node_name.lstrip("/")
        found = parameter_dict_from_yaml_file(parameter_file, use_wildcard, target_nodes=[name])
        return list(found.values())


def _call(client: Client, request: Any, callback: FutureCallback | None) -> Future:
    future: Future = client.call_async(request)
    if callback is not None:
        future.add_done_callback(callback)
    return future
