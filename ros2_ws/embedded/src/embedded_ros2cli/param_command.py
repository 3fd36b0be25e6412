"""``ros2 param``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.node_command import find_node, node_names
from embedded_ros2cli.node_context import add_spin_time, command_node, settle
from embedded_ros2cli.parameter_services import (
    RemoteParameters,
    make_value,
    parse_value,
    plain_value,
    type_name,
    value_text,
)
from embedded_ros2cli.verbs import Verbs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 param``."""
    verbs = Verbs(parser)
    verb = verbs.add("list", list_parameters, "Output a list of available parameters")
    verb.add_argument("node_name", nargs="?")
    verb.add_argument("--include-hidden-nodes", action="store_true", help="hidden ones, too")
    verb.add_argument("--param-prefixes", nargs="+", default=[], help="names below these only")
    verb.add_argument("--param-type", action="store_true", help="show the types, too")
    add_spin_time(verb)
    verb = _add(verbs, "get", get, "Get parameter")
    verb.add_argument("--hide-type", action="store_true", help="show the value only")
    verb = _add(verbs, "set", set_parameter, "Set parameter")
    verb.add_argument("value", help="read as YAML")
    verb = _add(verbs, "delete", delete, "Delete parameter")
    verb = verbs.add("describe", describe, "Show descriptive information about parameters")
    verb.add_argument("node_name")
    verb.add_argument("parameter_names", nargs="+")
    add_spin_time(verb)
    verb = verbs.add("dump", dump, "Show all parameters of a node as a YAML file")
    verb.add_argument("node_name")
    add_spin_time(verb)
    verb = verbs.add("load", load, "Load a parameter file for a node")
    verb.add_argument("node_name")
    verb.add_argument("parameter_file", type=Path)
    add_spin_time(verb)


def _add(verbs: Verbs, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    verb = verbs.add(name, function, text)
    verb.add_argument("node_name")
    verb.add_argument("parameter_name")
    add_spin_time(verb)
    return verb


def _remote(node: Any, options: argparse.Namespace) -> RemoteParameters:
    return RemoteParameters(node, find_node(node, options.node_name, options.spin_time))


def list_parameters(options: argparse.Namespace) -> None:
    """Print the parameters of one node, or of all."""
    with command_node() as node:
        if options.node_name is not None:
            _print_names(_remote(node, options), options, "  ")
            return
        settle(node, options.spin_time)
        own = node.get_fully_qualified_name()
        services = {name for name, _ in node.get_service_names_and_types()}
        for name in node_names(node, options.include_hidden_nodes):
            if name != own and f"{name}/list_parameters" in services:
                print(f"{name}:")
                _print_names(RemoteParameters(node, name), options, "  ")


def _print_names(remote: RemoteParameters, options: argparse.Namespace, indent: str) -> None:
    names = remote.names(options.param_prefixes)
    if not options.param_type:
        for name in names:
            print(f"{indent}{name}")
        return
    for descriptor in remote.describe(names):
        print(f"{indent}{descriptor.name} (type: {type_name(descriptor.type)})")


def _known(remote: RemoteParameters, name: str, value: Any) -> Any:
    """Return the value unless it is not set because nothing of that name is declared."""
    if value.type == 0:
        names = remote.names()
        if name not in names:
            raise unknown(f"node '{remote.remote_name}': parameter", name, names)
    return value


def get(options: argparse.Namespace) -> None:
    """Print the value of a parameter."""
    with command_node() as node:
        remote = _remote(node, options)
        values = remote.get([options.parameter_name])
        if not values:
            names = remote.names()
            raise unknown(f"node '{remote.remote_name}': parameter", options.parameter_name, names)
        value = _known(remote, options.parameter_name, values[0])
        print(value_text(value, options.hide_type))


def _report(results: list[Any], word: str) -> int:
    if not results:
        raise CliError(f"{word} parameter failed: the node gave no result")
    result = results[0]
    reason = f": {result.reason}" if result.reason else ""
    if result.successful:
        print(f"{word} parameter successful{reason}")
        return 0
    print(
        f"{'Setting' if word == 'Set' else 'Deleting'} parameter failed{reason}", file=sys.stderr
    )
    return 1


def set_parameter(options: argparse.Namespace) -> int:
    """Set a parameter; status 1 where the node refuses."""
    value = parse_value(options.value)
    with command_node() as node:
        return _report(_remote(node, options).set({options.parameter_name: value}), "Set")


def delete(options: argparse.Namespace) -> int:
    """Undeclare a parameter; status 1 where the node refuses."""
    from rcl_interfaces.msg import ParameterValue

    with command_node() as node:
        remote = _remote(node, options)
        _known(remote, options.parameter_name, ParameterValue())
        return _report(remote.set({options.parameter_name: ParameterValue()}), "Deleted")


def describe(options: argparse.Namespace) -> None:
    """Print descriptors."""
    with command_node() as node:
        remote = _remote(node, options)
        names = remote.names()
        for name in options.parameter_names:
            if name not in names:
                raise unknown(f"node '{remote.remote_name}': parameter", name, names)
        for descriptor in remote.describe(options.parameter_names):
            print("\n".join(_descriptor_lines(descriptor)))


def _descriptor_lines(descriptor: Any) -> list[str]:
    lines = [f"Parameter name: {descriptor.name}", f"  Type: {type_name(descriptor.type)}"]
    if descriptor.description:
        lines.append(f"  Description: {descriptor.description}")
    constraints: list[str] = []
    if descriptor.read_only:
        constraints.append("    Read only: true")
    for found in [*descriptor.integer_range, *descriptor.floating_point_range]:
        constraints += [f"    Min value: {found.from_value}", f"    Max value: {found.to_value}"]
        if found.step:
            constraints.append(f"    Step: {found.step}")
    if descriptor.additional_constraints:
        constraints.append(f"    Additional constraints: {descriptor.additional_constraints}")
    return [*lines, "  Constraints:", *constraints] if constraints else lines


def dump(options: argparse.Namespace) -> None:
    """Print all parameters as a parameter file."""
    import yaml

    with command_node() as node:
        remote = _remote(node, options)
        names = remote.names()
        tree: dict[str, Any] = {}
        for name, value in zip(names, remote.get(names), strict=True):
            if value.type != 0:
                _insert(tree, name.split("."), plain_value(value))
        content = {remote.remote_name: {"ros__parameters": tree}}
        print(yaml.safe_dump(content, default_flow_style=False, sort_keys=True), end="")


def _insert(tree: dict[str, Any], parts: list[str], value: Any) -> None:
    for part in parts[:-1]:
        inner = tree.setdefault(part, {})
        if not isinstance(inner, dict):  # a parameter of that name exists as well
            tree[".".join(parts)] = value
            return
        tree, parts = inner, parts[1:]
    tree[parts[-1]] = value


def load(options: argparse.Namespace) -> int:
    """Set the parameters that a file has for a node; status 1 where the node refuses one."""
    values = _read_file(options.parameter_file, options.node_name)
    status = 0
    with command_node() as node:
        remote = _remote(node, options)
        for name, value in values.items():
            print(f"{name}: ", end="")
            status |= _report(remote.set({name: make_value(value)}), "Set")
    return status


def _read_file(path: Path, node_name: str) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CliError(f"parameter file '{path}': {error}") from None
    wanted = node_name.lstrip("/")
    result: dict[str, Any] = {}
    if not isinstance(content, dict):
        raise CliError(f"parameter file '{path}': expected a dictionary of nodes")
    for key, section in content.items():
        if str(key).lstrip("/") in (wanted, "**"):
            if not isinstance(section, dict) or "ros__parameters" not in section:
                raise CliError(f"parameter file '{path}': '{key}' lacks 'ros__parameters'")
            _flatten(section["ros__parameters"] or {}, "", result)
    if not result:
        raise CliError(f"parameter file '{path}' has nothing for node '{node_name}'")
    return result


def _flatten(tree: dict[str, Any], prefix: str, result: dict[str, Any]) -> None:
    for key, value in tree.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", result)
        else:
            result[f"{prefix}{key}"] = value
