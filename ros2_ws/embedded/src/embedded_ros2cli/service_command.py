"""``ros2 service``."""

from __future__ import annotations

import argparse
import time
from typing import Any

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.messages import fill, get_interface, parse_values
from embedded_ros2cli.node_context import (
    add_spin_time,
    command_node,
    full_name,
    settle,
    spin_future,
    wait_for,
)
from embedded_ros2cli.topic_listing import is_hidden
from embedded_ros2cli.verbs import Verbs

DEFAULT_TIMEOUT_S = 10.0  # ours: the original waits for ever


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 service``."""
    verbs = Verbs(parser)
    verb = verbs.add("list", list_services, "Output a list of available services")
    verb.add_argument("-t", "--show-types", action="store_true", help="show the types, too")
    verb.add_argument("-c", "--count-services", action="store_true", help="show the number only")
    verb.add_argument("--include-hidden-services", action="store_true", help="hidden ones, too")
    add_spin_time(verb)
    verb = verbs.add("type", show_type, "Output a service's type")
    verb.add_argument("service_name")
    add_spin_time(verb)
    verb = verbs.add("find", find, "Output a list of services of a given type")
    verb.add_argument("service_type")
    add_spin_time(verb)
    verb = verbs.add("call", call, "Call a service")
    verb.add_argument("service_name")
    verb.add_argument("service_type")
    verb.add_argument("values", nargs="?", default="{}", help="fields as a YAML dictionary")
    verb.add_argument("-r", "--rate", type=float, metavar="HZ", help="repeat the call")
    verb.add_argument(
        "--timeout", type=float, default=DEFAULT_TIMEOUT_S, metavar="SECONDS",
        help="longest wait for the service, and again for the answer (default: %(default)s)",
    )  # fmt: skip


def _services(node: Any, hidden: bool) -> list[tuple[str, list[str]]]:
    return [
        (name, types)
        for name, types in sorted(node.get_service_names_and_types())
        if hidden or not is_hidden(name)
    ]


def list_services(options: argparse.Namespace) -> None:
    """Print the services."""
    with command_node() as node:
        settle(node, options.spin_time)
        services = _services(node, options.include_hidden_services)
        if options.count_services:
            print(len(services))
            return
        for name, types in services:
            print(f"{name} [{', '.join(types)}]" if options.show_types else name)


def show_type(options: argparse.Namespace) -> None:
    """Print the types of a service."""
    name = full_name(options.service_name)
    with command_node() as node:
        types = wait_for(lambda: dict(_services(node, True)).get(name), options.spin_time)
        if not types:
            raise unknown("service", name, (service for service, _ in _services(node, False)))
        for found in types:
            print(found)


def find(options: argparse.Namespace) -> None:
    """Print the services of a type."""
    with command_node() as node:
        settle(node, options.spin_time)
        for name, types in _services(node, True):
            if options.service_type in types:
                print(name)


def call(options: argparse.Namespace) -> int:
    """Call a service, once or at a rate."""
    import rclpy

    service_class = get_interface(options.service_type, "srv")
    request = service_class.Request()
    fill(request, parse_values(options.values))
    if options.rate is not None and not options.rate > 0.0:
        raise CliError(f"--rate is {options.rate}, allowed: more than 0 Hz")
    name = full_name(options.service_name)
    with command_node() as node:
        client = node.create_client(service_class, name)
        if not client.service_is_ready():
            print("waiting for service to become available...", flush=True)
            if not client.wait_for_service(timeout_sec=options.timeout):
                known = (found for found, _ in _services(node, False) if found != name)
                raise unknown("service", name, known)
        while rclpy.ok():
            print(f"requester: making request: {request!r}\n", flush=True)
            future = client.call_async(request)
            response = spin_future(node, future, options.timeout, f"service '{name}'")
            print(f"response:\n{response!r}\n", flush=True)
            if options.rate is None:
                return 0
            time.sleep(1.0 / options.rate)
    return 0
