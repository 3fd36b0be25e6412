"""Client library with the public behaviour of rclpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rclpy.context import Context
from rclpy.signals import (
    SignalHandlerOptions,
    install_signal_handlers,
    uninstall_signal_handlers,
)
from rclpy.utilities import get_default_context, get_rmw_implementation_identifier, ok
from rclpy.utilities import try_shutdown as _try_shutdown

if TYPE_CHECKING:
    from rclpy.executors import Executor
    from rclpy.node import Node
    from rclpy.parameter import Parameter
    from rclpy.task import Future

__all__ = [
    "Context",
    "InitContextManager",
    "SignalHandlerOptions",
    "create_node",
    "get_default_context",
    "get_global_executor",
    "get_rmw_implementation_identifier",
    "init",
    "ok",
    "shutdown",
    "spin",
    "spin_once",
    "spin_until_future_complete",
    "try_shutdown",
]

_global_executor: Executor | None = None


class InitContextManager:
    """What ``init`` returns: leaving the ``with`` block shuts down."""

    def __init__(
        self, context: Context | None, installed_signal_handlers: SignalHandlerOptions
    ) -> None:
        self.context = context
        self.installed_signal_handlers = installed_signal_handlers

    def __enter__(self) -> InitContextManager:
        return self

    def __exit__(self, *exc_info: object) -> None:
        try_shutdown(
            context=self.context,
            uninstall_handlers=self.installed_signal_handlers is not SignalHandlerOptions.NO,
        )


def init(
    *,
    args: Sequence[str] | None = None,
    context: Context | None = None,
    domain_id: int | None = None,
    signal_handler_options: SignalHandlerOptions | None = None,
) -> InitContextManager:
    """Initialise the library.

    Args:
        args: Command line; None takes ``sys.argv``.
        context: Context to initialise; None takes the default one.
        domain_id: DDS domain; None takes ROS_DOMAIN_ID.
        signal_handler_options: None installs handlers of SIGINT and SIGTERM for the default
            context and none for any other.
    """
    if signal_handler_options is None:
        is_default = context is None
        signal_handler_options = (
            SignalHandlerOptions.ALL if is_default else SignalHandlerOptions.NO
        )
    the_context = get_default_context() if context is None else context
    the_context.init(args, domain_id=domain_id)
    if signal_handler_options is not SignalHandlerOptions.NO:
        install_signal_handlers(signal_handler_options)
    return InitContextManager(context, signal_handler_options)


def get_global_executor() -> Executor:
    """Return the executor that the ``spin`` functions use by default."""
    global _global_executor
    context = get_default_context()
    stale = _global_executor is not None and (
        _global_executor._is_shutdown or _global_executor._participant is not context._participant
    )
    if _global_executor is None or stale:
        from rclpy.executors import SingleThreadedExecutor

        _global_executor = SingleThreadedExecutor()
        context.on_shutdown(_shutdown_global_executor)
    return _global_executor


def _shutdown_global_executor() -> None:
    if _global_executor is not None:
        _global_executor.wake()


def shutdown(*, context: Context | None = None, uninstall_handlers: bool | None = None) -> None:
    """Shut the library down.

    Raises:
        RuntimeError: It is not initialised, or shut down already.
    """
    (get_default_context() if context is None else context).shutdown()
    _uninstall(context, uninstall_handlers)


def try_shutdown(
    *, context: Context | None = None, uninstall_handlers: bool | None = None
) -> None:
    """Shut the library down unless it is already."""
    _try_shutdown(context=context)
    _uninstall(context, uninstall_handlers)


def _uninstall(context: Context | None, uninstall_handlers: bool | None) -> None:
    if uninstall_handlers or (uninstall_handlers is None and context is None):
        uninstall_signal_handlers()


def create_node(
    node_name: str,
    *,
    context: Context | None = None,
    cli_args: list[str] | None = None,
    namespace: str | None = None,
    use_global_arguments: bool = True,
    enable_rosout: bool = True,
    start_parameter_services: bool = True,
    parameter_overrides: list[Parameter] | None = None,
    allow_undeclared_parameters: bool = False,
    automatically_declare_parameters_from_overrides: bool = False,
    enable_logger_service: bool = False,
) -> Node:
    """Make a node; see :class:`rclpy.node.Node`."""
    from rclpy.node import Node

    return Node(
        node_name,
        context=context,
        cli_args=cli_args,
        namespace=namespace,
        use_global_arguments=use_global_arguments,
        enable_rosout=enable_rosout,
        start_parameter_services=start_parameter_services,
        parameter_overrides=parameter_overrides,
        allow_undeclared_parameters=allow_undeclared_parameters,
        automatically_declare_parameters_from_overrides=(
            automatically_declare_parameters_from_overrides
        ),
        enable_logger_service=enable_logger_service,
    )


def _with_node(node: Node, executor: Executor | None, run: Callable[[Executor], Any]) -> None:
    chosen = get_global_executor() if executor is None else executor
    added = chosen.add_node(node)
    try:
        run(chosen)
    finally:
        if added:
            chosen.remove_node(node)


def spin_once(
    node: Node, *, executor: Executor | None = None, timeout_sec: float | None = None
) -> None:
    """Run one callback of a node, waiting for it at most ``timeout_sec``."""
    _with_node(node, executor, lambda chosen: chosen.spin_once(timeout_sec=timeout_sec))


def spin(node: Node, executor: Executor | None = None) -> None:
    """Run the callbacks of a node until the context is shut down."""
    _with_node(node, executor, lambda chosen: chosen.spin())


def spin_until_future_complete(
    node: Node,
    future: Future,
    executor: Executor | None = None,
    timeout_sec: float | None = None,
) -> None:
    """Run the callbacks of a node until the future is done or the time is up."""
    _with_node(
        node, executor, lambda chosen: chosen.spin_until_future_complete(future, timeout_sec)
    )


def __getattr__(name: str) -> Any:
    """Import submodules, ``Parameter`` and ``Future`` on first use: ``rclpy.duration``."""
    import importlib.util

    if name in ("Parameter", "Future"):
        module = importlib.import_module(
            "rclpy.parameter" if name == "Parameter" else "rclpy.task"
        )
        return getattr(module, name)
    if name.startswith("_") or importlib.util.find_spec(f"{__name__}.{name}") is None:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return importlib.import_module(f"{__name__}.{name}")
