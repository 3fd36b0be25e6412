from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sawyer_core.config import describe, from_mapping, setting, to_mapping, validate
from sawyer_core.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Group:
    gains: tuple[float, ...] = setting((1.0, 2.0), length=2, bounds=(0.0, 5.0), unit="N/m")

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True)
class Example:
    rate_hz: float = setting(unit="Hz", bounds=(1.0, 100.0), doc="rate")
    mode: str = setting("slow", choices=("slow", "fast"))
    count: int = setting(3, bounds=(1, 5), read_only=False)
    on: bool = setting(True)
    names: tuple[str, ...] = setting(("a",))
    group: Group = field(default_factory=Group)

    def __post_init__(self) -> None:
        validate(self)


def test_defaults_and_nested_groups() -> None:
    made = from_mapping(Example, {"rate_hz": 10, "group": {"gains": [1, 2.5]}})
    assert made.rate_hz == 10.0
    assert isinstance(made.rate_hz, float)
    assert made.group.gains == (1.0, 2.5)
    assert from_mapping(Example, {"rate_hz": 10.0, "group.gains": [1.0, 2.5]}) == made


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({}, r"rate_hz.*required"),
        ({"rate_hz": 0.999}, r"rate_hz = 0.999.*from 1 to 100 Hz"),
        ({"rate_hz": 100.001}, "rate_hz"),
        ({"rate_hz": math.nan}, "rate_hz"),
        ({"rate_hz": math.inf}, "rate_hz"),
        ({"rate_hz": "10"}, "rate_hz"),
        ({"rate_hz": True}, "rate_hz"),
        ({"rate_hz": None}, "rate_hz"),
        ({"rate_hz": 10.0, "mode": "medium"}, r"mode = 'medium'.*'slow', 'fast'"),
        ({"rate_hz": 10.0, "count": 6}, "count"),
        ({"rate_hz": 10.0, "count": 2.5}, "count"),
        ({"rate_hz": 10.0, "count": True}, "count"),
        ({"rate_hz": 10.0, "on": 1}, "on"),
        ({"rate_hz": 10.0, "names": "abc"}, "names"),
        ({"rate_hz": 10.0, "names": [1]}, "names"),
        ({"rate_hz": 10.0, "group": {"gains": [1.0]}}, r"gains.*exactly 2"),
        ({"rate_hz": 10.0, "group": {"gains": [1.0, 5.1]}}, "gains"),
        ({"rate_hz": 10.0, "group": 3}, "group"),
        ({"rate_hz": 10.0, "group": 3, "group.gains": [1.0, 2.0]}, "group"),
        ([1, 2], "mapping"),
    ],
)
def test_bad_values_name_field_value_and_what_is_allowed(values: object, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        from_mapping(Example, values)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.0, 100.0])
def test_bounds_themselves_are_allowed(value: float) -> None:
    assert from_mapping(Example, {"rate_hz": value}).rate_hz == value


@pytest.mark.parametrize(
    ("values", "nearest"), [({"rate": 1.0}, "rate_hz"), ({"group": {"gain": []}}, "group.gains")]
)
def test_unknown_setting_gives_the_nearest(values: dict[str, object], nearest: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        from_mapping(Example, values)
    assert error.value.nearest == nearest


def test_describe_flattens_groups() -> None:
    infos = {info.name: info for info in describe(Example)}
    assert list(infos) == ["rate_hz", "mode", "count", "on", "names", "group.gains"]
    assert infos["rate_hz"].required
    assert infos["rate_hz"].kind == "float"
    assert infos["rate_hz"].bounds == (1.0, 100.0)
    assert infos["group.gains"].kind == "float[]"
    assert infos["group.gains"].default == (1.0, 2.0)
    assert not infos["count"].read_only
    assert infos["mode"].choices == ("slow", "fast")


@given(
    st.floats(1.0, 100.0),
    st.sampled_from(["slow", "fast"]),
    st.lists(st.floats(0.0, 5.0), min_size=2, max_size=2),
)
def test_mapping_round_trip(rate: float, mode: str, gains: list[float]) -> None:
    made = Example(rate_hz=rate, mode=mode, group=Group(tuple(gains)))
    assert from_mapping(Example, to_mapping(made)) == made


def test_direct_construction_is_checked_too() -> None:
    with pytest.raises(ConfigError, match=r"Example\.rate_hz"):
        Example(rate_hz=0.0)
    with pytest.raises(ConfigError, match=r"Group\.gains"):
        Group(gains=[1.0, 2.0])  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"Example\.group"):
        Example(rate_hz=1.0, group=None)  # type: ignore[arg-type]
