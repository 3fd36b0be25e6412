"""Where bundles are looked for: shipped ones, ``SAWYER_POLICY_PATH``, folders named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sawyer_core import BundleError, PolicySpec
from sawyer_policies.bundles.files import is_bundle, versions
from sawyer_policies.bundles.loading import bundle_spec

PATH_VARIABLE = "SAWYER_POLICY_PATH"


def shipped_folder() -> Path:
    """Folder of the bundles that come with this package."""
    return Path(__file__).resolve().parent.parent / "shipped"


def search_path(
    named: Sequence[str | os.PathLike[str]] = (), environment: Mapping[str, str] = os.environ
) -> list[Path]:
    """Folders to look in, the first has priority: named ones, the variable's, the shipped."""
    from_variable = [p for p in environment.get(PATH_VARIABLE, "").split(os.pathsep) if p]
    return [*(Path(p).expanduser() for p in (*named, *from_variable)), shipped_folder()]


@dataclass(frozen=True)
class FoundBundle:
    """A bundle that was found: its folder, and its spec or why it cannot be used."""

    folder: Path
    spec: PolicySpec | None
    problem: str = ""

    @property
    def name(self) -> str:
        """Name of the policy, of the folder where ``policy.json`` cannot be read."""
        return self.folder.name if self.spec is None else self.spec.name


def find_bundles(folders: Sequence[Path]) -> Iterator[FoundBundle]:
    """Every bundle of the folders; each is a bundle, has versions, or holds such folders."""
    for folder in folders:
        for place in _places(folder):
            try:
                yield FoundBundle(place, bundle_spec(place))
            except BundleError as error:
                yield FoundBundle(place, None, str(error))


def _places(folder: Path) -> list[Path]:
    if not folder.is_dir() or _holds(folder):
        return [folder] if folder != shipped_folder() else []
    children = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = [child for child in children if _holds(child)]
    return found


def _holds(folder: Path) -> bool:
    """Whether :func:`locate` has something to offer for a folder."""
    if is_bundle(folder) or versions(folder) or versions(folder / "policy"):
        return True
    return any(is_bundle(path) for path in folder.glob("bundle/*"))
