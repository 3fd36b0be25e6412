"""Camera stub; replaced below."""

from __future__ import annotations

from typing import Any

import numpy as np


class Camera:
    def __init__(self, *a: Any) -> None: ...
    def prepare(self, rng: Any) -> None: ...
    def policy_view(self, j: Any) -> Any: return np.zeros((32, 32), np.uint8)
    def rgb(self, j: Any, w: Any, h: Any) -> Any: return np.zeros((64, 64, 3), np.uint8)
    def overview(self, j: Any, w: Any, h: Any) -> Any: return np.zeros((h, w, 3), np.uint8)
    def close(self) -> None: ...
