"""What a setup.py would install, found by running it with ``setup`` replaced."""

from __future__ import annotations

import configparser
import contextlib
import io
import os
import runpy
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from embedded_ws.errors import WorkspaceError


@dataclass(frozen=True)
class SetupArguments:
    """The arguments of ``setup()`` that matter to an installation by links."""

    name: str
    version: str
    packages: tuple[str, ...] = ()
    package_dir: dict[str, str] = field(default_factory=dict)
    py_modules: tuple[str, ...] = ()
    data_files: tuple[tuple[str, tuple[str, ...]], ...] = ()
    scripts: tuple[str, ...] = ()
    entry_points: dict[str, tuple[str, ...]] = field(default_factory=dict)
    script_folder: str = "bin"


@contextlib.contextmanager
def _standing_in(folder: Path, captured: list[dict[str, Any]]) -> Iterator[None]:
    """Run the block in ``folder`` with ``setup`` of setuptools and distutils replaced."""
    import distutils.core  # setuptools provides it where the standard library no longer does

    import setuptools

    def setup(**attributes: Any) -> None:
        captured.append(attributes)

    before, argv, path = os.getcwd(), sys.argv, list(sys.path)
    os.chdir(folder)
    sys.argv = ["setup.py", "--name"]
    sys.path.insert(0, str(folder))
    try:
        with (
            mock.patch.object(setuptools, "setup", setup),
            mock.patch.object(distutils.core, "setup", setup),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            yield
    finally:
        os.chdir(before)
        sys.argv = argv
        sys.path[:] = path


def read_setup_py(folder: Path, package_name: str) -> SetupArguments:
    """Introspect ``folder/setup.py`` without building anything."""
    path = folder / "setup.py"
    if not path.is_file():
        raise WorkspaceError(f"{path}: missing; an ament_python package needs it")
    captured: list[dict[str, Any]] = []
    try:
        import setuptools  # noqa: F401  (brings distutils on Python 3.12)

        with _standing_in(folder, captured):
            runpy.run_path(str(path), run_name="__main__")
    except (Exception, SystemExit) as error:
        raise WorkspaceError(f"{path}: {type(error).__name__}: {error}") from error
    if len(captured) != 1:
        raise WorkspaceError(f"{path}: setup() was called {len(captured)} times, expected once")
    found = captured[0]
    if found.get("name") != package_name:
        raise WorkspaceError(
            f"{path}: name is {found.get('name')!r}, package.xml says {package_name!r}"
        )
    return SetupArguments(
        name=package_name,
        version=str(found.get("version", "0.0.0")),
        packages=tuple(found.get("packages") or ()),
        package_dir=dict(found.get("package_dir") or {}),
        py_modules=tuple(found.get("py_modules") or ()),
        data_files=_data_files(path, found.get("data_files") or []),
        scripts=tuple(found.get("scripts") or ()),
        entry_points=_entry_points(path, found.get("entry_points") or {}),
        script_folder=_script_folder(folder),
    )


def _data_files(path: Path, raw: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    result: list[tuple[str, tuple[str, ...]]] = []
    for entry in raw:
        try:
            destination, sources = entry
        except (TypeError, ValueError):
            raise WorkspaceError(
                f"{path}: data_files entry {entry!r} is not (folder, [files])"
            ) from None
        if isinstance(sources, str):
            raise WorkspaceError(
                f"{path}: data_files for {destination!r} is the text {sources!r}, expected a list"
            )
        result.append((str(destination), tuple(str(source) for source in sources)))
    return tuple(result)


def _entry_points(path: Path, raw: Any) -> dict[str, tuple[str, ...]]:
    if isinstance(raw, str):
        parser = configparser.ConfigParser(delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(raw)
        raw = {group: [f"{k} = {v}" for k, v in parser[group].items()] for group in parser}
    if not isinstance(raw, dict):
        raise WorkspaceError(f"{path}: entry_points is {raw!r}, expected a dictionary")
    return {
        str(group): tuple([entries] if isinstance(entries, str) else entries)
        for group, entries in raw.items()
        if entries
    }


def _script_folder(folder: Path) -> str:
    """Return where setup.cfg sends scripts, relative to the prefix."""
    config = configparser.ConfigParser(interpolation=None)
    config.read(folder / "setup.cfg")
    for section, option in (("install", "install_scripts"), ("develop", "script_dir")):
        for spelling in (option, option.replace("_", "-")):
            value = config.get(section, spelling, fallback="")
            if value:
                return value.replace("$base/", "").replace("$base", "").strip("/") or "bin"
    return "bin"
