"""Storing parameters: checks, callbacks, events. The engine below the node's public methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rclpy._parameter_checks import own_descriptor, range_problem, type_problem
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterNotDeclaredException,
)
from rclpy.parameter import Parameter

if TYPE_CHECKING:
    from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult

PreSetCallback = Callable[[list[Parameter]], list[Parameter]]
OnSetCallback = Callable[[list[Parameter]], "SetParametersResult"]
PostSetCallback = Callable[[list[Parameter]], None]

_EMPTY_LIST_REASON = (
    "parameter list cannot be empty, this might be due to "
    "pre_set_parameters_callback modifying the original parameters list."
)


def _result(reason: str = "") -> SetParametersResult:
    from rcl_interfaces.msg import SetParametersResult

    return SetParametersResult(successful=not reason, reason=reason)


class ParameterStore:
    """The parameters of one node, with their descriptors and callbacks.

    Args:
        publish: Called with the new, the changed and the deleted parameters.
        allow_undeclared: Whether setting an undeclared parameter declares it.
    """

    def __init__(
        self,
        publish: Callable[[list[Parameter], list[Parameter], list[Parameter]], None],
        allow_undeclared: bool,
    ) -> None:
        self.parameters: dict[str, Parameter] = {}
        self.descriptors: dict[str, ParameterDescriptor] = {}
        self.overrides: dict[str, Any] = {}
        self.allow_undeclared = allow_undeclared
        self.pre_set: list[PreSetCallback] = []
        self.on_set: list[OnSetCallback] = []
        self.post_set: list[PostSetCallback] = []
        self._publish = publish

    def require_declared(self, names: Iterable[str]) -> None:
        """Raise ParameterNotDeclaredException when undeclared names are not allowed."""
        if self.allow_undeclared:
            return
        missing = [name for name in names if name not in self.parameters]
        if missing:
            raise ParameterNotDeclaredException(missing)

    def declare(self, parameter: Parameter, descriptor: ParameterDescriptor) -> None:
        """Store a new parameter after the same checks that a change gets.

        Raises:
            InvalidParameterTypeException: The value is not of the descriptor's type.
            InvalidParameterValueException: The value is out of range, or a callback refused.
        """
        name = parameter.name
        if parameter.type_ is not Parameter.Type.NOT_SET:
            if type_problem(parameter, descriptor):
                expected = Parameter.Type(descriptor.type)
                raise InvalidParameterTypeException(parameter, expected)
            problem = range_problem(parameter, descriptor)
            if problem:
                raise InvalidParameterValueException(name, parameter.value, problem)
        self.descriptors[name] = descriptor
        accepted = False
        try:
            result = self._ask_callbacks([parameter])
            accepted = bool(result.successful)
        finally:
            if not accepted:
                del self.descriptors[name]
        if not accepted:
            raise InvalidParameterValueException(name, parameter.value, result.reason)
        self._store([parameter])

    def set_atomically(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        """Set all of the parameters or none; undeclared names are declared if allowed."""
        wanted = list(parameters)
        for pre in tuple(self.pre_set):
            wanted = list(pre(wanted))
        if not wanted and parameters:
            return _result(_EMPTY_LIST_REASON)
        self.require_declared(parameter.name for parameter in wanted)
        for parameter in wanted:
            problem = self._problem(parameter)
            if problem:
                return _result(problem)
        result = self._ask_callbacks(wanted)
        if result.successful:
            self._store(wanted)
        return result

    def _problem(self, parameter: Parameter) -> str | None:
        descriptor = self.descriptors.get(parameter.name)
        if descriptor is None:
            return None
        if descriptor.read_only:
            return f"Trying to set a read-only parameter: {parameter.name}."
        if parameter.type_ is Parameter.Type.NOT_SET:
            if descriptor.dynamic_typing:
                return None
            return f"Static parameter cannot be undeclared: {parameter.name}."
        return type_problem(parameter, descriptor) or range_problem(parameter, descriptor)

    def _ask_callbacks(self, parameters: list[Parameter]) -> SetParametersResult:
        for callback in tuple(self.on_set):
            result = callback(parameters)
            if not result.successful:
                return result
        return _result()

    def _store(self, parameters: list[Parameter]) -> None:
        new: list[Parameter] = []
        changed: list[Parameter] = []
        deleted: list[Parameter] = []
        for parameter in parameters:
            name = parameter.name
            if name not in self.parameters:
                if name not in self.descriptors:
                    descriptor = own_descriptor(name, None)
                    descriptor.dynamic_typing = True
                    self.descriptors[name] = descriptor
                if parameter.type_ is not Parameter.Type.NOT_SET:
                    new.append(parameter)
                self.parameters[name] = parameter
            elif parameter.type_ is Parameter.Type.NOT_SET:
                deleted.append(self.parameters[name])
                self.parameters[name] = parameter
                if self.allow_undeclared:
                    del self.parameters[name], self.descriptors[name]
            else:
                was_set = self.parameters[name].type_ is not Parameter.Type.NOT_SET
                (changed if was_set else new).append(parameter)
                self.parameters[name] = parameter
            descriptor_now = self.descriptors.get(name)
            if descriptor_now is not None and descriptor_now.dynamic_typing:
                descriptor_now.type = parameter.type_.value
        for callback in tuple(self.post_set):
            callback(parameters)
        if new or changed or deleted:
            self._publish(new, changed, deleted)

    def remove(self, name: str) -> None:
        """Forget a parameter."""
        parameter = self.parameters.pop(name)
        self.descriptors.pop(name, None)
        self._publish([], [], [parameter])

    def names_below(self, prefixes: Sequence[str], depth: int) -> list[str]:
        """Names at most ``depth`` levels (0: any) below the root or one of the prefixes."""
        if not prefixes:
            return [name for name in self.parameters if not depth or name.count(".") < depth]
        return [
            name
            for name in self.parameters
            if any(_is_below(name, prefix, depth) for prefix in prefixes)
        ]


def _is_below(name: str, prefix: str, depth: int) -> bool:
    if name == prefix:
        return True
    if not name.startswith(prefix + "."):
        return False
    return not depth or name[len(prefix) + 1 :].count(".") < depth
