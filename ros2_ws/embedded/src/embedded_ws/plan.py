"""What an installation consists of: links and small generated files below the prefix."""

from __future__ import annotations

import sysconfig
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from embedded_ws.errors import WorkspaceError

MODULE_FOLDER = "embedded_ws_modules"
PTH_NAME = "embedded_ws_modules.pth"


@dataclass(frozen=True)
class Item:
    """One thing below the prefix: a link to ``source`` or, without it, a file with ``text``."""

    owner: str
    source: Path | None = None
    text: str = ""
    executable: bool = False


@dataclass
class Plan:
    """All items of an installation, by their path relative to the prefix."""

    prefix: Path
    items: dict[str, Item] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def link(self, destination: str, source: Path, owner: str) -> None:
        """Plan a symbolic link; the source has to exist."""
        if not source.exists():
            raise WorkspaceError(f"{owner}: {source} does not exist")
        self._add(destination, Item(owner, source=source.absolute()))

    def write(self, destination: str, text: str, owner: str, executable: bool = False) -> None:
        """Plan a generated file."""
        self._add(destination, Item(owner, text=text, executable=executable))

    def _add(self, destination: str, item: Item) -> None:
        path = PurePosixPath(destination)
        if path.is_absolute() or ".." in path.parts:
            raise WorkspaceError(
                f"{item.owner}: destination {destination!r} has to stay below the prefix"
            )
        other = self.items.setdefault(str(path), item)
        if other != item:
            raise WorkspaceError(f"{item.owner}: {path} is already installed by {other.owner}")

    def site_packages(self) -> str:
        """Return the folder of Python modules, relative to the prefix."""
        base = str(self.prefix)
        path = sysconfig.get_path("purelib", vars={"base": base, "platbase": base})
        return str(PurePosixPath(Path(path).relative_to(base)))

    def module_folder(self) -> str:
        """Return the folder that holds links to modules, relative to the prefix."""
        return f"{self.site_packages()}/{MODULE_FOLDER}"
