"""The floor: ping and echo with plain cyclonedds-python, raw CDR, nothing decoded."""

# no "from __future__ import annotations": cyclonedds reads the annotations of IDL types
import statistics
import struct
import time
from dataclasses import dataclass

from cyclonedds._clayer import ddspy_take, ddspy_write
from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState, WaitSet
from cyclonedds.domain import Domain, DomainParticipant
from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import sequence, uint8
from cyclonedds.pub import DataWriter
from cyclonedds.qos import Policy, Qos
from cyclonedds.sub import DataReader
from cyclonedds.topic import Topic
from cyclonedds.util import duration

from embedded_dds.config import domain_config

_MASK = SampleState.Any | ViewState.Any | InstanceState.Any


@dataclass
class Bytes(IdlStruct, typename="embedded_bench::Bytes"):  # type: ignore[call-arg, misc]
    """The payload."""

    data: sequence[uint8]


class BarePair:
    """A writer and a reader that waits."""

    def __init__(self, domain_id: int, out_topic: str, in_topic: str, depth: int = 10) -> None:
        self._domain = Domain(domain_id, domain_config())
        participant = DomainParticipant(domain_id)
        qos = Qos(
            Policy.Reliability.Reliable(duration(infinite=True)), Policy.History.KeepLast(depth)
        )
        self._writer = DataWriter(participant, Topic(participant, out_topic, Bytes), qos=qos)
        self._reader = DataReader(participant, Topic(participant, in_topic, Bytes), qos=qos)
        self._waitset = WaitSet(participant)
        self._waitset.attach(ReadCondition(self._reader, _MASK))

    def wait_for_reader(self, timeout_s: float) -> None:
        """Wait until somebody reads."""
        end = time.monotonic() + timeout_s
        while not self._writer.get_matched_subscriptions():
            if time.monotonic() > end:
                raise TimeoutError(f"no reader within {timeout_s} s")
            time.sleep(0.01)

    def write(self, data: bytes) -> None:
        """Send a CDR sample."""
        ddspy_write(self._writer._ref, data)

    def take(self, timeout_s: float) -> bytes | None:
        """Wait for a CDR sample."""
        if not self._waitset.wait(int(timeout_s * 1e9)):
            return None
        taken = ddspy_take(self._reader._ref, _MASK, 1)
        return taken[0][0] if taken else None


def echo(domain_id: int, lifetime_s: float) -> None:
    """Send everything back until the time is up or an empty sample comes."""
    pair = BarePair(domain_id, "bench_bare_back", "bench_bare")
    end = time.monotonic() + lifetime_s
    while time.monotonic() < end:
        data = pair.take(0.5)
        if data is not None:
            if len(data) <= 8:
                return
            pair.write(data)


class BarePing:
    """Measures the way there and back."""

    def __init__(self, domain_id: int) -> None:
        self._pair = BarePair(domain_id, "bench_bare", "bench_bare_back")

    def wait_for_peer(self, timeout_s: float) -> None:
        """Ping until an answer comes."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self._pair.write(_sample(64))
            if self._pair.take(0.1) is not None:
                while self._pair.take(0.2) is not None:
                    pass
                return
        raise TimeoutError(f"no answer of the bare echo within {timeout_s} s")

    def one_way_us(self, size: int, count: int) -> list[float]:
        """Return half the round trip times in us."""
        sample = _sample(size)
        times = []
        for _ in range(count):
            start = time.perf_counter_ns()
            self._pair.write(sample)
            if self._pair.take(2.0) is not None:
                times.append((time.perf_counter_ns() - start) / 2e3)
        return times

    def stop_peer(self) -> None:
        """End the echo."""
        self._pair.write(b"\0\1\0\0\0\0\0\0")


_STREAM_SIZE = 320
"""About the size of a JointState of 7 joints."""


def stream_out(domain_id: int, duration_s: float, rate_hz: float) -> dict[str, float]:
    """Write at a fixed rate; return the share of a core and the rate."""
    pair = BarePair(domain_id, "bench_bare_stream", "bench_bare_unused")
    pair.wait_for_reader(5.0)
    sample, sent = _sample(_STREAM_SIZE), 0
    time.sleep(0.3)
    begin, cpu = time.monotonic(), time.process_time()
    while (now := time.monotonic() - begin) < duration_s:
        due_s = sent / rate_hz
        if due_s > now:
            time.sleep(due_s - now)
        pair.write(sample)
        sent += 1
    return _shares(begin, cpu, sent)


def stream_in(domain_id: int, duration_s: float) -> dict[str, float]:
    """Take samples as they come; return the share of a core and the rate."""
    pair = BarePair(domain_id, "bench_bare_unused", "bench_bare_stream")
    pair.take(5.0)
    time.sleep(0.3)
    begin, cpu, received = time.monotonic(), time.process_time(), 0
    while (left := duration_s - (time.monotonic() - begin)) > 0:
        received += pair.take(left) is not None
    return _shares(begin, cpu, received)


def flood_out(domain_id: int, duration_s: float) -> dict[str, float]:
    """Write as fast as it goes."""
    pair = BarePair(domain_id, "bench_bare_flood", "bench_bare_unused", depth=1000)
    pair.wait_for_reader(5.0)
    sample, sent = _sample(_STREAM_SIZE), 0
    begin, cpu = time.monotonic(), time.process_time()
    while time.monotonic() - begin < duration_s:
        pair.write(sample)
        sent += 1
    return _shares(begin, cpu, sent)


def flood_in(domain_id: int, duration_s: float) -> dict[str, float]:
    """Take as fast as it comes, until it stops."""
    pair = BarePair(domain_id, "bench_bare_unused", "bench_bare_flood", depth=1000)
    times: list[float] = []
    wait_s = 8.0
    while pair.take(wait_s) is not None:
        times.append(time.monotonic())
        wait_s = 0.4
    rate = len(times) / (times[-1] - times[0]) if len(times) > 1 else 0.0
    return {"rate_hz": round(rate, 1), "messages": len(times)}


def _shares(begin: float, cpu: float, count: int) -> dict[str, float]:
    wall, cpu = time.monotonic() - begin, time.process_time() - cpu
    return {"cpu_percent": round(100 * cpu / wall, 3), "rate_hz": round(count / wall, 1)}


def _sample(size: int) -> bytes:
    return b"\0\1\0\0" + struct.pack("<I", size) + bytes(size + -size % 4)


def summary(times: list[float]) -> dict[str, float]:
    """Return p50 and p99."""
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
    }
