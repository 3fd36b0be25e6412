"""How many threads a network may use; said before torch is loaded, so without loading it."""

from __future__ import annotations

import os
import sys

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


def limit_threads(count: int) -> None:
    """Let torch use ``count`` threads, unless the user's environment says another number.

    A network of this size is quicker on one thread, and a server shares its machine with the
    control loop.
    """
    for name in VARIABLES:
        os.environ.setdefault(name, str(count))
    torch = sys.modules.get("torch")
    if torch is not None and "OMP_NUM_THREADS" in os.environ:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"].split(",")[0]))
