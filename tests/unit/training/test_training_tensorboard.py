"""TensorBoard's event format, against bytes made by another implementation."""

import json
import math
import struct
from pathlib import Path

from sawyer_policies.training.disk import PatientWriter
from sawyer_policies.training.metrics import EVENTS_FILE, MetricsLog, read_metrics
from sawyer_policies.training.tensorboard import crc32c, header, scalars


def test_checksum_of_the_standard() -> None:
    # RFC 3720, appendix B.4
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E


def records(data: bytes) -> "list[bytes]":
    """Frames of a TFRecord file, checked as its readers do."""

    def masked(part: bytes) -> int:
        value = crc32c(part)
        return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF

    found = []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12])[0] == masked(data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked(body)
        found.append(body)
        data = data[16 + length :]
    return found


# Made with tensorboardX 2.6.5: its Event message, its frame around it.
HEADER = "1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d"
SCALAR = (
    "2500000000000000eabc36f30900002040fc54d94110ac022a170a150a0e657069736f64652f72657475726e"
    "150000c0bf8be012e3"
)


def test_bytes_of_another_implementation() -> None:
    assert header(1700000000.0) == bytes.fromhex(HEADER)
    assert scalars({"episode/return": -1.5}, 300, 1700000000.5) == bytes.fromhex(SCALAR)


def test_log_goes_on_where_a_checkpoint_knew_it(tmp_path: Path) -> None:
    writer = PatientWriter(lambda _: None)
    row = {"env_steps": 5, "return": math.nan, "success": True, "learner": {"critic_loss": 2.0}}
    log = MetricsLog(tmp_path, writer)
    log.write(row)
    kept = log.sizes()
    log.write({**row, "env_steps": 9})
    log.close()
    again = MetricsLog(tmp_path, writer, kept)
    again.write({**row, "env_steps": 7})
    again.close()
    assert [found["env_steps"] for found in read_metrics(tmp_path)] == [5, 7]
    assert read_metrics(tmp_path)[0]["return"] is None
    assert len(records((tmp_path / EVENTS_FILE).read_bytes())) == 3
    json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[0])
