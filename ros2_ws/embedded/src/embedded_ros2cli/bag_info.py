"""``ros2 bag info``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from embedded_ros2cli.bag_play import open_bag

_LABEL_WIDTH = 19


def _size_text(path: Path) -> str:
    files = [path] if path.is_file() else [f for f in path.iterdir() if f.name != "metadata.yaml"]
    size = float(sum(file.stat().st_size for file in files if file.is_file()))
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024.0 or unit == "GiB":
            break
        size /= 1024.0
    return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"


def _time_text(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 10**9)
    date = time.strftime("%b %e %Y %H:%M:%S", time.localtime(seconds))
    return f"{date}.{fraction:09d} ({seconds}.{fraction:09d})"


def _lines(reader: Any, path: Path) -> list[str]:
    metadata = getattr(reader, "metadata", None)
    raw = metadata if isinstance(metadata, dict) else _metadata(path)
    count = reader.message_count
    # The reader counts up to just after the last message.
    duration_ns = max(0, reader.end_time - reader.start_time - 1) if count else 0
    start_ns = reader.start_time if count else 0
    seconds, fraction = divmod(duration_ns, 10**9)
    rows: list[tuple[str, str]] = [
        ("Files", " ".join(raw.get("relative_file_paths", [path.name]))),
        ("Bag size", _size_text(path)),
        ("Storage id", str(raw.get("storage_identifier", path.suffix.lstrip(".")))),
        ("ROS Distro", str(raw.get("ros_distro") or "unknown")),
        ("Duration", f"{seconds}.{fraction:09d}s"),
        ("Start", _time_text(start_ns)),
        ("End", _time_text(start_ns + duration_ns)),
        ("Messages", str(count)),
    ]
    lines = [f"{label + ':':<{_LABEL_WIDTH}}{value}" for label, value in rows]
    if raw.get("compression_mode"):
        lines.append(f"{'Compression:':<{_LABEL_WIDTH}}{raw['compression_mode']}")
    topics = [
        f"Topic: {c.topic} | Type: {c.msgtype} | Count: {c.msgcount} | "
        f"Serialization Format: {c.ext.serialization_format}"
        for c in sorted(reader.connections, key=lambda c: str(c.topic))
    ]
    label = "Topic information:"
    lines.append(f"{label:<{_LABEL_WIDTH}}{topics[0] if topics else ''}".rstrip())
    lines += [" " * _LABEL_WIDTH + topic for topic in topics[1:]]
    return lines


def _metadata(path: Path) -> dict[str, Any]:
    import yaml

    file = path / "metadata.yaml"
    if not file.is_file():
        return {}
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    found: dict[str, Any] = content.get("rosbag2_bagfile_information", {})
    return found


def info(options: argparse.Namespace) -> int:
    """Print what a bag holds."""
    reader = open_bag(options.bag_path)
    try:
        if options.topic_name:
            for connection in sorted(reader.connections, key=lambda c: str(c.topic)):
                print(connection.topic)
        else:
            print("\n" + "\n".join(_lines(reader, options.bag_path)))
    finally:
        reader.close()
    return 0
