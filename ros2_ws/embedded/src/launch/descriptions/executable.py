"""What is to be executed: command, name, folder and environment."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitution import Substitution
from launch.substitutions.configuration import LaunchConfiguration
from launch.utilities import (
    normalize_to_list_of_substitutions,
    perform_substitutions,
    perform_text,
)

if TYPE_CHECKING:
    from launch.launch_context import LaunchContext

SomeEnvironment = Mapping[SomeSubstitutionsType, SomeSubstitutionsType]


class Executable:
    """Describes a process; the substitutions in it are performed by ``prepare``."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: SomeEnvironment | None = None,
        additional_env: SomeEnvironment | None = None,
        arguments: Iterable[SomeSubstitutionsType] | None = None,
    ) -> None:
        """Keep the description; ``env`` replaces the environment, ``additional_env`` extends it.

        Each item of ``cmd`` is one argument; an item that is a sequence is concatenated.
        """
        if isinstance(cmd, (str, Substitution)):
            raise TypeError(f"cmd is {cmd!r}, expected a list with one item for each argument")
        self._cmd = [normalize_to_list_of_substitutions(part) for part in cmd]
        if arguments is not None:
            self._cmd += [normalize_to_list_of_substitutions(part) for part in arguments]
        self._prefix = normalize_to_list_of_substitutions(
            LaunchConfiguration("launch-prefix", default="") if prefix is None else prefix
        )
        self._name = name
        self._cwd = cwd
        self._env = env
        self._additional_env = additional_env
        self.final_cmd: list[str] = []
        self.final_name = ""
        self.final_cwd: str | None = None
        self.final_env: dict[str, str] = {}

    @property
    def cmd(self) -> list[list[Substitution]]:
        """Return the command, one list of substitutions for each argument."""
        return self._cmd

    @property
    def name(self) -> SomeSubstitutionsType | None:
        """Return the name as it was given."""
        return self._name

    def prepare(self, context: LaunchContext) -> None:
        """Perform all substitutions; the results are the ``final_*`` attributes."""
        prefix = shlex.split(perform_substitutions(context, self._prefix))
        command = [perform_substitutions(context, part) for part in self._cmd]
        self.final_cmd = prefix + command
        if not command or not command[0]:
            raise ValueError(f"the command is empty: {self._cmd!r}")
        base = (
            os.path.basename(command[0].split()[0])
            if self._name is None
            else perform_text(context, self._name)
        )
        self.final_name = f"{base}-{context.next_process_number()}"
        self.final_cwd = None if self._cwd is None else perform_text(context, self._cwd)
        environment = dict(context.environment) if self._env is None else {}
        for extra in (self._env, self._additional_env):
            for key, value in (extra or {}).items():
                environment[perform_text(context, key)] = perform_text(context, value)
        self.final_env = environment
