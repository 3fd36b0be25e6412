"""The parameter methods of a node.

``Node`` inherits :class:`NodeParameters` and, in its constructor, once its name, its clock
and its publishers work, calls :meth:`NodeParameters._init_parameters`, then attaches the
time source, then creates the parameter services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rclpy._parameter_checks import own_descriptor, range_problem, type_problem, typed_parameter
from rclpy._parameter_declaring import read_entry, read_value
from rclpy._parameter_setting import (
    OnSetCallback,
    ParameterStore,
    PostSetCallback,
    PreSetCallback,
)
from rclpy.exceptions import (
    InvalidParameterValueException,
    ParameterAlreadyDeclaredException,
    ParameterImmutableException,
    ParameterNotDeclaredException,
    ParameterUninitializedException,
)
from rclpy.parameter import PARAMETER_SEPARATOR_STRING, Parameter

if TYPE_CHECKING:
    from rcl_interfaces.msg import (
        ListParametersResult,
        ParameterDescriptor,
        ParameterValue,
        SetParametersResult,
    )


class NodeParameters:
    """Mixin: the public parameter interface of a node."""

    _parameter_store: ParameterStore
    _parameter_event_publisher: Any = None

    def _init_parameters(
        self,
        *,
        overrides: Mapping[str, Any],
        parameter_overrides: Sequence[Parameter] | None,
        allow_undeclared_parameters: bool,
        automatically_declare_parameters_from_overrides: bool,
    ) -> None:
        """Set the parameters up.

        Args:
            overrides: Values from the command line and parameter files.
            parameter_overrides: The constructor's; they win over ``overrides``.
            allow_undeclared_parameters: As in the node's constructor.
            automatically_declare_parameters_from_overrides: As in the node's constructor.
        """
        store = ParameterStore(self._publish_parameter_event, allow_undeclared_parameters)
        self._parameter_store = store
        store.overrides = dict(overrides)
        for parameter in parameter_overrides or ():
            store.overrides[parameter.name] = parameter.value
        if automatically_declare_parameters_from_overrides:
            for name, value in store.overrides.items():
                descriptor = own_descriptor(name, None)
                descriptor.type = Parameter.Type.from_parameter_value(value).value
                store.declare(Parameter(name, value=value), descriptor)

    def _publish_parameter_event(
        self, new: list[Parameter], changed: list[Parameter], deleted: list[Parameter]
    ) -> None:
        publisher = self._parameter_event_publisher
        if publisher is None or not publisher.get_subscription_count():
            return  # a volatile publisher without subscriptions reaches nobody
        from rcl_interfaces.msg import ParameterEvent

        host: Any = self
        publisher.publish(
            ParameterEvent(
                stamp=host.get_clock().now().to_msg(),
                node=host.get_fully_qualified_name(),
                new_parameters=[p.to_parameter_msg() for p in new],
                changed_parameters=[p.to_parameter_msg() for p in changed],
                deleted_parameters=[p.to_parameter_msg() for p in deleted],
            )
        )

    def declare_parameter(
        self,
        name: str,
        value: Any = None,
        descriptor: ParameterDescriptor | None = None,
        ignore_override: bool = False,
    ) -> Parameter:
        """Declare a parameter and give it a value.

        Args:
            name: Fully qualified name with dots between its groups.
            value: Default value, or a ``Parameter.Type`` for a typed parameter without one.
            descriptor: Description, constraints, and whether typing is dynamic.
            ignore_override: Whether values from the command line do not count.

        Returns:
            The parameter with its effective value.

        Raises:
            ParameterAlreadyDeclaredException: It has been declared before.
            InvalidParameterException: The name is invalid.
            InvalidParameterTypeException: The override is of another type.
            InvalidParameterValueException: A callback or the descriptor refuses the value.
        """
        entry = (name,) if value is None and descriptor is None else (name, value, descriptor)
        return self.declare_parameters("", [entry], ignore_override)[0]

    def declare_parameters(
        self,
        namespace: str,
        parameters: Sequence[tuple[Any, ...]],
        ignore_override: bool = False,
    ) -> list[Parameter]:
        """Declare several parameters below a common prefix.

        Args:
            namespace: Prefix of the names, or ``''``.
            parameters: Tuples ``(name,)``, ``(name, value)`` or ``(name, value, descriptor)``;
                the value may be a ``Parameter.Type``.
            ignore_override: Whether values from the command line do not count.

        Returns:
            The parameters with their effective values.

        Raises:
            TypeError: A tuple is not of that form.
            ParameterAlreadyDeclaredException: One or more have been declared before.
        """
        store = self._parameter_store
        prepared = []
        for entry in parameters:
            name, value, descriptor = read_entry(namespace, entry)
            prepared.append((name, *read_value(name, value, descriptor)))
        duplicates = [name for name, _, _ in prepared if name in store.parameters]
        if duplicates:
            raise ParameterAlreadyDeclaredException(duplicates)
        declared = []
        for name, value, descriptor in prepared:
            if not ignore_override and name in store.overrides:
                value = store.overrides[name]
            store.declare(typed_parameter(name, value, descriptor), descriptor)
            declared.append(store.parameters[name])
        return declared

    def undeclare_parameter(self, name: str) -> None:
        """Remove a parameter.

        Raises:
            ParameterNotDeclaredException: It has not been declared.
            ParameterImmutableException: It is read-only.
        """
        if not self.has_parameter(name):
            raise ParameterNotDeclaredException(name)
        if self._parameter_store.descriptors[name].read_only:
            raise ParameterImmutableException(name)
        self._parameter_store.remove(name)

    def has_parameter(self, name: str) -> bool:
        """Say whether a parameter is declared."""
        return name in self._parameter_store.parameters

    def get_parameter(self, name: str) -> Parameter:
        """Get a parameter.

        Raises:
            ParameterNotDeclaredException: It is undeclared, and that is not allowed.
            ParameterUninitializedException: It is statically typed and has no value yet.
        """
        store = self._parameter_store
        parameter = store.parameters.get(name)
        if parameter is None:
            if store.allow_undeclared:
                return Parameter(name, Parameter.Type.NOT_SET, None)
            raise ParameterNotDeclaredException(name)
        is_static = not store.descriptors[name].dynamic_typing
        if parameter.type_ is Parameter.Type.NOT_SET and is_static:
            raise ParameterUninitializedException(name)
        return parameter

    def get_parameters(self, names: Sequence[str]) -> list[Parameter]:
        """Get several parameters; see :meth:`get_parameter`."""
        if not all(isinstance(name, str) for name in names):
            raise TypeError("All names must be instances of type str")
        return [self.get_parameter(name) for name in names]

    def get_parameter_or(self, name: str, alternative_value: Parameter | None = None) -> Parameter:
        """Get a parameter, or the alternative when it is undeclared or has no value."""
        parameter = self._parameter_store.parameters.get(name)
        if parameter is not None and parameter.type_ is not Parameter.Type.NOT_SET:
            return parameter
        if alternative_value is None:
            return Parameter(name, Parameter.Type.NOT_SET)
        return alternative_value

    def get_parameter_type(self, name: str) -> Parameter.Type:
        """Get the type of a parameter.

        Raises:
            ParameterNotDeclaredException: It is undeclared, and that is not allowed.
        """
        parameter = self._parameter_store.parameters.get(name)
        if parameter is not None:
            return parameter.type_
        self._parameter_store.require_declared([name])
        return Parameter.Type.NOT_SET

    def get_parameter_types(self, names: Sequence[str]) -> list[Parameter.Type]:
        """Get the types of several parameters; see :meth:`get_parameter_type`."""
        return [self.get_parameter_type(name) for name in names]

    def get_parameters_by_prefix(self, prefix: str) -> dict[str, Parameter]:
        """Get the parameters below a prefix, by their names without it."""
        start = prefix + PARAMETER_SEPARATOR_STRING if prefix else ""
        return {
            name[len(start) :]: parameter
            for name, parameter in self._parameter_store.parameters.items()
            if name.startswith(start)
        }

    def set_parameters(self, parameter_list: Sequence[Parameter]) -> list[SetParametersResult]:
        """Set parameters one by one; each has a result of its own.

        Raises:
            ParameterNotDeclaredException: One is undeclared, and that is not allowed; no
                parameter has been set then.
        """
        if not self._parameter_store.pre_set:
            self._parameter_store.require_declared(p.name for p in parameter_list)
        return [self._parameter_store.set_atomically([p]) for p in parameter_list]

    def set_parameters_atomically(
        self, parameter_list: Sequence[Parameter]
    ) -> SetParametersResult:
        """Set all of the parameters, or none if one is refused.

        Raises:
            ParameterNotDeclaredException: One is undeclared, and that is not allowed.
        """
        return self._parameter_store.set_atomically(parameter_list)

    def list_parameters(self, prefixes: Sequence[str], depth: int) -> ListParametersResult:
        """List names and prefixes at most ``depth`` levels below the given prefixes.

        Args:
            prefixes: Where to look; empty means everywhere.
            depth: Levels; 0 means any number.

        Raises:
            TypeError: An argument is of the wrong type.
            ValueError: ``depth`` is negative.
        """
        from rcl_interfaces.msg import ListParametersResult

        if isinstance(prefixes, str) or not all(isinstance(p, str) for p in prefixes):
            raise TypeError("The prefixes argument must be a list of str")
        if isinstance(depth, bool) or not isinstance(depth, int):
            raise TypeError("The depth must be instance of type int")
        if depth < 0:
            raise ValueError("The depth must be greater than or equal to zero")
        names = self._parameter_store.names_below(prefixes, depth)
        parents = (name.rpartition(PARAMETER_SEPARATOR_STRING)[0] for name in names)
        unique = list(dict.fromkeys(parent for parent in parents if parent))
        return ListParametersResult(names=names, prefixes=unique)

    def describe_parameter(self, name: str) -> ParameterDescriptor:
        """Get the descriptor of a parameter.

        Raises:
            ParameterNotDeclaredException: It is undeclared, and that is not allowed.
        """
        descriptor = self._parameter_store.descriptors.get(name)
        if descriptor is not None:
            return descriptor
        self._parameter_store.require_declared([name])
        return own_descriptor("", None)

    def describe_parameters(self, names: Sequence[str]) -> list[ParameterDescriptor]:
        """Get the descriptors of several parameters; see :meth:`describe_parameter`."""
        return [self.describe_parameter(name) for name in names]

    def set_descriptor(
        self,
        name: str,
        descriptor: ParameterDescriptor,
        alternative_value: ParameterValue | None = None,
    ) -> ParameterValue:
        """Replace the descriptor of a parameter.

        Args:
            name: Name of the parameter.
            descriptor: The new descriptor; the type stays that of the parameter.
            alternative_value: New value; None keeps the present one.

        Returns:
            The parameter's value.

        Raises:
            ParameterNotDeclaredException: It is undeclared, and that is not allowed.
            ParameterImmutableException: It is read-only.
            InvalidParameterValueException: The value does not fit the new descriptor.
        """
        store = self._parameter_store
        if name not in store.parameters:
            store.require_declared([name])
            return self.get_parameter(name).get_parameter_value()
        old = store.descriptors[name]
        if old.read_only:
            raise ParameterImmutableException(name)
        new = own_descriptor(name, descriptor)
        parameter = store.parameters[name]
        if alternative_value is not None:
            from rclpy.parameter import parameter_value_to_python

            parameter = Parameter(name, value=parameter_value_to_python(alternative_value))
        new.type = parameter.type_.value if new.dynamic_typing else old.type
        problem = type_problem(parameter, new) or range_problem(parameter, new)
        if problem:
            raise InvalidParameterValueException(name, parameter.value, problem)
        store.descriptors[name] = new
        if alternative_value is not None:
            new.read_only = False
            result = store.set_atomically([parameter])
            new.read_only = descriptor.read_only
            if not result.successful:
                store.descriptors[name] = old
                raise InvalidParameterValueException(name, parameter.value, result.reason)
        return store.parameters[name].get_parameter_value()

    def add_pre_set_parameters_callback(self, callback: PreSetCallback) -> None:
        """Call back before a change; the callback returns the (changed) list to set."""
        self._parameter_store.pre_set.insert(0, callback)

    def add_on_set_parameters_callback(self, callback: OnSetCallback) -> None:
        """Call back to validate a change; the callback returns a SetParametersResult."""
        self._parameter_store.on_set.insert(0, callback)

    def add_post_set_parameters_callback(self, callback: PostSetCallback) -> None:
        """Call back after a successful change."""
        self._parameter_store.post_set.insert(0, callback)

    def remove_pre_set_parameters_callback(self, callback: PreSetCallback) -> None:
        """Undo :meth:`add_pre_set_parameters_callback`; ValueError if not added."""
        self._parameter_store.pre_set.remove(callback)

    def remove_on_set_parameters_callback(self, callback: OnSetCallback) -> None:
        """Undo :meth:`add_on_set_parameters_callback`; ValueError if not added."""
        self._parameter_store.on_set.remove(callback)

    def remove_post_set_parameters_callback(self, callback: PostSetCallback) -> None:
        """Undo :meth:`add_post_set_parameters_callback`; ValueError if not added."""
        self._parameter_store.post_set.remove(callback)
