"""Settings with unit, bounds and source, checked where they are made.

A config is a frozen dataclass whose fields come from :func:`setting` and whose
``__post_init__`` calls :func:`validate`. The metadata is also what ROS parameter declarations
are made of (:func:`describe`). A group of settings is a field of another config class,
``field(default_factory=...)``.
"""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any, TypeVar

from sawyer_core.errors import ConfigError, UnknownNameError

T = TypeVar("T")


@dataclass(frozen=True)
class SettingInfo:
    """What is known about one setting.

    ``kind`` is one of ``bool``, ``int``, ``float``, ``str`` and their arrays ``float[]``, ...
    """

    name: str
    kind: str
    default: Any
    required: bool
    unit: str
    bounds: tuple[float, float] | None
    choices: tuple[Any, ...] | None
    length: int | None
    read_only: bool
    doc: str
    source: str

    def allowed(self) -> str:
        """The allowed values, in words."""
        parts = [self.kind]
        if self.length is not None:
            parts.append(f"exactly {self.length} values")
        if self.bounds is not None:
            parts.append(f"from {self.bounds[0]:g} to {self.bounds[1]:g}")
        if self.choices is not None:
            parts.append("one of " + ", ".join(map(repr, self.choices)))
        text = ", ".join(parts)
        return f"{text} {self.unit}".rstrip() if self.unit else text


def setting(
    default: Any = MISSING,
    *,
    unit: str = "",
    bounds: tuple[float, float] | None = None,
    choices: Sequence[Any] | None = None,
    length: int | None = None,
    read_only: bool = True,
    doc: str = "",
    source: str = "ours",
) -> Any:
    """Dataclass field with the metadata of a setting.

    Args:
        default: value, or nothing for a required setting.
        unit: SI unit, ``""`` for none.
        bounds: smallest and largest allowed value, both allowed; for arrays of each element.
        choices: allowed values.
        length: exact number of elements of an array.
        read_only: False where a change during operation is harmless.
        doc: one line for the user.
        source: where the default comes from; ``"ours"`` where we chose it.
    """
    metadata = {
        "unit": unit,
        "bounds": bounds,
        "choices": None if choices is None else tuple(choices),
        "length": length,
        "read_only": read_only,
        "doc": doc,
        "source": source,
    }
    if default is MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def _kind(annotation: Any) -> str:
    if typing.get_origin(annotation) is tuple:
        return f"{_kind(typing.get_args(annotation)[0])}[]"
    if annotation in (bool, int, float, str):
        return str(annotation.__name__)
    raise TypeError(f"a setting cannot be of type {annotation!r}")


def _info(name: str, field: dataclasses.Field[Any], annotation: Any) -> SettingInfo:
    meta = field.metadata
    required = field.default is MISSING
    return SettingInfo(
        name=name,
        kind=_kind(annotation),
        default=None if required else field.default,
        required=required,
        unit=meta.get("unit", ""),
        bounds=meta.get("bounds"),
        choices=meta.get("choices"),
        length=meta.get("length"),
        read_only=meta.get("read_only", True),
        doc=meta.get("doc", ""),
        source=meta.get("source", ""),
    )


def describe(cls: type[Any], prefix: str = "") -> list[SettingInfo]:
    """All settings of a config class, nested groups flattened to dotted names."""
    hints = typing.get_type_hints(cls)
    found: list[SettingInfo] = []
    for field in dataclasses.fields(cls):
        annotation = hints[field.name]
        name = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
            found.extend(describe(annotation, f"{name}."))
        else:
            found.append(_info(name, field, annotation))
    return found


def _element_ok(kind: str, value: Any) -> bool:
    if kind == "float":
        return (isinstance(value, (int, float)) and not isinstance(value, bool)) and math.isfinite(
            value
        )
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    return type(value).__name__ == kind


def _check_value(info: SettingInfo, field: str, value: Any) -> None:
    kind = info.kind
    if kind.endswith("[]"):
        if not isinstance(value, tuple):
            raise ConfigError(field, value, info.allowed())
        if info.length is not None and len(value) != info.length:
            raise ConfigError(field, value, info.allowed())
        elements: Sequence[Any] = value
        kind = kind[:-2]
    else:
        elements = (value,)
    for element in elements:
        in_bounds = True
        if not _element_ok(kind, element):
            in_bounds = False
        elif info.bounds is not None:
            in_bounds = info.bounds[0] <= element <= info.bounds[1]
        if not in_bounds or (info.choices is not None and element not in info.choices):
            raise ConfigError(field, value, info.allowed())


def validate(config: Any) -> None:
    """Check every setting of ``config`` against its metadata.

    Raises:
        ConfigError: names the field, the value and what is allowed.
    """
    cls = type(config)
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(config):
        annotation = hints[field.name]
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
            if not isinstance(value, annotation):
                raise ConfigError(f"{cls.__name__}.{field.name}", value, annotation.__name__)
            continue
        _check_value(_info(field.name, field, annotation), f"{cls.__name__}.{field.name}", value)


def _coerce(kind: str, value: Any) -> Any:
    if kind.endswith("[]") and isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_coerce(kind[:-2], element) for element in value)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _nest(values: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in values.items():
        head, _, rest = str(key).partition(".")
        if rest:
            group = nested.setdefault(head, {})
            if not isinstance(group, dict):
                raise ConfigError(head, group, "a group of settings")
            group[rest] = value
        elif isinstance(value, Mapping):
            nested.setdefault(head, {}).update(value)
        else:
            nested[head] = value
    return nested


def from_mapping(cls: type[T], values: Mapping[str, Any], prefix: str = "") -> T:
    """Config of class ``cls`` from a mapping, nested or with dotted names.

    Missing settings take their defaults; lists become tuples, ints become floats where asked.

    Raises:
        UnknownNameError: a key that is no setting.
        ConfigError: a value that is not allowed, or a required setting that is missing.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(prefix.rstrip(".") or cls.__name__, values, "a mapping of settings")
    nested = _nest(values)
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    arguments: dict[str, Any] = {}
    for key, value in nested.items():
        if key not in fields:
            raise UnknownNameError(
                f"setting of {cls.__name__}", f"{prefix}{key}", [f"{prefix}{n}" for n in fields]
            )
        annotation = hints[key]
        if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
            if isinstance(value, annotation):
                arguments[key] = value
            else:
                arguments[key] = from_mapping(annotation, value, f"{prefix}{key}.")
        else:
            arguments[key] = _coerce(_kind(annotation), value)
    for name, field in fields.items():
        if name not in arguments and field.default is MISSING and field.default_factory is MISSING:
            info = _info(f"{prefix}{name}", field, hints[name])
            raise ConfigError(info.name, None, f"{info.allowed()} (required)")
    return cls(**arguments)


def to_mapping(config: Any) -> dict[str, Any]:
    """Nested plain mapping of a config, the inverse of :func:`from_mapping`."""
    return dataclasses.asdict(config)


def value_of(word: str) -> tuple[str, Any]:
    """Name and value of a word ``name=value``; the value is YAML, with 1e-3 as a number.

    YAML 1.1 wants 1.0e-3 for that.

    Raises:
        ConfigError: the word is not like that, or the value is no YAML.

    >>> value_of("learner.actor_lr=1e-3")
    ('learner.actor_lr', 0.001)
    >>> value_of("learner.hidden=[3, 4]")
    ('learner.hidden', [3, 4])
    """
    import yaml

    name, equals, text = word.partition("=")
    if not equals or not name.strip():
        raise ConfigError("setting", word, "key=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError("setting", word, "a value in YAML") from error
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            pass
    return name.strip(), value
