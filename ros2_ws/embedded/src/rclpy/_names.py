"""Names of the ROS graph: validation, expansion and remapping.

The rules are those of the public design article on topic and service names:
tokens of alphanumerics and ``_`` separated by ``/``; ``~`` stands for the node's
private namespace, ``{node}``, ``{ns}`` and ``{namespace}`` are substituted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from rclpy.exceptions import (
    InvalidNamespaceException,
    InvalidNodeNameException,
    InvalidServiceNameException,
    InvalidTopicNameException,
    NameValidationException,
)

MAX_NODE_NAME_LENGTH = 255  # limits of the middleware interface
MAX_NAMESPACE_LENGTH = 245
MAX_TOPIC_NAME_LENGTH = 247

_FULL_NAME = re.compile(r"(?:/[A-Za-z_][A-Za-z0-9_]*)+\Z")
_NODE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SUBSTITUTION = re.compile(r"\{([^{}]*)\}")
_SUBSTITUTION_NAMES = ("node", "ns", "namespace")

Problem = tuple[str, int]


def node_name_problem(name: str) -> Problem | None:
    """Say why a node name is invalid, with the index of the fault; None when it is valid."""
    if _NODE_NAME.match(name) and len(name) <= MAX_NODE_NAME_LENGTH:
        return None
    if not name:
        return "node name must not be empty", 0
    bad = re.search(r"[^A-Za-z0-9_]", name)
    if bad:
        return "node name must not contain characters other than alphanumerics or '_'", bad.start()
    if name[0].isdigit():
        return "node name must not start with a number", 0
    return f"node name length should not exceed '{MAX_NODE_NAME_LENGTH}'", MAX_NODE_NAME_LENGTH - 1


def full_name_problem(
    name: str, *, what: str = "topic name", max_length: int = MAX_TOPIC_NAME_LENGTH
) -> Problem | None:
    """Say why an absolute name is invalid, with the index of the fault; None when valid."""
    if _FULL_NAME.match(name) and len(name) <= max_length:
        return None
    if not name:
        return f"{what} must not be empty", 0
    if name[0] != "/":
        return f"{what} must be absolute, it must lead with a '/'", 0
    if name.endswith("/"):
        return f"{what} must not end with a '/'", len(name) - 1
    bad = re.search(r"[^A-Za-z0-9_/]", name)
    if bad:
        return (
            f"{what} must not contain characters other than alphanumerics, '_', or '/'",
            bad.start(),
        )
    repeated = name.find("//")
    if repeated >= 0:
        return f"{what} must not contain repeated '/'", repeated
    digit = re.search(r"/[0-9]", name)
    if digit:
        return f"{what} must not have a token that starts with a number", digit.start() + 1
    return f"{what} length should not exceed '{max_length}'", max_length - 1


def namespace_problem(namespace: str) -> Problem | None:
    """Say why a namespace is invalid, with the index of the fault; None when it is valid."""
    if namespace == "/":
        return None
    return full_name_problem(namespace, what="namespace", max_length=MAX_NAMESPACE_LENGTH)


def topic_name_problem(name: str) -> Problem | None:
    """Say why a topic or service name as written by a user is invalid; None when valid."""
    if not name:
        return "topic name must not be empty string", 0
    if name.endswith("/"):
        return "topic name must not end with a forward slash", len(name) - 1
    bad = re.search(r"[^A-Za-z0-9_/~{}]", name)
    if bad:
        return (
            "topic name must not contain characters other than alphanumerics, '_', '~', "
            "'{', or '}'",
            bad.start(),
        )
    tilde = name.find("~", 1)
    if tilde >= 0:
        return "topic name must not have tilde '~' unless it is the first character", tilde
    if len(name) > 1 and name[0] == "~" and name[1] != "/":
        return "topic name must not have a tilde '~' not followed by a forward slash '/'", 1
    repeated = name.find("//")
    if repeated >= 0:
        return "topic name must not contain repeated '/'", repeated
    return _substitution_problem(name) or _token_problem(name)


def _substitution_problem(name: str) -> Problem | None:
    opened: int | None = None
    for index, character in enumerate(name):
        if character == "{":
            if opened is not None:
                return "topic name must not have unmatched '{' or '}'", index
            opened = index
        elif character == "}":
            if opened is None:
                return "topic name must not have unmatched '{' or '}'", index
            inner = name[opened + 1 : index]
            if not _NODE_NAME.match(inner):
                return (
                    "substitution name must not contain characters other than alphanumerics or "
                    "'_', and must not start with a number",
                    opened + 1,
                )
            opened = None
    if opened is not None:
        return "topic name must not have unmatched '{' or '}'", opened
    return None


def _token_problem(name: str) -> Problem | None:
    digit = re.search(r"(?:\A|/)([0-9])", name)
    return ("topic name token must not start with a number", digit.start(1)) if digit else None


def check_node_name(name: str) -> None:
    """Raise InvalidNodeNameException unless ``name`` is a valid node name."""
    problem = node_name_problem(name)
    if problem:
        raise InvalidNodeNameException(name, *problem)


def check_namespace(namespace: str) -> None:
    """Raise InvalidNamespaceException unless ``namespace`` is valid and absolute."""
    problem = namespace_problem(namespace)
    if problem:
        raise InvalidNamespaceException(namespace, *problem)


def _topic_error(name: str, problem: Problem, is_service: bool) -> NameValidationException:
    text, index = problem
    if is_service:
        return InvalidServiceNameException(name, text.replace("topic name", "service name"), index)
    return InvalidTopicNameException(name, text, index)


def check_topic_name(name: str, *, is_service: bool = False) -> None:
    """Raise unless ``name`` is a valid relative, private or absolute topic/service name."""
    problem = topic_name_problem(name)
    if problem:
        raise _topic_error(name, problem, is_service)


def check_full_topic_name(name: str, *, is_service: bool = False) -> None:
    """Raise unless ``name`` is a valid, fully expanded topic or service name."""
    problem = full_name_problem(name)
    if problem:
        raise _topic_error(name, problem, is_service)


def normalize_namespace(namespace: str | None) -> str:
    """Make a namespace absolute the way a node does: ``''`` is ``'/'``, ``'a'`` is ``'/a'``."""
    if not namespace:
        return "/"
    return namespace if namespace.startswith("/") else "/" + namespace


def fully_qualified_node_name(name: str, namespace: str) -> str:
    """Join a node name and an absolute namespace."""
    return f"/{name}" if namespace == "/" else f"{namespace}/{name}"


def logger_name(name: str, namespace: str) -> str:
    """Name of a node's logger: the fully qualified name with dots.

    >>> logger_name("arm", "/left")
    'left.arm'
    """
    return fully_qualified_node_name(name, namespace).lstrip("/").replace("/", ".")


def expand_name(name: str, node_name: str, namespace: str, *, is_service: bool = False) -> str:
    """Expand a topic or service name to its absolute form; remapping is not applied.

    Args:
        name: Relative (``a/b``), private (``~/a``) or absolute (``/a``) name.
        node_name: The node's own name.
        namespace: The node's absolute namespace.
        is_service: Whether errors speak of a service.

    Raises:
        InvalidTopicNameException: The name (or its expansion) is invalid.
        InvalidServiceNameException: The same, for a service.
    """
    if _FULL_NAME.match(name) and len(name) <= MAX_TOPIC_NAME_LENGTH:
        return name
    check_topic_name(name, is_service=is_service)
    expanded = name
    if expanded[0] == "~":
        expanded = fully_qualified_node_name(node_name, namespace) + expanded[1:]
    if "{" in expanded:
        expanded = _substitute(name, expanded, node_name, namespace, is_service)
    if expanded[0] != "/":
        expanded = fully_qualified_node_name(expanded, namespace)
    check_full_topic_name(expanded, is_service=is_service)
    return expanded


def _substitute(name: str, expanded: str, node_name: str, namespace: str, is_service: bool) -> str:
    values = {"node": node_name, "ns": namespace, "namespace": namespace}

    def replace(match: re.Match[str]) -> str:
        try:
            return values[match.group(1)]
        except KeyError:
            known = ", ".join(f"{{{known_name}}}" for known_name in _SUBSTITUTION_NAMES)
            problem = (f"topic name has an unknown substitution (known: {known})", match.start())
            raise _topic_error(name, problem, is_service) from None

    result = _SUBSTITUTION.sub(replace, expanded)
    return result[1:] if result.startswith("//") else result  # "{ns}/a" in the root namespace


class RemapKind(Enum):
    """What a remap rule applies to."""

    NODE_NAME = "node name"
    NAMESPACE = "namespace"
    TOPIC = "topic"
    SERVICE = "service"
    TOPIC_AND_SERVICE = "topic and service"


class RemapRule(NamedTuple):
    """One ``[node:]match:=replacement`` rule.

    Attributes:
        kind: What the rule applies to.
        match: Name to be replaced, as written (empty for node name and namespace rules).
        replacement: The new name, as written.
        node_name: The only node that the rule applies to, or None for every node.
    """

    kind: RemapKind
    match: str
    replacement: str
    node_name: str | None = None

    def applies_to(self, node_name: str) -> bool:
        """Say whether the rule applies to the node of that name."""
        return self.node_name is None or self.node_name == node_name


def remap_name(
    full_name: str,
    rules: Iterable[RemapRule],
    node_name: str,
    namespace: str,
    *,
    is_service: bool = False,
) -> str:
    """Apply the first matching rule to an expanded topic or service name.

    The rule's two sides are expanded in the node's namespace before they are compared and
    used. A name is remapped once only: results are not matched again.
    """
    wanted = RemapKind.SERVICE if is_service else RemapKind.TOPIC
    for rule in rules:
        if rule.kind not in (wanted, RemapKind.TOPIC_AND_SERVICE):
            continue
        if not rule.applies_to(node_name):
            continue
        if expand_name(rule.match, node_name, namespace, is_service=is_service) == full_name:
            return expand_name(rule.replacement, node_name, namespace, is_service=is_service)
    return full_name


def remap_node(node_name: str, namespace: str, rules: Sequence[RemapRule]) -> tuple[str, str]:
    """Apply the node-name and namespace rules; returns the new name and namespace.

    Rules with a node prefix are compared with the name the node was created with.
    """

    def first(kind: RemapKind) -> str | None:
        found = (r.replacement for r in rules if r.kind is kind and r.applies_to(node_name))
        return next(found, None)

    new_name = first(RemapKind.NODE_NAME)
    new_namespace = first(RemapKind.NAMESPACE)
    return (
        node_name if new_name is None else new_name,
        namespace if new_namespace is None else normalize_namespace(new_namespace),
    )


def resolve_name(
    name: str,
    node_name: str,
    namespace: str,
    rules: Sequence[RemapRule] = (),
    *,
    is_service: bool = False,
    only_expand: bool = False,
) -> str:
    """Expand a topic or service name and remap it (unless ``only_expand``)."""
    full_name = expand_name(name, node_name, namespace, is_service=is_service)
    if only_expand or not rules:
        return full_name
    return remap_name(full_name, rules, node_name, namespace, is_service=is_service)
