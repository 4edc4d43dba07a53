"""The access log: one line for every request, written off the hot path.

A request costs one append. Entries are formatted in batches between two iterations of the event loop, and one thread
writes the batches, one write at a time. If the disk is slower than the requests or temporarily full, at most
`buffer_bytes_max` are buffered; lines beyond that are dropped and counted, and no request waits for the log.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.ports import EntryLog, ExchangeView
from simulator.model.times import LoopTime

Entry = TypeVar("Entry")

BATCH_MAX: Final = 200  # entries: about a millisecond of formatting
FLUSH_S: Final = 0.25  # longest time that a line waits for further ones
BUFFER_BYTES_MAX: Final = 4 * 1024 * 1024
# Time limit, so that a disk that does not respond cannot block the end of a run.
LAST_WRITE_S_MAX: Final = 5.0


class ObservedLog:
    """An entry log that also passes each entry to a listener; the underlying access log is optional."""

    def __init__(self, observe: Callable[[AccessLogEntry], None], log: EntryLog | None) -> None:
        self._observe = observe
        self._log = log

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        self.add(served_entry(exchange, status, cause, now_s))

    def add(self, entry: AccessLogEntry) -> None:
        self._observe(entry)
        if self._log is not None:
            self._log.add(entry)


class LineLog(Generic[Entry]):
    """Writes a line for each entry to `file`, which is unbuffered. Create it in a running event loop.

    `line` formats an entry, given the offset from the loop's clock to seconds since 1970. The caller keeps `file` and
    closes it after `close`. `dropped` counts lines that were not written; `error` is the reason if it was more than a
    slow disk.
    """

    def __init__(
        self,
        file: io.RawIOBase,
        line: Callable[[Entry, float], bytes],
        epoch_s: Callable[[], float],
        *,
        buffer_bytes_max: int = BUFFER_BYTES_MAX,
        last_write_s_max: float = LAST_WRITE_S_MAX,
    ) -> None:
        self.dropped = 0
        self.error = ""
        self._file = file
        self._line = line
        self._epoch_s = epoch_s
        self._buffer_bytes_max = buffer_bytes_max
        self._last_write_s_max = last_write_s_max
        self._loop = asyncio.get_running_loop()
        self._entries: list[Entry] = []
        self._lines: list[bytes] = []
        self._lines_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Future[tuple[bytes, OSError | None]] | None = None
        self._closing = self._tried_last = False

    def add(self, entry: Entry) -> None:
        entries = self._entries
        entries.append(entry)
        if self._timer is None:
            self._timer = self._loop.call_later(FLUSH_S, self._flush)
        if len(entries) >= BATCH_MAX:
            self._format()

    async def close(self) -> None:
        """Write the remaining lines, as far as the disk accepts them."""
        self._closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._flush()
        while self._writing is not None:
            done, _ = await asyncio.wait((self._writing,), timeout=self._last_write_s_max)
            if not done:
                self.dropped += _count(self._lines)
                self.error = f"the disk has not taken a write for {self._last_write_s_max:g} s"
                return
            await asyncio.sleep(0)  # lets `_written` run

    def _format(self) -> None:
        """Format entries as lines, up to the limit of the buffer."""
        offset_s = self._epoch_s() - self._loop.time()
        for entry in self._entries:
            if self._lines_bytes >= self._buffer_bytes_max:
                self.dropped += 1
                continue
            line = self._line(entry, offset_s)
            self._lines.append(line)
            self._lines_bytes += len(line)
        self._entries.clear()

    def _flush(self) -> None:
        self._timer = None
        self._format()
        if self._writing is None and self._lines:
            lines, self._lines, self._lines_bytes = self._lines, [], 0
            self._writing = self._loop.run_in_executor(None, _write, self._file, b"".join(lines))
            self._writing.add_done_callback(self._written)

    def _written(self, writing: asyncio.Future[tuple[bytes, OSError | None]]) -> None:
        self._writing = None
        rest, error = writing.result()
        if error is not None:
            self.error = str(error)
            if self._closing and self._tried_last:
                self.dropped += _count([rest])
            else:
                self._keep(rest)
                if not self._closing:
                    return
                self._tried_last = True
        if self._lines:
            self._flush()

    def _keep(self, rest: bytes) -> None:
        """Put unwritten bytes at the start of the buffer, for the next attempt."""
        self._lines.insert(0, rest)
        self._lines_bytes += len(rest)
        if self._timer is None and not self._closing:
            self._timer = self._loop.call_later(FLUSH_S, self._flush)


class AccessLog(LineLog[AccessLogEntry]):
    """The access log of a front."""

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        self.add(served_entry(exchange, status, cause, now_s))


def served_entry(exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> AccessLogEntry:
    """Return the entry of a finished request that was offered to a pool."""
    return AccessLogEntry(
        exchange.request,
        exchange.connection.peer,
        status,
        cause,
        exchange.arrived_s,
        exchange.begun_s,
        exchange.answered_s,
        now_s,
        exchange.cold_s,
        exchange.received_bytes,
        exchange.sent_bytes,
        exchange.instance.number if exchange.instance is not None else 0,
        exchange.upstream_host,
        exchange.added,
    )


def _write(file: io.RawIOBase, data: bytes) -> tuple[bytes, OSError | None]:
    """Return the unwritten rest and the error, if any. An unbuffered file may accept only a part at a time."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) or 0 :]
    except OSError as error:
        return bytes(rest), error
    return b"", None


def _count(lines: list[bytes]) -> int:
    return sum(each.count(b"\n") for each in lines)
