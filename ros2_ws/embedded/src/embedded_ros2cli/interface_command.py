"""``ros2 interface``."""

from __future__ import annotations

import argparse
import re

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.verbs import Verbs
from embedded_types import registry

KINDS = ("msg", "srv", "action")
_TITLES = {"msg": "Messages", "srv": "Services", "action": "Actions"}
_FIELD = re.compile(r"\s*([A-Za-z][\w/]*)(\[[<=\d]*\])?(<=\d+)?\s+(\w+)\s*(=?)")
_PRIMITIVES = frozenset(
    "bool byte char float32 float64 int8 uint8 int16 uint16 int32 uint32 int64 uint64 string "
    "wstring".split()
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 interface``."""
    verbs = Verbs(parser)
    verb = verbs.add("list", list_interfaces, "List all interface types available")
    verb.add_argument("-m", "--only-msgs", action="store_true", help="messages only")
    verb.add_argument("-s", "--only-srvs", action="store_true", help="services only")
    verb.add_argument("-a", "--only-actions", action="store_true", help="actions only")
    verb = verbs.add("show", show, "Output the interface definition")
    verb.add_argument("type", help="such as std_msgs/msg/String")
    verb.add_argument("--all-comments", action="store_true", help="comments of inner types, too")
    verb.add_argument("--no-comments", action="store_true", help="no comments and empty lines")
    verb = verbs.add("package", list_package, "Output the interface types of a package")
    verb.add_argument("package_name")
    verbs.add("packages", list_packages, "Output the packages that provide interfaces")


def known_types(kinds: tuple[str, ...] = KINDS) -> list[str]:
    """Return all interface types of some kinds."""
    return [
        f"{package}/{kind}/{name}"
        for kind in kinds
        for package in registry.list_packages()
        for name in registry.list_names(package, kind)
    ]


def list_interfaces(options: argparse.Namespace) -> None:
    """Print all types, by kind."""
    chosen = {"msg": options.only_msgs, "srv": options.only_srvs, "action": options.only_actions}
    for kind in KINDS:
        if chosen[kind] or not any(chosen.values()):
            print(f"{_TITLES[kind]}:")
            for name in sorted(known_types((kind,))):
                print(f"    {name}")


def list_packages(options: argparse.Namespace) -> None:
    """Print the packages with interfaces."""
    for name in sorted(registry.list_packages()):
        print(name)


def list_package(options: argparse.Namespace) -> None:
    """Print the types of one package."""
    packages = registry.list_packages()
    if options.package_name not in packages:
        raise unknown("interface package", options.package_name, packages)
    for name in known_types():
        if name.startswith(f"{options.package_name}/"):
            print(name)


def split_type(name: str) -> tuple[str, str, str]:
    """Return package, kind and name of a type."""
    parts = name.split("/")
    if len(parts) == 2:
        kinds = [kind for kind in KINDS if parts[1] in registry.list_names(parts[0], kind)]
        parts = [parts[0], kinds[0], parts[1]] if kinds else parts
    if len(parts) != 3 or parts[1] not in KINDS:
        raise CliError(f"'{name}' is no type name, expected <package>/(msg|srv|action)/<Name>")
    if parts[2] not in registry.list_names(parts[0], parts[1]):
        raise unknown("interface", name, known_types((parts[1],)))
    return parts[0], parts[1], parts[2]


def show(options: argparse.Namespace) -> None:
    """Print a definition, inner types indented below their fields."""
    for line in _expanded(*split_type(options.type), 0, options):
        print(line)


def _expanded(
    package: str, kind: str, name: str, depth: int, options: argparse.Namespace
) -> list[str]:
    lines: list[str] = []
    keep = not options.no_comments and (depth == 0 or options.all_comments)
    for raw in registry.find_text(package, kind, name).splitlines():
        line = raw.rstrip()
        if not keep:
            line = _without_comment(line)
            if not line.strip():
                continue
        lines.append("\t" * depth + line)
        match = _FIELD.match(_without_comment(line))
        if match and match.group(5) != "=" and match.group(1) not in _PRIMITIVES:
            inner = _inner_type(package, match.group(1))
            if inner is not None:
                lines += _expanded(inner[0], "msg", inner[1], depth + 1, options)
    return lines


def _without_comment(line: str) -> str:
    return line.partition("#")[0].rstrip()


def _inner_type(package: str, word: str) -> tuple[str, str] | None:
    parts = word.split("/")
    owner, name = (package, parts[0]) if len(parts) == 1 else (parts[0], parts[-1])
    if len(parts) == 1 and name == "Header" and name not in registry.list_names(package, "msg"):
        owner = "std_msgs"
    return (owner, name) if name in registry.list_names(owner, "msg") else None
