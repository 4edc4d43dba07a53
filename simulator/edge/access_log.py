"""The access log: one line for every request, written off the hot path.

A request costs one append. Entries become lines in batches between two turns of the loop, and one thread writes what
has gathered, one write at a time. When the disk is slower than the requests, or full for a moment, at most
`buffer_bytes_max` wait for it; lines beyond that are dropped and counted, and no request is held up.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from simulator.edge.access_line import AccessLine, Entry, served_entry

if TYPE_CHECKING:
    from simulator.edge.exchange import LiveExchange

BATCH_MAX: Final = 200  # entries: about a millisecond of formatting
FLUSH_S: Final = 0.25  # how long a line may wait for others
BUFFER_BYTES_MAX: Final = 4 * 1024 * 1024
# A disk that hangs must not hang the end of a run.
LAST_WRITE_S_MAX: Final = 5.0


class EntryLog(Protocol):
    """Where finished requests are written down."""

    def served(self, exchange: LiveExchange, status: int, cause: str, now_s: float) -> None:
        """One that was offered to a pool is over now; `served_entry` says what is known of it."""

    def add(self, entry: Entry) -> None:
        """One that the balancer answered itself."""


class Overheard:
    """An access log, or none, with somebody who listens beside it."""

    def __init__(self, hear: Callable[[Entry], None], log: EntryLog | None) -> None:
        self._hear = hear
        self._log = log

    def served(self, exchange: LiveExchange, status: int, cause: str, now_s: float) -> None:
        self.add(served_entry(exchange, status, cause, now_s))

    def add(self, entry: Entry) -> None:
        self._hear(entry)
        if self._log is not None:
            self._log.add(entry)


class AccessLog:
    """`file` is unbuffered and stays its owner's, who closes it after `close`. To be made on a running loop.

    `dropped` counts lines that were not written; `error` says why, when the reason was not just a slow disk.
    """

    def __init__(
        self,
        file: io.RawIOBase,
        line: AccessLine,
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

    def served(self, exchange: LiveExchange, status: int, cause: str, now_s: float) -> None:
        self.add(served_entry(exchange, status, cause, now_s))

    def add(self, entry: Entry) -> None:
        entries = self._entries
        entries.append(entry)
        if self._timer is None:
            self._timer = self._loop.call_later(FLUSH_S, self._flush)
        if len(entries) >= BATCH_MAX:
            self._format()

    async def close(self) -> None:
        """Write what there is, as far as the disk lets us."""
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
            await asyncio.sleep(0)  # `_written` has its turn

    def _format(self) -> None:
        """Entries become lines, as many as there is room for."""
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
        """What the disk has not taken is first when it is tried again."""
        self._lines.insert(0, rest)
        self._lines_bytes += len(rest)
        if self._timer is None and not self._closing:
            self._timer = self._loop.call_later(FLUSH_S, self._flush)


def _write(file: io.RawIOBase, data: bytes) -> tuple[bytes, OSError | None]:
    """What is left, and why: full, gone, not ours. An unbuffered file may take a part at a time."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) or 0 :]
    except OSError as error:
        return bytes(rest), error
    return b"", None


def _count(lines: list[bytes]) -> int:
    return sum(each.count(b"\n") for each in lines)
