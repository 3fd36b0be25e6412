"""Importing a C extension that prints to standard output when it is loaded."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from types import ModuleType


def import_quietly(name: str) -> ModuleType:
    """Import a module while its C code's standard output goes nowhere.

    pybullet prints its build time through C's own buffer, which Python cannot redirect and which
    would end up in the middle of a command's JSON.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        try:
            return importlib.import_module(name)
        finally:
            ctypes.CDLL(None).fflush(None)
            os.dup2(saved, 1)
    finally:
        os.close(null)
        os.close(saved)
