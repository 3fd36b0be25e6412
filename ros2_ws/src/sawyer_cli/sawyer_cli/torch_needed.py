"""What to say where torch is needed and was left out of the environment."""

from __future__ import annotations

import importlib.util

from sawyer_cli.errors import CommandError

ADVICE = "install it with:  SAWYER_TORCH=auto ./sawyer setup"


def torch_message(what: str) -> str:
    """Return the sentence for something that cannot do without torch."""
    return f"{what} needs torch, which this environment was made without; {ADVICE}"


def has_torch() -> bool:
    """Whether torch is installed (it is not imported)."""
    return importlib.util.find_spec("torch") is not None


def require_torch(what: str) -> None:
    """Raise ``CommandError`` if torch is not installed."""
    if not has_torch():
        raise CommandError(torch_message(what), status=1)
