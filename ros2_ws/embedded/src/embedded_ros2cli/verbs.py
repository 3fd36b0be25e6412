"""Sub-commands of a command."""

from __future__ import annotations

import argparse
from collections.abc import Callable


class Verbs:
    """Collects the verbs of a command; ``-h`` or none at all lists them."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        """Add verbs to a command's parser."""
        self._parsers = parser.add_subparsers(title="verbs", metavar="<verb>", dest="verb")
        parser.set_defaults(function=lambda options: parser.print_help())

    def add(
        self, name: str, function: Callable[[argparse.Namespace], int | None], text: str
    ) -> argparse.ArgumentParser:
        """Add a verb; returns its parser for the arguments."""
        parser = self._parsers.add_parser(name, help=text, description=text)
        parser.set_defaults(function=function)
        return parser
