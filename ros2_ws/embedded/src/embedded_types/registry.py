"""Find interface definitions: on the test search path, shipped, or in the ament index."""

from __future__ import annotations

import os
import sys
import threading

from .definitions import Definition, Field, FieldType, parse_message, split_sections

SHARE_DIR = os.path.join(os.path.dirname(__file__), "share")
SEARCH_PATH_VARIABLE = "EMBEDDED_INTERFACE_PATH"
KINDS = ("msg", "srv", "action")
_UUID = FieldType("unique_identifier_msgs/msg/UUID")

_cache: dict[str, Definition] = {}
_lock = threading.RLock()


class InterfaceNotFoundError(LookupError):
    """No definition with that name; the message says what there is."""


def share_roots() -> list[str]:
    """Return the folders that hold ``<package>/<kind>/<Name>.<kind>``, first match wins."""
    roots = [root for root in os.environ.get(SEARCH_PATH_VARIABLE, "").split(os.pathsep) if root]
    roots.append(SHARE_DIR)
    prefixes = os.environ.get("AMENT_PREFIX_PATH") or sys.prefix
    roots += [os.path.join(prefix, "share") for prefix in prefixes.split(os.pathsep) if prefix]
    return roots


def package_dir(package: str, kind: str) -> str | None:
    """Return the folder with the definitions of one kind, or None."""
    for root in share_roots():
        folder = os.path.join(root, package, kind)
        if os.path.isdir(folder):
            return folder
    return None


def list_names(package: str, kind: str) -> list[str]:
    """Return the names of the interfaces of one kind, sorted."""
    folder = package_dir(package, kind)
    if folder is None:
        return []
    suffix = f".{kind}"
    return sorted(name[: -len(suffix)] for name in os.listdir(folder) if name.endswith(suffix))


def list_packages() -> list[str]:
    """Return all packages that hold interface definitions, sorted."""
    found: set[str] = set()
    for root in share_roots():
        if os.path.isdir(root):
            for package in os.listdir(root):
                if any(os.path.isdir(os.path.join(root, package, kind)) for kind in KINDS):
                    found.add(package)
    return sorted(found)


def find_text(package: str, kind: str, name: str) -> str:
    """Return the text of one definition file; unknown names list the nearest ones."""
    folder = package_dir(package, kind)
    if folder is not None:
        path = os.path.join(folder, f"{name}.{kind}")
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    import difflib

    known = list_names(package, kind)
    near = difflib.get_close_matches(name, known, n=3) or known[:8]
    hint = f"; there is {', '.join(near)}" if near else f"; no {kind} folder of {package} found"
    raise InterfaceNotFoundError(f"no interface {package}/{kind}/{name}{hint}")


def get_definition(full_name: str) -> Definition:
    """Return the definition of ``package/kind/Name``, service and action parts included."""
    found = _cache.get(full_name)
    if found is not None:
        return found
    with _lock:
        parts = full_name.split("/")
        if len(parts) == 2:
            return get_definition(f"{parts[0]}/msg/{parts[1]}")
        if len(parts) != 3:
            raise InterfaceNotFoundError(f"{full_name!r} is not of the form package/kind/Name")
        package, kind, name = parts
        if kind == "msg":
            text = find_text(package, kind, name)
            _cache[full_name] = parse_message(package, full_name, text)
        elif kind == "srv":
            _load_service(package, name.rpartition("_")[0] or name)
        elif kind == "action":
            _load_action(package, name.split("_")[0])
        if full_name not in _cache:
            raise InterfaceNotFoundError(f"no message type {full_name}")
        return _cache[full_name]


def _load_service(package: str, name: str) -> None:
    base = f"{package}/srv/{name}"
    request, response = split_sections(base, find_text(package, "srv", name), 2)
    for part, text in (("Request", request), ("Response", response)):
        _cache[f"{base}_{part}"] = parse_message(package, f"{base}_{part}", text)


def _load_action(package: str, name: str) -> None:
    base = f"{package}/action/{name}"
    texts = split_sections(base, find_text(package, "action", name), 3)
    for part, text in zip(("Goal", "Result", "Feedback"), texts, strict=True):
        _cache[f"{base}_{part}"] = parse_message(package, f"{base}_{part}", text)
    stamp = FieldType("builtin_interfaces/msg/Time")
    derived = {
        "SendGoal_Request": [Field("goal_id", _UUID), Field("goal", FieldType(f"{base}_Goal"))],
        "SendGoal_Response": [Field("accepted", FieldType("bool")), Field("stamp", stamp)],
        "GetResult_Request": [Field("goal_id", _UUID)],
        "GetResult_Response": [
            Field("status", FieldType("int8")),
            Field("result", FieldType(f"{base}_Result")),
        ],
        "FeedbackMessage": [
            Field("goal_id", _UUID),
            Field("feedback", FieldType(f"{base}_Feedback")),
        ],
    }
    for part, fields in derived.items():
        _cache[f"{base}_{part}"] = Definition(f"{base}_{part}", tuple(fields))
