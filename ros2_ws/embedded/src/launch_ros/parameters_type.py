"""What may be given as parameters of a node."""

from __future__ import annotations

from typing import Any

SomeParameterValue = Any
SomeParametersDict = dict[Any, Any]
SomeParameters = list[Any]
