"""All substitutions."""

from __future__ import annotations

from launch.substitution import SubstitutionFailure
from launch.substitutions.computed import Command, PythonExpression
from launch.substitutions.configuration import (
    AnonName,
    EnvironmentVariable,
    LaunchConfiguration,
    LocalSubstitution,
    ThisLaunchFile,
    ThisLaunchFileDir,
)
from launch.substitutions.logic import (
    AllSubstitution,
    AndSubstitution,
    AnySubstitution,
    EqualsSubstitution,
    IfElseSubstitution,
    NotEqualsSubstitution,
    NotSubstitution,
    OrSubstitution,
)
from launch.substitutions.path import (
    FileContent,
    FindExecutable,
    PathJoinSubstitution,
    PathSubstitution,
    StringJoinSubstitution,
)
from launch.substitutions.text_substitution import TextSubstitution

__all__ = [
    "AllSubstitution",
    "AndSubstitution",
    "AnonName",
    "AnySubstitution",
    "Command",
    "EnvironmentVariable",
    "EqualsSubstitution",
    "FileContent",
    "FindExecutable",
    "IfElseSubstitution",
    "LaunchConfiguration",
    "LocalSubstitution",
    "NotEqualsSubstitution",
    "NotSubstitution",
    "OrSubstitution",
    "PathJoinSubstitution",
    "PathSubstitution",
    "PythonExpression",
    "StringJoinSubstitution",
    "SubstitutionFailure",
    "TextSubstitution",
    "ThisLaunchFile",
    "ThisLaunchFileDir",
]
