"""From a folder to a policy; torch is loaded here and not before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sawyer_core import BundleError, PolicySpec
from sawyer_policies.bundles.files import locate, read_info, read_weights, signature
from sawyer_policies.bundles.info import SAWYER, RobotLimits

if TYPE_CHECKING:
    from sawyer_policies.inference import Bundle, BundlePolicy

SUM_DIGITS = 12


def version_of(folder: Path, sha256: str) -> str:
    """Name of these weights: ``v000012`` for a numbered version, else the start of their sum."""
    numbered = folder.name.startswith("v") and folder.name[1:].isdigit()
    return folder.name if numbered else sha256[:SUM_DIGITS]


def load_bundle(
    folder: str | os.PathLike[str], robot: RobotLimits = SAWYER, *, device: str = "cpu"
) -> Bundle:
    """Load a bundle and check everything about it.

    Where ``folder`` holds numbered versions, the newest that is whole is taken.

    Args:
        folder: see :func:`sawyer_policies.bundles.files.locate`.
        robot: what the policy must fit.
        device: where the network runs, e.g. ``cpu`` or ``cuda``.

    Raises:
        BundleError: missing, damaged, of another format, or unfit for the robot.
    """
    return _load(folder, robot, device)[0]


def _load(
    folder: str | os.PathLike[str], robot: RobotLimits, device: str
) -> tuple[Bundle, BundleError | None]:
    """The newest whole bundle, and what is wrong with a newer one."""
    newest: BundleError | None = None
    for path in locate(folder):
        try:
            return _load_one(path, robot, device), newest
        except BundleError as error:
            newest = newest or error
    raise newest or BundleError(folder, "there is no bundle")


def _load_one(folder: Path, robot: RobotLimits, device: str) -> Bundle:
    info, sha256 = read_info(folder, robot)
    weights = read_weights(folder, sha256)
    from sawyer_policies.inference import Bundle

    return Bundle(folder, info, weights, version=version_of(folder, sha256), device=device)


def bundle_spec(folder: str | os.PathLike[str], robot: RobotLimits = SAWYER) -> PolicySpec:
    """Spec of the newest bundle of a folder; reads ``policy.json`` alone, without torch.

    Raises:
        BundleError: there is none whose ``policy.json`` can be used.
    """
    newest: BundleError | None = None
    for path in locate(folder):
        try:
            info, sha256 = read_info(path, robot)
        except BundleError as error:
            newest = newest or error
            continue
        return info.policy_spec(version_of(path, sha256))
    raise newest or BundleError(folder, "there is no bundle")


@dataclass(frozen=True)
class BundleFactory:
    """Makes policies of a bundle; can be sent to another process, which loads it by itself."""

    folder: str

    def __call__(self) -> BundlePolicy:
        """A fresh policy of the newest whole version."""
        return source_of(Path(self.folder)).open()[1]


class BundleSource:
    """A bundle on the disk, loaded when first asked for and again when it has changed.

    A changed bundle that is refused leaves the one before in use; ``problem`` says so.
    """

    def __init__(self, folder: Path, *, device: str = "cpu") -> None:
        self.folder = folder
        self.problem = ""
        self.loads = 0
        self._device = device
        self._seen: tuple[object, ...] = ()
        self._bundle: Bundle | None = None

    def bundle(self) -> Bundle:
        """The bundle as it is on the disk now, or the last one that could be loaded.

        Raises:
            BundleError: there is none and was none.
        """
        try:
            seen = tuple((str(path), signature(path)) for path in locate(self.folder)[:1])
            if self._bundle is None or seen != self._seen:
                self._bundle, newer = _load(self.folder, SAWYER, self._device)
                self._seen, self.loads = seen, self.loads + 1
                self.problem = str(newer or "")
        except BundleError as error:
            if self._bundle is None:
                raise
            self.problem = f"{error}; {self._bundle.version} stays in use"
        return self._bundle

    def open(self) -> tuple[PolicySpec, BundlePolicy]:
        """Spec and a fresh policy; what an episode begins with.

        Raises:
            BundleError: see :meth:`bundle`.
        """
        bundle = self.bundle()
        return bundle.spec, bundle.make_policy()


_SOURCES: dict[tuple[Path, str], BundleSource] = {}


def source_of(folder: Path, device: str = "cpu") -> BundleSource:
    """The one source of a folder in this process, so that weights are held once."""
    key = (folder.resolve(), device)
    return _SOURCES.setdefault(key, BundleSource(folder, device=device))
