"""Names that commands accept, found without importing simulation or learning code."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from sawyer_cli.errors import CommandError, require_choice

CLOCKS = ("lockstep", "realtime")
BACKENDS = ("gym", "ros")


def connectors() -> tuple[str, ...]:
    """Return the connectors that the twin has a task file for."""
    spec = importlib.util.find_spec("sawyer_sim")
    if spec is None or not spec.submodule_search_locations:
        raise CommandError("sawyer_sim is not installed; run ./sawyer setup", status=1)
    folder = Path(next(iter(spec.submodule_search_locations))) / "config" / "tasks"
    names = tuple(sorted(path.stem for path in folder.glob("*.yaml") if _is_insertion(path)))
    if not names:
        raise CommandError(f"no task files in {folder}", status=1)
    return names


def _is_insertion(path: Path) -> bool:
    """Whether a task file is a connector's; other kinds of task say so."""
    import yaml

    task = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("task", {})
    return bool(task.get("kind", "insertion") == "insertion")


def policies() -> tuple[str, ...]:
    """Return the names of the served policies."""
    from sawyer_policies import default_registry

    return tuple(default_registry())


def require_connector(name: str) -> str:
    """Return ``name``, or raise with the list of connectors."""
    return require_choice("connector", name, connectors())


def require_policy(name: str) -> str:
    """Return ``name``, or raise with the choices, or with what is wrong with its bundle."""
    from sawyer_core.errors import UnknownNameError
    from sawyer_policies import default_registry

    registry = default_registry()
    try:
        registry.get(name)
    except UnknownNameError:
        return require_choice("policy", name, tuple(registry))
    return name


def resolve_policy(text: str) -> str:
    """Return the name of a policy that was given by name or by the folder of its bundle.

    A folder goes to the front of ``SAWYER_POLICY_PATH``, so that every process that is started
    from here finds it, before a shipped bundle of the same name.

    Raises:
        BundleError: the folder has no bundle that can be used.
    """
    folder = Path(text).expanduser()
    if not folder.is_dir() or (os.sep not in text and text in policies()):
        return text
    from sawyer_policies.bundles import PATH_VARIABLE, bundle_spec

    name = bundle_spec(folder).name
    others = os.environ.get(PATH_VARIABLE, "")
    os.environ[PATH_VARIABLE] = os.pathsep.join(p for p in (str(folder.resolve()), others) if p)
    return name


def require_range(option: str, value: float, lower: float, upper: float) -> float:
    """Return ``value`` if it lies in the closed range, else raise ``CommandError``."""
    if not lower <= value <= upper:
        raise CommandError(f"{option} {value:g}: allowed is {lower:g} to {upper:g}")
    return value
