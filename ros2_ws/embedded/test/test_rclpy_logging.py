"""Loggers: levels, filters, console format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rclpy.clock import ROSClock
from rclpy.impl._log_output import LogRecord, output
from rclpy.logging import (
    LoggingSeverity,
    clear_config,
    get_logger,
    get_logger_effective_level,
    get_logging_directory,
    get_logging_severity_from_string,
    set_logger_level,
)
from rclpy.time import Time


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (
        "RCUTILS_CONSOLE_OUTPUT_FORMAT",
        "RCUTILS_COLORIZED_OUTPUT",
        "RCUTILS_LOGGING_USE_STDOUT",
    ):
        monkeypatch.delenv(name, raising=False)
    clear_config()
    yield
    clear_config()


def test_default_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert get_logger("ns.node").info("hello {there}")
    captured = capsys.readouterr()
    assert re.fullmatch(r"\[INFO\] \[\d+\.\d{9}\] \[ns\.node\]: hello \{there\}\n", captured.err)
    assert captured.out == ""


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("info", "INFO"),
        ("warning", "WARN"),
        ("warn", "WARN"),
        ("error", "ERROR"),
        ("fatal", "FATAL"),
    ],
)
def test_methods_and_severities(
    capsys: pytest.CaptureFixture[str], method: str, label: str
) -> None:
    assert getattr(get_logger("n"), method)("text")
    assert capsys.readouterr().err.startswith(f"[{label}] ")


def test_levels_are_inherited(capsys: pytest.CaptureFixture[str]) -> None:
    child = get_logger("a").get_child("b")
    assert child.name == "a.b"
    assert not child.debug("hidden")
    set_logger_level("a", LoggingSeverity.DEBUG)
    assert child.debug("shown")
    assert not get_logger("ab").debug("hidden")
    child.set_level(LoggingSeverity.ERROR)
    assert not child.warning("hidden")
    assert child.get_effective_level() is LoggingSeverity.ERROR
    assert get_logger_effective_level("a.c") is LoggingSeverity.DEBUG
    set_logger_level("", LoggingSeverity.FATAL)
    assert not get_logger("x").error("hidden")
    assert child.is_enabled_for(LoggingSeverity.FATAL)
    assert capsys.readouterr().err.count("shown") == 1


def test_custom_format_colour_and_stream(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "RCUTILS_CONSOLE_OUTPUT_FORMAT",
        r"{severity}|{name}|{message}|{function_name}|{line_number}|{nonsense}\t{time_as_nanoseconds}",
    )
    monkeypatch.setenv("RCUTILS_COLORIZED_OUTPUT", "1")
    monkeypatch.setenv("RCUTILS_LOGGING_USE_STDOUT", "1")
    get_logger("n").error("m")
    captured = capsys.readouterr()
    assert captured.err == ""
    assert re.fullmatch(
        r"\x1b\[31mERROR\|n\|m\|test_custom_format_colour_and_stream\|\d+\|\{nonsense\}\t\d+"
        r"\x1b\[0m\n",
        captured.out,
    )


def test_bad_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RCUTILS_COLORIZED_OUTPUT", "maybe")
    with pytest.raises(ValueError, match="RCUTILS_COLORIZED_OUTPUT"):
        get_logger("n").info("m")


def test_once_skip_first_and_throttle(capsys: pytest.CaptureFixture[str]) -> None:
    logger = get_logger("n")
    counts: dict[str, int] = {"once": 0, "skip": 0, "throttle": 0}
    for _ in range(5):
        counts["once"] += logger.info("o", once=True)
        counts["skip"] += logger.info("s", skip_first=True)
        counts["throttle"] += logger.info("t", throttle_duration_sec=60.0)
    assert counts == {"once": 1, "skip": 4, "throttle": 1}
    assert capsys.readouterr().err.count("\n") == 6


def test_throttle_by_a_ros_clock() -> None:
    clock = ROSClock()
    clock._set_ros_time_is_active(True)
    logger = get_logger("n")

    def log(second: float) -> bool:
        clock.set_ros_time_override(Time(seconds=second))
        return logger.warning("t", throttle_duration_sec=1.0, throttle_time_source_type=clock)

    assert [log(s) for s in (10.0, 10.5, 11.0, 11.9, 0.0)] == [True, False, True, False, True]


def test_a_call_site_keeps_its_severity_and_filters() -> None:
    logger = get_logger("n")

    def log(severity: LoggingSeverity, **kwargs: Any) -> None:
        logger.log("m", severity, **kwargs)

    log(LoggingSeverity.INFO, once=True)
    with pytest.raises(ValueError, match="severity cannot be changed"):
        log(LoggingSeverity.WARN, once=True)
    with pytest.raises(ValueError, match="filters"):
        log(LoggingSeverity.INFO, skip_first=True)


def test_misuse() -> None:
    with pytest.raises(ValueError, match="empty"):
        get_logger("")
    with pytest.raises(ValueError, match="empty"):
        get_logger("a").get_child("")
    with pytest.raises(TypeError, match="unexpected"):
        get_logger("a").info("m", often=True)
    with pytest.raises(TypeError, match="throttle_duration_sec"):
        get_logger("a").info("m", throttle_time_source_type=ROSClock())
    with pytest.raises(RuntimeError, match="allowed: UNSET, DEBUG"):
        get_logging_severity_from_string("loud")
    assert get_logging_severity_from_string("warn") is LoggingSeverity.WARN


def test_sinks_get_messages_of_children() -> None:
    seen: list[LogRecord] = []
    assert output.add_sink("ns.node", seen.append)
    assert not output.add_sink("ns.node", seen.append)
    get_logger("ns.node").info("one")
    get_logger("ns.node.child").error("two")
    get_logger("ns.nodes").info("not this")
    output.remove_sink("ns.node", seen.append)
    get_logger("ns.node").info("gone")
    assert [(r.message, r.severity, r.name) for r in seen] == [
        ("one", 20, "ns.node"),
        ("two", 40, "ns.node.child"),
    ]
    assert seen[0].function_name == "test_sinks_get_messages_of_children"


def test_logging_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_HOME", "/home_of_ros")
    monkeypatch.delenv("ROS_LOG_DIR", raising=False)
    assert str(get_logging_directory()) == "/home_of_ros/log"
    monkeypatch.setenv("ROS_LOG_DIR", "/logs")
    assert str(get_logging_directory()) == "/logs"
