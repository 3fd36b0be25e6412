"""Keeps what C extensions print out of a command's own output."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType


@contextlib.contextmanager
def chatter_elsewhere(target: int = 2) -> Iterator[None]:
    """Send standard output to another descriptor (default: standard error) for a while.

    pybullet prints its build time through C's own buffer, here and in every worker process, which
    would otherwise end up in the middle of a command's table or JSON.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    try:
        os.dup2(target, 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            ctypes.CDLL(None).fflush(None)
            os.dup2(saved, 1)
    finally:
        os.close(saved)


def import_quietly(name: str) -> ModuleType:
    """Import a module; what it prints on the way goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        with chatter_elsewhere(null):
            return importlib.import_module(name)
    finally:
        os.close(null)
