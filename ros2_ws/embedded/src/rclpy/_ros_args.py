"""The ``--ros-args`` part of a command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy._names import (
    RemapKind,
    RemapRule,
    namespace_problem,
    node_name_problem,
    normalize_namespace,
    topic_name_problem,
)
from rclpy._params_yaml import (
    NodeParameterSet,
    load_parameter_file,
    parse_parameter_value,
    pattern_matches,
    specificity,
)
from rclpy.exceptions import RCLInvalidROSArgsError, UnknownROSArgsError

ROS_ARGS_FLAG = "--ros-args"
END_FLAG = "--"

_SEVERITIES = {"unset": 0, "debug": 10, "info": 20, "warn": 30, "error": 40, "fatal": 50}
_LOG_SWITCHES = ("rosout-logs", "stdout-logs", "external-lib-logs")
_VALUE_FLAGS = {
    "-r": "remap",
    "--remap": "remap",
    "-p": "param",
    "--param": "param",
    "--params-file": "params_file",
    "--log-level": "log_level",
    "-e": "enclave",
    "--enclave": "enclave",
    "--log-config-file": "log_config_file",
    "--log-file-name": "log_file_name",
}
_KNOWN_FLAGS = (
    *_VALUE_FLAGS,
    *(f"--{verb}-{name}" for verb in ("enable", "disable") for name in _LOG_SWITCHES),
)
_NODE_KEYS = {
    "__node": RemapKind.NODE_NAME,
    "__name": RemapKind.NODE_NAME,
    "__ns": RemapKind.NAMESPACE,
}
_SCHEMES = {"rostopic://": RemapKind.TOPIC, "rosservice://": RemapKind.SERVICE}


class RosArguments:
    """What a command line says between ``--ros-args`` and ``--``.

    Attributes:
        remap_rules: Remap rules in the order given; the first match wins.
        parameter_sets: One list of node patterns and parameters per ``-p`` or
            ``--params-file``, in the order given; later ones override earlier ones.
        log_level: Severity for every logger, or None.
        logger_levels: Severity per named logger.
        enclave: Security enclave; accepted and passed on, without effect.
        log_config_file: Accepted, without effect.
        log_file_name: Accepted, without effect.
        log_switches: ``rosout-logs``, ``stdout-logs``, ``external-lib-logs``: enabled or not.
        remaining: The arguments outside every ``--ros-args`` section.
    """

    def __init__(self) -> None:
        self.remap_rules: list[RemapRule] = []
        self.parameter_sets: list[list[NodeParameterSet]] = []
        self.log_level: int | None = None
        self.logger_levels: dict[str, int] = {}
        self.enclave: str | None = None
        self.log_config_file: str | None = None
        self.log_file_name: str | None = None
        self.log_switches: dict[str, bool] = {}
        self.remaining: list[str] = []

    def parameters_for(self, fully_qualified_name: str) -> dict[str, Any]:
        """Parameter overrides of one node, with wildcards resolved.

        Sources apply in the order of the command line; within one file the least
        specific pattern applies first, so that ``/ns/node`` overrides ``/**``.
        """
        merged: dict[str, Any] = {}
        for source in self.parameter_sets:
            matching = [s for s in source if pattern_matches(s[0], fully_qualified_name)]
            for _, parameters in sorted(matching, key=lambda entry: specificity(entry[0])):
                merged.update(parameters)
        return merged


def remove_ros_args(args: Sequence[str] | None = None) -> list[str]:
    """Return the arguments that lie outside every ``--ros-args`` section, unparsed."""
    if args is None:
        import sys

        args = sys.argv
    remaining: list[str] = []
    inside = False
    for argument in args:
        if argument == ROS_ARGS_FLAG:
            inside = True
        elif inside and argument == END_FLAG:
            inside = False
        elif not inside:
            remaining.append(argument)
    return remaining


def parse_ros_args(args: Sequence[str] | None) -> RosArguments:
    """Parse a command line (``sys.argv`` style; None means no arguments).

    Raises:
        UnknownROSArgsError: An argument after ``--ros-args`` is not known.
        RCLInvalidROSArgsError: An argument (or a parameter file) is malformed.
    """
    result = RosArguments()
    arguments = list(args or ())
    inside = False
    index = 0
    while index < len(arguments):
        argument = arguments[index]
        index += 1
        if argument == ROS_ARGS_FLAG:
            inside = True
        elif not inside:
            result.remaining.append(argument)
        elif argument == END_FLAG:
            inside = False
        else:
            index = _parse_flag(argument, arguments, index, result)
    return result


def _parse_flag(flag: str, arguments: list[str], index: int, result: RosArguments) -> int:
    """Parse one flag whose value (if any) is at ``index``; returns the next index."""
    for verb, enabled in (("--enable-", True), ("--disable-", False)):
        name = flag[len(verb) :]
        if flag.startswith(verb) and name in _LOG_SWITCHES:
            result.log_switches[name] = enabled
            return index
    kind = _VALUE_FLAGS.get(flag)
    if kind is None:
        if ":=" in flag:
            raise UnknownROSArgsError(
                f"unknown ROS argument '{flag}': a rule needs its flag, as in '-r {flag}' "
                f"(remap) or '-p {flag}' (parameter)"
            )
        import difflib

        near = difflib.get_close_matches(flag, _KNOWN_FLAGS, 1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise UnknownROSArgsError(
            f"unknown ROS argument '{flag}'{hint} (known: {', '.join(_KNOWN_FLAGS)}; "
            f"'{END_FLAG}' ends the section)"
        )
    if index >= len(arguments) or arguments[index] in (ROS_ARGS_FLAG, END_FLAG):
        raise RCLInvalidROSArgsError(f"'{flag}' needs a value, found the end of the ROS arguments")
    _apply_value(kind, flag, arguments[index], result)
    return index + 1


def _apply_value(kind: str, flag: str, value: str, result: RosArguments) -> None:
    if kind == "remap":
        result.remap_rules.append(parse_remap_rule(value))
    elif kind == "param":
        result.parameter_sets.append([parse_parameter_rule(value)])
    elif kind == "params_file":
        result.parameter_sets.append(load_parameter_file(value))
    elif kind == "log_level":
        _parse_log_level(value, result)
    elif kind == "enclave":
        if not value.startswith("/"):
            raise RCLInvalidROSArgsError(f"'{flag} {value}': an enclave must begin with '/'")
        result.enclave = value
    elif kind == "log_config_file":
        result.log_config_file = value
    else:
        result.log_file_name = value


def _split_rule(rule: str, what: str, form: str) -> tuple[str, str]:
    left, separator, right = rule.partition(":=")
    if not separator or not left:
        raise RCLInvalidROSArgsError(f"malformed {what} '{rule}', expected {form}")
    return left, right


def parse_remap_rule(rule: str) -> RemapRule:
    """Parse ``[node:]from:=to``, ``[node:]__node:=name`` or ``[node:]__ns:=namespace``.

    Raises:
        RCLInvalidROSArgsError: The rule is malformed.
    """
    left, right = _split_rule(rule, "remap rule", "'[node:]from:=to'")
    kind = RemapKind.TOPIC_AND_SERVICE
    node_name: str | None = None
    for scheme, scheme_kind in _SCHEMES.items():
        before, found, after = left.partition(scheme)
        if found:
            kind, left = scheme_kind, before + after
        if right.startswith(scheme):
            right = right[len(scheme) :]
    if ":" in left:
        node_name, _, left = left.partition(":")
        _require(rule, "node name", node_name_problem(node_name))
    if left in _NODE_KEYS:
        kind = _NODE_KEYS[left]
        if kind is RemapKind.NODE_NAME:
            _require(rule, "replacement", node_name_problem(right))
        else:
            _require(rule, "replacement", namespace_problem(normalize_namespace(right)))
        return RemapRule(kind, "", right, node_name)
    _require(rule, "left side", topic_name_problem(left))
    _require(rule, "right side", topic_name_problem(right))
    return RemapRule(kind, left, right, node_name)


def _require(rule: str, part: str, problem: tuple[str, int] | None) -> None:
    if problem:
        raise RCLInvalidROSArgsError(f"malformed remap rule '{rule}': {part}: {problem[0]}")


def parse_parameter_rule(rule: str) -> NodeParameterSet:
    """Parse ``[node:]name:=value`` to a node pattern and one parameter.

    Raises:
        RCLInvalidROSArgsError: The rule is malformed.
    """
    left, right = _split_rule(rule, "parameter rule", "'[node:]name:=value'")
    pattern = "/**"
    if ":" in left:
        node_name, _, left = left.partition(":")
        if not node_name or not left or ":" in left:
            raise RCLInvalidROSArgsError(
                f"malformed parameter rule '{rule}', expected '[node:]name:=value'"
            )
        pattern = node_name if node_name.startswith("/") else f"/**/{node_name}"
    return pattern, {left: parse_parameter_value(right, left)}


def _parse_log_level(value: str, result: RosArguments) -> None:
    logger, separator, level = value.rpartition(":=")
    severity = _SEVERITIES.get(level.lower())
    if severity is None or (separator and not logger):
        raise RCLInvalidROSArgsError(
            f"malformed log level '{value}', expected '[logger:=]level' with a level of "
            f"{', '.join(_SEVERITIES)}"
        )
    if separator:
        result.logger_levels[logger] = severity
    else:
        result.log_level = severity
