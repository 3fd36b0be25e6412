"""Action: run a command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from launch.actions.execute_local import ExecuteLocal
from launch.descriptions.executable import Executable, SomeEnvironment
from launch.some_substitutions_type import SomeSubstitutionsType


class ExecuteProcess(ExecuteLocal):
    """Runs a command as a process of its own; see ``ExecuteLocal`` for the other arguments."""

    def __init__(
        self,
        *,
        cmd: Iterable[SomeSubstitutionsType],
        prefix: SomeSubstitutionsType | None = None,
        name: SomeSubstitutionsType | None = None,
        cwd: SomeSubstitutionsType | None = None,
        env: SomeEnvironment | None = None,
        additional_env: SomeEnvironment | None = None,
        **kwargs: Any,
    ) -> None:
        """Describe the process: one item of ``cmd`` for each argument.

        Args:
            cmd: Executable and arguments.
            prefix: Something to run the command with, such as ``gdb -ex run --args``.
            name: Name of the process instead of the executable's.
            cwd: Folder to run it in.
            env: Environment in place of the launch's.
            additional_env: Variables on top of the environment.
            **kwargs: Arguments of ``ExecuteLocal``.
        """
        description = Executable(
            cmd=cmd, prefix=prefix, name=name, cwd=cwd, env=env, additional_env=additional_env
        )
        super().__init__(process_description=description, **kwargs)
