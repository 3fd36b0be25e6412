"""Exceptions raised by the client library."""

from __future__ import annotations

from typing import Any


class RCLError(RuntimeError):
    """An operation of the middleware layer failed."""


class InvalidHandle(RuntimeError):
    """An entity was used after it had been destroyed."""


class UnknownROSArgsError(RuntimeError):
    """An argument after ``--ros-args`` is not known."""


class RCLInvalidROSArgsError(RCLError):
    """An argument after ``--ros-args`` is malformed."""


class NodeNameNonExistentError(RCLError):
    """A graph query named a node that is not in the graph."""


class UnsupportedEventTypeError(RCLError):
    """The middleware does not support an event type."""


class NotInitializedException(Exception):
    """The library (or a context) was used before ``rclpy.init``."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.init() has not been called", *args)


class NoTypeSupportImportedException(Exception):
    """An interface type has no type support."""

    def __init__(self, *args: Any) -> None:
        super().__init__("no type_support imported", *args)


class NameValidationException(Exception):
    """A name in the ROS graph is invalid.

    Attributes:
        name_type: What kind of name it is, for example ``'topic name'``.
        name: The offending name.
        error_msg: Which rule is violated.
        invalid_index: Index in ``name`` at which the rule is violated.
    """

    def __init__(
        self, name_type: str, name: str, error_msg: str, invalid_index: int, *args: Any
    ) -> None:
        text = f"Invalid {name_type}: {error_msg}:\n  '{name}'\n   {' ' * invalid_index}^"
        super().__init__(text, *args)
        self.name_type = name_type
        self.name = name
        self.error_msg = error_msg
        self.invalid_index = invalid_index


class InvalidNamespaceException(NameValidationException):
    """A namespace is invalid."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("namespace", name, error_msg, invalid_index, *args)


class InvalidNodeNameException(NameValidationException):
    """A node name is invalid."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("node name", name, error_msg, invalid_index, *args)


class InvalidTopicNameException(NameValidationException):
    """A topic name is invalid."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("topic name", name, error_msg, invalid_index, *args)


class InvalidServiceNameException(NameValidationException):
    """A service name is invalid."""

    def __init__(self, name: str, error_msg: str, invalid_index: int, *args: Any) -> None:
        super().__init__("service name", name, error_msg, invalid_index, *args)


class ParameterException(Exception):
    """Base of the parameter exceptions."""

    def __init__(self, error_msg: str, parameters: Any, *args: Any) -> None:
        super().__init__(f"{error_msg}: {parameters}", *args)


class ParameterNotDeclaredException(ParameterException):
    """A parameter was used that has not been declared."""

    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Invalid access to undeclared parameter(s)", parameters, *args)


class ParameterAlreadyDeclaredException(ParameterException):
    """A parameter was declared twice."""

    def __init__(self, parameters: Any, *args: Any) -> None:
        super().__init__("Parameter(s) already declared", parameters, *args)


class InvalidParameterException(ParameterException):
    """A parameter name is invalid."""

    def __init__(self, parameter: str, *args: Any) -> None:
        super().__init__("Invalid parameter name", parameter, *args)


class InvalidParameterTypeException(ParameterException):
    """A parameter was given a value of the wrong type."""

    def __init__(self, parameter: Any, expected_type: Any, *args: Any) -> None:
        expected = getattr(expected_type, "name", expected_type)
        Exception.__init__(
            self,
            f"Trying to set parameter '{parameter.name}' to '{parameter.value}' of type "
            f"'{parameter.type_.name}', expecting type '{expected}'",
            *args,
        )


class InvalidParameterValueException(ParameterException):
    """A parameter was given a value that it does not accept."""

    def __init__(self, parameter: str, value: Any, reason: str, *args: Any) -> None:
        Exception.__init__(
            self,
            f"Invalid parameter value ({value}) for parameter '{parameter}'. Reason: {reason}",
            *args,
        )


class ParameterImmutableException(ParameterException):
    """A read-only parameter was to be changed."""

    def __init__(self, parameter: str, *args: Any) -> None:
        super().__init__("Attempted to modify read-only parameter", parameter, *args)


class ParameterUninitializedException(ParameterException):
    """A statically typed parameter was read before it had a value."""

    def __init__(self, parameter: str, *args: Any) -> None:
        Exception.__init__(self, f"The parameter '{parameter}' is not initialized", *args)


class ROSInterruptException(Exception):
    """An operation was interrupted by the shutdown of the library."""

    def __init__(self, *args: Any) -> None:
        super().__init__("rclpy.shutdown() has been called", *args)


__all__ = [
    "InvalidHandle",
    "InvalidNamespaceException",
    "InvalidNodeNameException",
    "InvalidParameterException",
    "InvalidParameterTypeException",
    "InvalidParameterValueException",
    "InvalidServiceNameException",
    "InvalidTopicNameException",
    "NameValidationException",
    "NoTypeSupportImportedException",
    "NodeNameNonExistentError",
    "NotInitializedException",
    "ParameterAlreadyDeclaredException",
    "ParameterException",
    "ParameterImmutableException",
    "ParameterNotDeclaredException",
    "ParameterUninitializedException",
    "RCLError",
    "RCLInvalidROSArgsError",
    "ROSInterruptException",
    "UnknownROSArgsError",
    "UnsupportedEventTypeError",
]
