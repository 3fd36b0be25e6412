"""Make modules ``<package>.msg``, ``.srv`` and ``.action`` from interface definitions."""

from __future__ import annotations

import importlib.machinery
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from .registry import KINDS, InterfaceNotFoundError, list_names, package_dir


class _PackageLoader:
    """Loader of the empty parent package."""

    def create_module(self, spec: Any) -> ModuleType | None:
        """Use the default module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


class _InterfaceModule(ModuleType):
    """Module whose classes are made on first use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            if name == "__all__":
                return self.__dir__()
            raise AttributeError(name)
        from .classes import get_interface

        package, _, kind = self.__name__.partition(".")
        try:
            value = get_interface(package, kind, name)
        except InterfaceNotFoundError as err:
            raise AttributeError(str(err)) from err
        setattr(self, name, value)
        return value

    def __dir__(self) -> list[str]:
        package, _, kind = self.__name__.partition(".")
        return list_names(package, kind)


class _KindLoader(_PackageLoader):
    """Loader of one ``<package>.<kind>`` module."""

    def create_module(self, spec: Any) -> ModuleType:
        """Return the lazy module."""
        return _InterfaceModule(spec.name)


def find_spec(package: str, kind: str) -> importlib.machinery.ModuleSpec | None:
    """Return the spec of an interface package or of one of its kinds."""
    if kind:
        folder = package_dir(package, kind)
        if folder is None:
            return None
        return _spec(f"{package}.{kind}", _KindLoader(), [])
    folders: Sequence[str] = [f for k in KINDS if (f := package_dir(package, k)) is not None]
    return _spec(package, _PackageLoader(), []) if folders else None


def _spec(name: str, loader: Any, locations: list[str]) -> importlib.machinery.ModuleSpec:
    spec = importlib.machinery.ModuleSpec(name, loader, origin="interface definitions")
    spec.submodule_search_locations = locations
    return spec
