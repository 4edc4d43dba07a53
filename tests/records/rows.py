"""Chunks created by hand, for tests of the request log's readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulator.records.journal import Journal
from simulator.records.request_log import Chunk, RequestLog


@dataclass(frozen=True)
class Row:
    intended_s: float = 0.0
    latency_s: float = 0.1
    status: int = 200
    source: int = 0
    queue_s: float = 0.0
    cold_s: float = 0.0
    service_s: float = 0.1
    instance: int = 1
    late_s: float = 0.0


def write(log: RequestLog, row: Row) -> None:
    log.add(
        row.source,
        row.intended_s,
        row.latency_s,
        row.queue_s,
        row.cold_s,
        row.service_s,
        row.status,
        row.instance,
        row.late_s,
    )


def tell(reader: Callable[[Chunk], None], *rows: Row) -> None:
    """Pass `rows` to `reader` as one chunk."""
    journal = Journal()
    log = RequestLog(journal)
    journal.subscribe(Chunk, reader)
    for row in rows:
        write(log, row)
    log.flush()
