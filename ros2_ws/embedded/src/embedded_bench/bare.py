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

    data: sequence[uint8]  # type: ignore[type-arg]


class BarePair:
    """A writer and a reader that waits."""

    def __init__(self, domain_id: int, out_topic: str, in_topic: str) -> None:
        self._domain = Domain(domain_id, domain_config())
        participant = DomainParticipant(domain_id)
        qos = Qos(
            Policy.Reliability.Reliable(duration(infinite=True)), Policy.History.KeepLast(10)
        )
        self._writer = DataWriter(participant, Topic(participant, out_topic, Bytes), qos=qos)
        self._reader = DataReader(participant, Topic(participant, in_topic, Bytes), qos=qos)
        self._waitset = WaitSet(participant)
        self._waitset.attach(ReadCondition(self._reader, _MASK))

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


def _sample(size: int) -> bytes:
    return b"\0\1\0\0" + struct.pack("<I", size) + bytes(size + -size % 4)


def summary(times: list[float]) -> dict[str, float]:
    """Return p50 and p99."""
    ordered = sorted(times)
    return {
        "p50": round(statistics.median(ordered), 1),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
    }
