"""The request log: one row per completed request, kept until readers have processed it.

`add` only packs the row into a preallocated buffer. After every `CHUNK_ROWS` rows the buffer is converted to numpy
columns, a `Chunk`, which the journal passes to its readers (request statistics, time series, live view, CSV); they
process whole columns. So memory does not grow with the number of requests, the hot path allocates no objects, and a row
costs about 0.4 us to write and 0.2 us to count. Measured alternatives for packing this row: a list of tuples with
`np.fromiter` 460 ns, with `np.array` 545 ns, `array.extend` 640 ns, `pack_into` 380 ns.

Readers must not depend on the division into chunks: `flush` may be called at any time (by a live view), and a live view
must not change any digit of the report.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.model.rejection import CLIENT_GONE, CLIENT_LEFT_ALB, OVERFLOW
from simulator.records.journal import Journal

CHUNK_ROWS: Final = 8192

_ROW: Final = struct.Struct("<9d")
_FULL: Final = CHUNK_ROWS * _ROW.size
_COLUMNS: Final = 9

_ROUNDING_S: Final = 1e-9  # allowed rounding error between a simulated request's latency and the sum of its parts

STATUS_MAX: Final = 999  # HTTP status codes have three digits
NO_ANSWER: Final = 0  # no response: the connection broke or the client gave up
REJECTED: Final = OVERFLOW.status


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Requests have ended: their rows as columns of equal length, in this order. Readers must not modify them.

    Times are in seconds. `intended_s` is the time at which the client intended to send, since the platform started;
    `latency_s` counts from then on. Its parts are `queue_s` (wait for a slot), `cold_s` (wait for an instance to start
    or wake), `service_s` (at the instance, until the end of the response body), and the rest, `client_s`. `instance` is
    the instance's number, 0 for none. `late_s` is the delay of the load generator (0 in virtual time). `rule` is the
    number of the web ACL's rule that blocked the request (`RuleNumbers`), 0 for none.
    """

    source: NDArray[np.int64]
    intended_s: NDArray[np.float64]
    latency_s: NDArray[np.float64]
    queue_s: NDArray[np.float64]
    cold_s: NDArray[np.float64]
    service_s: NDArray[np.float64]
    status: NDArray[np.int64]
    instance: NDArray[np.int64]
    late_s: NDArray[np.float64]
    rule: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.status)

    @property
    def client_s(self) -> NDArray[np.float64]:
        """The rest of the latency: in the client (late, or waiting to connect) and on the network; 0 if simulated.

        The platform's part has a resolution of milliseconds, so the rest may be slightly negative; it is then set to 0.
        """
        rest = self.latency_s - self.queue_s - self.cold_s - self.service_s
        rest[rest < _ROUNDING_S] = 0.0
        return rest

    @property
    def failed(self) -> NDArray[np.bool_]:
        """True for the rows for which `is_failure` is true, without those that a web ACL blocked."""
        failed: NDArray[np.bool_] = _FAILURES[self.status]
        failed[self.rule > 0] = False
        return failed

    @property
    def blocked(self) -> NDArray[np.bool_]:
        """True for the rows that a web ACL blocked, with any status."""
        blocked: NDArray[np.bool_] = self.rule > 0
        return blocked


def is_failure(status: int) -> bool:
    """Return True for no response, 429 (App Runner's overflow), 499 or 460 (the client closed the connection) and 5xx.

    Other 4xx statuses are responses of the application.
    """
    return status in {NO_ANSWER, REJECTED, CLIENT_GONE.status, CLIENT_LEFT_ALB} or status >= 500


class ErrorKind(StrEnum):
    """A kind of failed request; the value is what a report shows."""

    REJECTED = "429"
    NO_ANSWER = "no answer"
    CLIENT_CLOSED = "499"
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    OTHER = "other 5xx"


ERROR_KINDS: Final = tuple(ErrorKind)
_KIND_OF: Final = {
    REJECTED: ErrorKind.REJECTED,
    NO_ANSWER: ErrorKind.NO_ANSWER,
    CLIENT_GONE.status: ErrorKind.CLIENT_CLOSED,
    CLIENT_LEFT_ALB: ErrorKind.CLIENT_CLOSED,
    500: ErrorKind.INTERNAL,
    502: ErrorKind.BAD_GATEWAY,
    503: ErrorKind.UNAVAILABLE,
    504: ErrorKind.GATEWAY_TIMEOUT,
}
REJECTED_INDEX: Final = ERROR_KINDS.index(ErrorKind.REJECTED)

# By status: the position of its kind in ERROR_KINDS; -1 for a request that has not failed.
KIND_OF_STATUS: Final = np.array(
    [
        ERROR_KINDS.index(_KIND_OF.get(status, ErrorKind.OTHER)) if is_failure(status) else -1
        for status in range(STATUS_MAX + 1)
    ],
    dtype=np.int64,
)
_FAILURES: Final = np.array([is_failure(status) for status in range(STATUS_MAX + 1)])


class RuleNumbers:
    """The numbers of web ACL rules in rows, from 1 on: a rule gets its number when it first blocks a request."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, rule: str) -> int:
        """Return the number of the rule with this name, in any web ACL."""
        return self._numbers.setdefault(rule, len(self._numbers) + 1)

    @property
    def names(self) -> list[str]:
        """The names by number; the first is empty, for none."""
        return ["", *self._numbers]


class RequestRows(Protocol):
    """The receiver of a request's outcome, such as `RequestLog`, which defines the columns."""

    @property
    def rules(self) -> RuleNumbers: ...

    def add(
        self, source: int, intended_s: float, latency_s: float, queue_s: float, cold_s: float, service_s: float,
        status: int, instance: int, late_s: float,
    ) -> None: ...  # fmt: skip


class RequestLog:
    """Collects rows and passes them to the readers of `journal` in chunks."""

    __slots__ = ("_at", "_buffer", "_journal", "rows", "rules")

    def __init__(self, journal: Journal) -> None:
        self.rules = RuleNumbers()
        self.rows = 0  # number of rows passed to readers so far
        self._buffer = bytearray(_FULL)
        self._at = 0
        self._journal = journal

    def add(
        self,
        source: int,
        intended_s: float,
        latency_s: float,
        queue_s: float,
        cold_s: float,
        service_s: float,
        status: int,
        instance: int,
        late_s: float,
    ) -> None:
        """Add a completed request; the fields are those of `Chunk`. This is the hot path: keep it short.

        A request that a web ACL blocked has no instance: `instance` is then minus the number of the rule.
        """
        at = self._at
        _ROW.pack_into(
            self._buffer, at, source, intended_s, latency_s, queue_s, cold_s, service_s, status, instance, late_s
        )
        self._at = at = at + _ROW.size
        if at == _FULL:
            self.flush()

    def flush(self) -> None:
        """Pass the rows written so far to the readers. Call this before totals are read."""
        if self._at == 0:
            return
        chunk = _chunk(self._buffer, self._at // _ROW.size)
        self._at = 0
        self.rows += len(chunk)
        self._journal.publish(chunk)


def _chunk(buffer: bytearray, rows: int) -> Chunk:
    table = np.frombuffer(buffer, dtype="<f8", count=rows * _COLUMNS).reshape(rows, _COLUMNS)
    # A transposed copy, because the buffer is reused immediately and readers need contiguous columns.
    source, intended, latency, queue, cold, service, status, instance, late = np.array(table.T, order="C")
    numbers = instance.astype(np.int64)
    return Chunk(
        source=source.astype(np.int64),
        intended_s=intended,
        latency_s=latency,
        queue_s=queue,
        cold_s=cold,
        service_s=service,
        status=status.astype(np.int64),
        instance=np.maximum(numbers, 0),
        late_s=late,
        rule=np.maximum(-numbers, 0),
    )
