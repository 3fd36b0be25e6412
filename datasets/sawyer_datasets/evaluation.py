"""Statistics of an evaluation and its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from sawyer_core.errors import ConfigError

Z_95: Final = 1.959963984540054  # 97.5 % quantile of the normal distribution
TABLE_HEADER: Final = (
    "connector",
    "policy",
    "noise mm",
    "successes",
    "rate",
    "95 % interval",
    "mean steps",
    "distance mm",
    "peak force N",
)


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's score interval of a success rate.

    With p = successes / n the bounds are
    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) (E. B. Wilson, 1927).

    >>> tuple(round(bound, 4) for bound in wilson_interval(8, 10))
    (0.4902, 0.9433)
    """
    if trials < 0 or not 0 <= successes <= trials:
        raise ConfigError("successes", successes, f"0 to {trials} (the number of trials)")
    if trials == 0:
        return 0.0, 1.0
    rate = successes / trials
    centre = rate + z * z / (2 * trials)
    spread = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else max(0.0, (centre - spread) / scale)
    high = 1.0 if successes == trials else min(1.0, (centre + spread) / scale)
    return low, high


@dataclass(frozen=True)
class EvalResult:
    """One cell of an evaluation; the fields are those of its JSON, in this order."""

    connector: str
    policy: str
    noise_mm: float
    episodes: int
    successes: int
    success_rate: float
    ci95: tuple[float, float]
    mean_steps: float
    final_distance_mm: tuple[float, ...]
    peak_force_n: tuple[float, ...]
    seed: int
    backend: str
    wall_s: float
    sim_s: float

    @classmethod
    def from_outcomes(
        cls,
        outcomes: Iterable[object],
        *,
        connector: str,
        policy: str,
        noise_mm: float,
        seed: int,
        backend: str,
        wall_s: float,
        sim_s: float,
    ) -> EvalResult:
        """Count the outcomes of all valid episodes.

        Args:
            outcomes: Objects or mappings with `success`, `steps`, `peak_force_n` and
                `final_distance_mm` (or `final_distance_m`). One whose `valid` is false counts
                neither as success nor as failure, and not in `episodes`.
            connector: As asked.
            policy: As asked.
            noise_mm: As asked.
            seed: As asked.
            backend: "gym" or "ros".
            wall_s: Wall-clock time of all episodes.
            sim_s: Robot time of all episodes.

        Raises:
            ConfigError: There is no valid episode.
        """
        rows = [row for row in outcomes if _value(row, "valid", True)]
        if not rows:
            raise ConfigError("valid episodes", 0, "1 or more")
        successes = sum(bool(_value(row, "success")) for row in rows)
        return cls(
            connector=connector,
            policy=policy,
            noise_mm=float(noise_mm),
            episodes=len(rows),
            successes=successes,
            success_rate=successes / len(rows),
            ci95=wilson_interval(successes, len(rows)),
            mean_steps=float(np.mean([_value(row, "steps") for row in rows])),
            final_distance_mm=tuple(_distance_mm(row) for row in rows),
            peak_force_n=tuple(float(_value(row, "peak_force_n")) for row in rows),
            seed=int(seed),
            backend=backend,
            wall_s=float(wall_s),
            sim_s=float(sim_s),
        )

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> EvalResult:
        """Read back what `to_dict` made; unknown keys are ignored.

        Raises:
            ConfigError: A key is missing.
        """
        names = [field.name for field in fields(cls)]
        for name in names:
            if name not in values:
                raise ConfigError(name, None, "a value (the key is missing)")
        known = {name: values[name] for name in names}
        for name in ("ci95", "final_distance_mm", "peak_force_n"):
            known[name] = tuple(float(x) for x in known[name])
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def to_json(self) -> str:
        """Return the JSON text; a distance or force that is not finite becomes null."""
        return json.dumps(_finite(self.to_dict()), indent=2, allow_nan=False) + "\n"

    def table_row(self) -> tuple[str, ...]:
        """Return the cells under `TABLE_HEADER`."""
        low, high = self.ci95
        return (
            self.connector,
            self.policy,
            f"{self.noise_mm:g}",
            f"{self.successes}/{self.episodes}",
            f"{self.success_rate:.0%}",
            f"{low:.0%} to {high:.0%}",
            f"{self.mean_steps:.1f}",
            f"{_median(self.final_distance_mm):.2f}",
            f"{_median(self.peak_force_n):.1f}",
        )


def table(results: Sequence[EvalResult]) -> list[tuple[str, ...]]:
    """Return header and rows; distance and force are medians over the episodes."""
    return [TABLE_HEADER, *(result.table_row() for result in results)]


def _median(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.median(finite)) if finite else math.nan


def _value(row: object, name: str, default: Any = None) -> Any:
    if isinstance(row, Mapping):
        value = row.get(name, default)
    else:
        value = getattr(row, name, default)
    if value is None:
        raise ConfigError(name, None, "a value in every episode")
    return value


def _distance_mm(row: object) -> float:
    millimetres = _value(row, "final_distance_mm", math.nan)
    if math.isnan(millimetres):
        return float(_value(row, "final_distance_m", math.nan)) * 1e3
    return float(millimetres)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
