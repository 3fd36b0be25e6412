"""``ros2 topic``: the verbs and their arguments."""

from __future__ import annotations

import argparse
from typing import Any

from embedded_ros2cli.node_context import add_spin_time
from embedded_ros2cli.qos_arguments import add_qos_arguments
from embedded_ros2cli.verbs import Verbs

DEFAULT_TRUNCATE_LENGTH = 128
DEFAULT_WINDOW = 10000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 topic``."""
    verbs = Verbs(parser)
    _add_listing(verbs)
    _add_echo(verbs)
    _add_pub(verbs)
    for name, text in (
        ("hz", "Print the average publishing rate to screen"),
        ("bw", "Display bandwidth used by topic"),
    ):
        verb = verbs.add(name, _rates(name), text)
        verb.add_argument("topic_name")
        verb.add_argument(
            "-w", "--window", type=int, default=DEFAULT_WINDOW if name == "hz" else 100,
            help="number of messages to look back at (default: %(default)s)",
        )  # fmt: skip
        verb.add_argument("-t", "--topic-type", help="type; found out where it is not given")
        verb.add_argument(
            "--duration", type=float, help="stop after so many seconds (not in the original)"
        )
        add_qos_arguments(verb)


def _rates(name: str) -> Any:
    def run(options: argparse.Namespace) -> int | None:
        from embedded_ros2cli import topic_rates

        return topic_rates.hz(options) if name == "hz" else topic_rates.bw(options)

    return run


def _listing(name: str) -> Any:
    def run(options: argparse.Namespace) -> int | None:
        from embedded_ros2cli import topic_listing

        status: int | None = getattr(topic_listing, name)(options)
        return status

    return run


def _add_listing(verbs: Verbs) -> None:
    verb = verbs.add("list", _listing("list_topics"), "Output a list of available topics")
    verb.add_argument("-t", "--show-types", action="store_true", help="show the types, too")
    verb.add_argument("-c", "--count-topics", action="store_true", help="show the number only")
    verb.add_argument("-v", "--verbose", action="store_true", help="show endpoint counts")
    verb.add_argument("--include-hidden-topics", action="store_true", help="hidden ones, too")
    add_spin_time(verb)
    verb = verbs.add("info", _listing("info"), "Print information about a topic")
    verb.add_argument("topic_name")
    verb.add_argument("-v", "--verbose", action="store_true", help="show every endpoint")
    add_spin_time(verb)
    verb = verbs.add("type", _listing("show_type"), "Print a topic's type")
    verb.add_argument("topic_name")
    add_spin_time(verb)
    verb = verbs.add("find", _listing("find"), "Output a list of topics of a given type")
    verb.add_argument("topic_type")
    add_spin_time(verb)


def _add_echo(verbs: Verbs) -> None:
    def run(options: argparse.Namespace) -> int | None:
        from embedded_ros2cli.topic_echo import echo

        return echo(options)

    verb = verbs.add("echo", run, "Output messages from a topic")
    verb.add_argument("topic_name")
    verb.add_argument("message_type", nargs="?", help="found out where it is not given")
    verb.add_argument("--once", action="store_true", help="exit after the first message")
    verb.add_argument("--timeout", type=float, metavar="SECONDS", help="give up after so long")
    verb.add_argument("--field", metavar="PATH", help="a part only, such as pose.position.x")
    verb.add_argument("--filter", metavar="EXPRESSION", help="Python expression of the message m")
    verb.add_argument("--csv", action="store_true", help="output as comma separated values")
    verb.add_argument("--raw", action="store_true", help="output the serialised message")
    verb.add_argument("--flow-style", action="store_true", help="compact YAML")
    verb.add_argument("-f", "--full-length", action="store_true", help="do not truncate")
    verb.add_argument(
        "-l", "--truncate-length", type=int, default=DEFAULT_TRUNCATE_LENGTH, metavar="N",
        help="longest array or text shown in full (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument("--no-arr", action="store_true", help="do not show arrays")
    verb.add_argument("--no-str", action="store_true", help="do not show texts")
    add_qos_arguments(verb)


def _add_pub(verbs: Verbs) -> None:
    def run(options: argparse.Namespace) -> int | None:
        from embedded_ros2cli.topic_pub import pub

        return pub(options)

    verb = verbs.add("pub", run, "Publish a message to a topic")
    verb.add_argument("topic_name")
    verb.add_argument("message_type")
    verb.add_argument("values", nargs="?", default="{}", help="fields as a YAML dictionary")
    verb.add_argument("-r", "--rate", type=float, default=1.0, metavar="HZ", help="default: 1")
    verb.add_argument("-p", "--print", type=int, default=1, metavar="N", dest="print_every",
                      help="print every Nth message only")  # fmt: skip
    group = verb.add_mutually_exclusive_group()
    group.add_argument("-1", "--once", action="store_true", help="publish one message and exit")
    group.add_argument("-t", "--times", type=int, default=0, help="publish so often, then exit")
    verb.add_argument(
        "-w", "--wait-matching-subscriptions", type=int, metavar="N",
        help="wait for N subscriptions; default 1 with --once and --times, otherwise 0",
    )  # fmt: skip
    verb.add_argument("--max-wait-time-secs", type=float, default=30.0, metavar="SECONDS",
                      help="longest wait for them (default: %(default)s)")  # fmt: skip
    verb.add_argument("--keep-alive", type=float, default=0.1, metavar="SECONDS",
                      help="stay so long after the last message")  # fmt: skip
    verb.add_argument("-n", "--node-name", help="name of the publishing node")
    add_qos_arguments(verb)
