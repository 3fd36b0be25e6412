"""Contexts: the lifetime of the library and its DDS participant."""

from __future__ import annotations

import atexit
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rclpy._graph import Graph
    from rclpy._ros_args import RosArguments

    from embedded_dds.participant import Participant

_open_contexts: weakref.WeakSet[Context] = weakref.WeakSet()
_exit_registered = False


class Context:
    """Everything between ``init`` and ``shutdown``. Usable as a context manager."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._is_valid = False
        self._was_initialized = False
        self._callbacks: list[Any] = []
        self._nodes: weakref.WeakSet[Any] = weakref.WeakSet()
        self._participant: Participant | None = None
        self._graph: Graph | None = None
        self._domain_id = 0
        self._ros_args: RosArguments | None = None
        self._logging_initialized = False

    def init(
        self,
        args: Sequence[str] | None = None,
        *,
        initialize_logging: bool = True,
        domain_id: int | None = None,
    ) -> None:
        """Initialise the context.

        Args:
            args: Command line; None takes ``sys.argv``.
            initialize_logging: Apply the logging arguments of the command line.
            domain_id: DDS domain; None takes ROS_DOMAIN_ID.

        Raises:
            RuntimeError: It is initialised already, or the domain id is not allowed.
        """
        from rclpy._ros_args import parse_ros_args
        from rclpy.signals import register_context

        from embedded_dds.config import domain_id_from_environment

        with self._lock:
            if self._is_valid:
                raise RuntimeError("Context.init() must only be called once")
            if domain_id is not None and not 0 <= domain_id <= 232:
                raise RuntimeError(f"domain_id {domain_id} is not a number from 0 to 232")
            self._ros_args = parse_ros_args(sys.argv if args is None else list(args))
            self._domain_id = domain_id_from_environment() if domain_id is None else domain_id
            if initialize_logging:
                from rclpy.logging import _apply_ros_args

                _apply_ros_args(self._ros_args)
            self._open_participant()
            self._is_valid = self._was_initialized = True
        register_context(self)

    def _open_participant(self) -> None:
        global _exit_registered
        from rclpy._graph import Graph

        from embedded_dds.participant import Participant

        self._close_participant()
        self._participant = Participant(self._domain_id)
        self._graph = Graph(self._participant)
        _open_contexts.add(self)
        if not _exit_registered:
            _exit_registered = True
            atexit.register(_close_all)

    def _close_participant(self) -> None:
        graph, self._graph = self._graph, None
        participant, self._participant = self._participant, None
        if graph is not None:
            graph.close()
        if participant is not None:
            participant.close()

    @property
    def participant(self) -> Participant:
        """The DDS participant."""
        if self._participant is None:
            from rclpy.exceptions import NotInitializedException

            raise NotInitializedException
        return self._participant

    @property
    def graph(self) -> Graph:
        """What is known of the other nodes, and what they are told of ours."""
        if self._graph is None:
            from rclpy.exceptions import NotInitializedException

            raise NotInitializedException
        return self._graph

    @property
    def ros_arguments(self) -> RosArguments:
        """The parsed ``--ros-args`` of the command line."""
        if self._ros_args is None:
            from rclpy.exceptions import NotInitializedException

            raise NotInitializedException
        return self._ros_args

    def ok(self) -> bool:
        """Say whether the context is initialised and not shut down."""
        return self._is_valid

    def get_domain_id(self) -> int:
        """Return the DDS domain."""
        if not self._was_initialized:
            from rclpy.exceptions import NotInitializedException

            raise NotInitializedException
        return self._domain_id

    def track_node(self, node: Any) -> None:
        """Count a node, so that the participant outlives it."""
        self._nodes.add(node)

    def untrack_node(self, node: Any) -> None:
        """Forget a node; after a shutdown the last one closes the participant."""
        self._nodes.discard(node)
        if not self._is_valid and not len(self._nodes):
            with self._lock:
                self._close_participant()

    def shutdown(self) -> None:
        """Shut the context down.

        Raises:
            RuntimeError: It is not initialised, or shut down already.
        """
        if not self._is_valid:
            raise RuntimeError("Context must be initialized before it can be shutdown")
        self._shutdown()
        if not len(self._nodes):
            with self._lock:
                self._close_participant()

    def try_shutdown(self) -> None:
        """Shut the context down unless it is already."""
        with self._lock:
            if self._is_valid:
                self.shutdown()

    def _shutdown_by_signal(self) -> None:
        """Invalidate the context; the participant stays until the nodes are destroyed."""
        if self._is_valid:
            self._shutdown()

    def _shutdown(self) -> None:
        with self._lock:
            if not self._is_valid:
                return
            self._is_valid = False
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            if isinstance(callback, weakref.WeakMethod):
                method = callback()
                if method is not None:
                    method()
            else:
                callback()

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Call back when the context is shut down (at once where it is already).

        Raises:
            TypeError: ``callback`` is not callable.
        """
        if not callable(callback):
            raise TypeError(f"callback should be a callable, got {type(callback)}")
        with self._lock:
            if self._is_valid or not self._was_initialized:
                self._callbacks = [
                    entry
                    for entry in self._callbacks
                    if not isinstance(entry, weakref.WeakMethod) or entry() is not None
                ]
                is_method = isinstance(callback, MethodType)
                self._callbacks.append(weakref.WeakMethod(callback) if is_method else callback)
                return
        callback()

    def __enter__(self) -> Context:
        if not self._is_valid:
            self.init()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.try_shutdown()


def _close_all() -> None:
    """Leave the graph at once when the interpreter ends."""
    for context in tuple(_open_contexts):
        context._shutdown_by_signal()
        with context._lock:
            context._close_participant()
