"""Entry points of the sessions: an interrupt while they still import is no fault."""

from __future__ import annotations

import sys

from sawyer_ros_common.startup import quiet_startup


def main(args: list[str] | None = None) -> int:
    """Run the session; the exit status says whether every episode came to a verdict."""
    with quiet_startup() as startup:
        from sawyer_controllers_ros import session_node
    if startup.ended:
        print("session: interrupted", file=sys.stderr)
        return 1
    return session_node.main(args)


def train(args: list[str] | None = None) -> int:
    """Run a training session; the exit status says whether it came to its end."""
    with quiet_startup() as startup:
        from sawyer_controllers_ros import session_node, training_session_node
    if startup.ended:
        print("session: interrupted", file=sys.stderr)
        return 1
    return session_node.main(args, training_session_node.TrainingSessionNode)
