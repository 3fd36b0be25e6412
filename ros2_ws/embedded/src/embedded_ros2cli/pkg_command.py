"""``ros2 pkg``."""

from __future__ import annotations

import argparse
import os

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    get_packages_with_prefixes,
)

from embedded_ros2cli.errors import CliError, unknown
from embedded_ros2cli.verbs import Verbs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 pkg``."""
    verbs = Verbs(parser)
    verbs.add("list", list_packages, "Output a list of available packages")
    verb = verbs.add("prefix", show_prefix, "Output the prefix path of a package")
    verb.add_argument("package_name")
    verb.add_argument("--share", action="store_true", help="show the share folder instead")
    verb = verbs.add("executables", list_all_executables, "Output package specific executables")
    verb.add_argument("package_name", nargs="?")
    verb.add_argument("--full-path", action="store_true", help="show the paths")
    verb = verbs.add("xml", show_xml, "Output the XML of the package manifest or a specific tag")
    verb.add_argument("package_name")
    verb.add_argument("-t", "--tag", help="show the content of this tag only")


def _check(name: str) -> str:
    known = get_packages_with_prefixes()
    if name not in known:
        raise unknown("package", name, known)
    return name


def list_packages(options: argparse.Namespace) -> None:
    """Print the names of all packages."""
    for name in sorted(get_packages_with_prefixes()):
        print(name)


def show_prefix(options: argparse.Namespace) -> None:
    """Print where a package is."""
    name = _check(options.package_name)
    print(get_package_share_directory(name) if options.share else get_package_prefix(name))


def list_all_executables(options: argparse.Namespace) -> None:
    """Print the executables of one package or of all."""
    from launch_ros.substitutions import list_executables

    name = options.package_name
    packages = [_check(name)] if name else sorted(get_packages_with_prefixes())
    for package in packages:
        for executable, path in sorted(list_executables(package).items()):
            shown = path if options.full_path else executable
            print(shown if name or options.full_path else f"{package} {shown}")


def show_xml(options: argparse.Namespace) -> None:
    """Print a manifest, or one tag of it."""
    import xml.etree.ElementTree as ElementTree

    name = _check(options.package_name)
    path = os.path.join(get_package_share_directory(name), "package.xml")
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    if options.tag is None:
        print(text)
        return
    elements = ElementTree.fromstring(text).findall(options.tag)
    if not elements:
        raise CliError(f"package '{name}' has no tag <{options.tag}>")
    for element in elements:
        print("".join(element.itertext()).strip())
