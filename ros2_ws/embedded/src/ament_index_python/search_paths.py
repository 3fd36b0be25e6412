"""Where installed packages are looked for."""

from __future__ import annotations

import os
import sys

from ament_index_python.constants import AMENT_PREFIX_PATH_ENV_VAR


def get_search_paths() -> list[str]:
    """Return the existing prefixes of ``AMENT_PREFIX_PATH``, first one first.

    Without that variable the prefix of the running interpreter is the only one, so that a
    virtual environment works without sourcing anything.
    """
    value = os.environ.get(AMENT_PREFIX_PATH_ENV_VAR, "")
    paths = [path for path in value.split(os.pathsep) if path] or [sys.prefix]
    return [path for path in paths if os.path.exists(path)]
