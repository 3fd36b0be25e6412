"""Policy bundles: a folder with ``policy.json`` and ``weights.safetensors`` (docs/policies.md).

Importing this loads no torch; :func:`load_bundle` does.
"""

from sawyer_policies.bundles.files import locate, read_info, save_bundle, versions
from sawyer_policies.bundles.info import SAWYER, BundleInfo, RobotLimits
from sawyer_policies.bundles.loading import (
    BundleFactory,
    BundleSource,
    bundle_spec,
    load_bundle,
    source_of,
)
from sawyer_policies.bundles.search import (
    PATH_VARIABLE,
    FoundBundle,
    find_bundles,
    search_path,
    shipped_folder,
)

__all__ = [
    "PATH_VARIABLE",
    "SAWYER",
    "BundleFactory",
    "BundleInfo",
    "BundleSource",
    "FoundBundle",
    "RobotLimits",
    "bundle_spec",
    "find_bundles",
    "load_bundle",
    "locate",
    "read_info",
    "save_bundle",
    "search_path",
    "shipped_folder",
    "source_of",
    "versions",
]
