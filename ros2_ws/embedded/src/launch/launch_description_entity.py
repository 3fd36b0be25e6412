"""Base class of everything that a launch description holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext


class LaunchDescriptionEntity:
    """Something that can be visited by the launch service."""

    def visit(self, context: LaunchContext) -> Sequence[LaunchDescriptionEntity] | None:
        """Act, and return the entities to be visited next."""
        raise NotImplementedError(f"{type(self).__name__} does not implement visit()")

    def describe(self) -> str:
        """Return a readable form of the entity."""
        return repr(self)

    def describe_sub_entities(self) -> Sequence[LaunchDescriptionEntity]:
        """Return the entities that this one always brings along."""
        return []

    def describe_conditional_sub_entities(
        self,
    ) -> Sequence[tuple[str, Sequence[LaunchDescriptionEntity]]]:
        """Return the entities that may follow, each group with its condition in words."""
        return []

    def get_asyncio_future(self) -> asyncio.Future[Any] | None:
        """Return what the launch service has to wait for."""
        return None
