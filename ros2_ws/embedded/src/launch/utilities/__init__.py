"""Helpers around substitutions and entities."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext
    from launch.launch_description_entity import LaunchDescriptionEntity

TRUE_TEXTS = ("true", "1", "on", "yes")
FALSE_TEXTS = ("false", "0", "off", "no")


def normalize_to_list_of_substitutions(subs: SomeSubstitutionsType) -> list[Substitution]:
    """Return a list of substitutions for a text, a substitution or a mixed sequence."""
    from launch.substitutions.text_substitution import TextSubstitution

    if isinstance(subs, Substitution):
        return [subs]
    if isinstance(subs, str):
        return [TextSubstitution(text=subs)]
    if isinstance(subs, os.PathLike):
        return [TextSubstitution(text=os.fspath(subs))]
    if not isinstance(subs, Iterable):
        raise TypeError(
            f"expected a text, a Substitution or a sequence of them, got {type(subs).__name__}: "
            f"{subs!r}"
        )
    result: list[Substitution] = []
    for item in subs:
        if not isinstance(item, (str, os.PathLike, Substitution)):
            raise TypeError(
                f"expected a text or a Substitution, got {type(item).__name__}: {item!r}"
            )
        result += normalize_to_list_of_substitutions(item)
    return result


def perform_substitutions(context: LaunchContext, subs: Iterable[Substitution]) -> str:
    """Return the joined texts of substitutions."""
    return "".join(sub.perform(context) for sub in subs)


def perform_text(context: LaunchContext, value: SomeSubstitutionsType) -> str:
    """Return the text of anything that may be given as one."""
    return perform_substitutions(context, normalize_to_list_of_substitutions(value))


def text_to_bool(text: str, what: str) -> bool:
    """Return the truth of a text; ``what`` names it in the error."""
    lowered = text.strip().lower()
    if lowered in TRUE_TEXTS:
        return True
    if lowered in FALSE_TEXTS:
        return False
    raise ValueError(f"{what} is {text!r}, allowed: true, false, 1, 0, on, off, yes, no")


def perform_bool(context: LaunchContext, value: bool | SomeSubstitutionsType, what: str) -> bool:
    """Return a flag that may be given as a substitution."""
    if isinstance(value, bool):
        return value
    return text_to_bool(perform_text(context, value), what)


def perform_float(context: LaunchContext, value: Any, what: str) -> float:
    """Return a number that may be given as a substitution."""
    if isinstance(value, (int, float)):
        return float(value)
    text = perform_text(context, value)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} is {text!r}, expected a number") from None


def is_a_subclass(entity: Any, kind: type) -> bool:
    """Say whether an object is of a kind."""
    return isinstance(entity, kind)


def normalize_entities(entities: Any, what: str) -> list[LaunchDescriptionEntity]:
    """Return a checked list for one entity or a sequence of them."""
    from launch.launch_description_entity import LaunchDescriptionEntity

    if entities is None:
        return []
    if isinstance(entities, LaunchDescriptionEntity):
        return [entities]
    result = list(entities)
    for entity in result:
        if not isinstance(entity, LaunchDescriptionEntity):
            raise TypeError(f"{what} holds {entity!r}, expected actions")
    return result
