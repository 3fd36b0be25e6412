"""An MCAP file that is whole after every append.

Each append writes the new data and, behind it, a complete tail (summary, footer, magic); the next
append overwrites that tail. A process that is killed between two appends therefore leaves an
ordinary, indexed MCAP file. One that is killed in the middle of an append leaves a file whose
last chunk is cut, which the tolerant scan of `_mcap_scan` handles.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sawyer_core.errors import RecordingError
from sawyer_datasets import _mcap
from sawyer_datasets._files import free_bytes, readable_size

# Beyond this many chunks the tail is written without its chunk list until the file is closed, so
# that a long recording does not rewrite megabytes each time. Ours.
MAX_LISTED_CHUNKS: Final = 2000


class McapFile:
    """Append-only MCAP file with an always valid end."""

    def __init__(self, path: Path, library: str) -> None:
        self.path = path
        self._schemas = bytearray()
        self._channels = bytearray()
        self._chunk_list = bytearray()
        self._metadata_list = bytearray()
        self._schema_count = 0
        self._channel_count = 0
        self._chunk_count = 0
        self.statistics = _mcap.Statistics()
        self._end = 0
        self._tail = b""
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise recording_error(path, "cannot create", error) from error
        try:
            self.append([_mcap.header(library)])
        except RecordingError:
            os.close(self._fd)
            self._fd = -1
            raise

    @property
    def end(self) -> int:
        """Position at which the next data goes."""
        return self._end

    @property
    def closed(self) -> bool:
        """Whether the file was closed."""
        return self._fd < 0

    def add_channel(self, channel: _mcap.Channel, schema: _mcap.Schema | None) -> bytes:
        """Append a channel (and its schema if it is new); return the records."""
        records = b""
        if schema is not None:
            records = _mcap.schema_record(schema)
            self._schemas += records
            self._schema_count += 1
        channel_record = _mcap.channel_record(channel)
        self._channels += channel_record
        self._channel_count += 1
        self.statistics.channel_counts[channel.id] = 0
        self.append([records, channel_record])
        return records + channel_record

    def append_chunk(
        self,
        content: bytes | bytearray,
        compressed: bytes | bytearray,
        compression: str,
        span_ns: tuple[int, int],
        messages: dict[int, list[tuple[int, int]]],
    ) -> None:
        """Append a chunk and count its messages."""
        parts, info = _mcap.chunk_records(
            content, compressed, compression, span_ns, messages, self._end
        )
        stats = self.statistics
        before = (stats.start_ns, stats.end_ns, dict(stats.channel_counts))
        first = stats.message_count == 0
        stats.start_ns = span_ns[0] if first else min(stats.start_ns, span_ns[0])
        stats.end_ns = max(stats.end_ns, span_ns[1])
        for channel_id, entries in messages.items():
            stats.channel_counts[channel_id] += len(entries)
        index = _mcap.chunk_index_record(info)
        self._chunk_list += index
        self._chunk_count += 1
        try:
            self.append(parts)
        except RecordingError:
            del self._chunk_list[-len(index) :]
            self._chunk_count -= 1
            stats.start_ns, stats.end_ns, stats.channel_counts = before
            raise

    def append_metadata(self, name: str, values: dict[str, str]) -> None:
        """Append a metadata record."""
        record = _mcap.metadata_record(name, values)
        self._metadata_list += _mcap.metadata_index_record(self._end, len(record), name)
        self.statistics.metadata_count += 1
        self.append([record])

    def append(self, parts: Sequence[bytes | bytearray], *, full_index: bool = False) -> None:
        """Write `parts` over the old tail and a new tail behind them.

        Raises:
            RecordingError: The file cannot grow; it is put back into its state before the call.
        """
        data = b"".join(parts)
        tail = self._make_tail(self._end + len(data), full_index)
        try:
            self._write_at(data + tail, self._end)
        except OSError as error:
            self._restore()
            raise recording_error(self.path, "cannot write to", error) from error
        self._end += len(data)
        self._tail = tail

    def close(self) -> None:
        """Write the full index, force everything to the disk and close."""
        if self.closed:
            return
        try:
            if self._chunk_count > MAX_LISTED_CHUNKS:
                self.append([], full_index=True)
            os.ftruncate(self._fd, self._end + len(self._tail))
            os.fsync(self._fd)
        except OSError as error:
            raise recording_error(self.path, "cannot finish", error) from error
        finally:
            os.close(self._fd)
            self._fd = -1

    def _make_tail(self, offset: int, full_index: bool) -> bytes:
        listed = full_index or self._chunk_count <= MAX_LISTED_CHUNKS
        groups = [
            (_mcap.OP_SCHEMA, bytes(self._schemas)),
            (_mcap.OP_CHANNEL, bytes(self._channels)),
            (_mcap.OP_CHUNK_INDEX, bytes(self._chunk_list) if listed else b""),
            (_mcap.OP_METADATA_INDEX, bytes(self._metadata_list)),
            (
                _mcap.OP_STATISTICS,
                _mcap.statistics_record(
                    self.statistics, self._schema_count, self._channel_count, self._chunk_count
                ),
            ),
        ]
        return _mcap.file_tail(offset, groups)

    def _write_at(self, data: bytes, offset: int) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            if written == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            view = view[written:]
            offset += written

    def _restore(self) -> None:
        """Put the last good tail back after a failed append."""
        try:
            os.ftruncate(self._fd, self._end)
            self._write_at(self._tail, self._end)
        except OSError:
            # The tail does not fit either: the data before it can still be scanned.
            os.ftruncate(self._fd, self._end)


def recording_error(path: Path, action: str, error: OSError) -> RecordingError:
    """Return the error to raise for a failed file operation; it names path and free space."""
    reason = error.strerror or str(error)
    made = RecordingError(f"{action} {path}: {reason}", errno=error.errno)
    if not made.no_space:
        return made
    hint = f"{readable_size(free_bytes(path))} free on its file system"
    return RecordingError(f"{made} ({hint})", errno=error.errno)
