"""``ros2 bag``: the verbs and their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from embedded_ros2cli.verbs import Verbs

STORAGES = ("mcap", "sqlite3")
DEFAULT_POLLING_MS = 100
DEFAULT_CLOCK_HZ = 40.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``ros2 bag``."""
    verbs = Verbs(parser)
    _add_record(verbs)
    _add_play(verbs)

    def info(options: argparse.Namespace) -> int | None:
        from embedded_ros2cli.bag_info import info

        return info(options)

    verb = verbs.add("info", info, "Print information about a bag to the screen")
    verb.add_argument("bag_path", type=Path)
    verb.add_argument("-t", "--topic-name", action="store_true", help="show topic names only")


def _add_record(verbs: Verbs) -> None:
    def record(options: argparse.Namespace) -> int:
        from embedded_ros2cli.bag_record import record

        return record(options)

    verb = verbs.add("record", record, "Record ROS data to a bag")
    verb.add_argument("topic_words", nargs="*", metavar="topic", help="topics to be recorded")
    verb.add_argument("--topics", nargs="+", default=[], help="topics to be recorded")
    verb.add_argument("-a", "--all", "--all-topics", action="store_true", help="all topics")
    verb.add_argument("-e", "--regex", help="record topics that match this expression")
    verb.add_argument("-x", "--exclude-regex", help="leave out topics that match this expression")
    verb.add_argument("--exclude-topics", nargs="+", default=[], help="leave out these topics")
    verb.add_argument("--include-hidden-topics", action="store_true", help="hidden ones, too")
    verb.add_argument("-o", "--output", type=Path, help="folder of the bag")
    verb.add_argument("-s", "--storage", choices=STORAGES, default="mcap", help="default: mcap")
    verb.add_argument("--no-discovery", action="store_true", help="no topics that come later")
    verb.add_argument(
        "-p", "--polling-interval", type=int, default=DEFAULT_POLLING_MS, metavar="MS",
        help="period of looking for new topics (default: %(default)s)",
    )  # fmt: skip
    verb.add_argument("--use-sim-time", action="store_true", help="stamp with simulated time")
    verb.add_argument(
        "--compression-mode", choices=["none", "file", "message"], default="none",
        help="compress messages, or the file when it is closed",
    )  # fmt: skip
    verb.add_argument("--compression-format", choices=["zstd"], default="zstd")
    verb.add_argument(
        "--max-bag-duration", "-d", type=float, metavar="SECONDS",
        help="stop after so long (the original begins another file)",
    )  # fmt: skip


def _add_play(verbs: Verbs) -> None:
    def play(options: argparse.Namespace) -> int:
        from embedded_ros2cli.bag_play import play

        return play(options)

    verb = verbs.add("play", play, "Play back ROS data from a bag")
    verb.add_argument("bag_path", type=Path)
    verb.add_argument("-r", "--rate", type=float, default=1.0, help="speed (default: 1)")
    verb.add_argument("-l", "--loop", action="store_true", help="begin again at the end")
    verb.add_argument("--topics", nargs="+", default=[], help="these topics only")
    verb.add_argument("-e", "--regex", help="topics that match this expression only")
    verb.add_argument("-x", "--exclude-regex", help="leave out topics that match this expression")
    verb.add_argument("--exclude-topics", nargs="+", default=[], help="leave out these topics")
    verb.add_argument(
        "--clock", type=float, nargs="?", const=DEFAULT_CLOCK_HZ, default=0.0, metavar="HZ",
        help="publish /clock (40 Hz where no rate is given)",
    )  # fmt: skip
    verb.add_argument(
        "--clock-topics-all", action="store_true", help="publish /clock before every message"
    )
    verb.add_argument("-d", "--delay", type=float, default=0.0, metavar="SECONDS",
                      help="wait before playing")  # fmt: skip
    verb.add_argument("--start-offset", type=float, default=0.0, metavar="SECONDS",
                      help="begin so far into the bag")  # fmt: skip
    verb.add_argument("-m", "--remap", nargs="+", default=[], metavar="OLD:=NEW",
                      help="publish topics under other names")  # fmt: skip
    verb.add_argument("--qos-profile-overrides-path", type=Path, metavar="FILE",
                      help="YAML file of QoS by topic")  # fmt: skip
    verb.add_argument("--wait-for-all-acked", type=int, default=0, metavar="MS",
                      help="longest wait for reliable subscribers at the end")  # fmt: skip
    verb.add_argument("--disable-keyboard-controls", action="store_true",
                      help="no effect: there are none")  # fmt: skip
