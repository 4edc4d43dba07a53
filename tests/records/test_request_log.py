from __future__ import annotations

import tracemalloc

import pytest

from simulator.records.journal import Journal
from simulator.records.request_log import CHUNK_ROWS, Chunk, RequestLog, is_failure
from simulator.records.request_stats import StatsBySource
from simulator.records.series import RequestSeries
from tests.records.rows import Row, tell, write


def test_a_row_arrives_in_its_columns() -> None:
    chunks: list[Chunk] = []
    tell(chunks.append, Row(1.5, 0.25, 503, 2, 0.01, 0.02, 0.22, 7, 0.003))
    (chunk,) = chunks
    row = [getattr(chunk, name).tolist() for name in Chunk.__slots__]
    assert row == [[2], [1.5], [0.25], [0.01], [0.02], [0.22], [503], [7], [0.003], [0]]


def test_a_blocked_row_is_neither_a_failure_nor_of_an_instance() -> None:
    chunks: list[Chunk] = []
    tell(chunks.append, Row(status=503, instance=-2), Row(status=503, instance=3), Row(status=429, instance=-1))
    (chunk,) = chunks
    assert (chunk.rule.tolist(), chunk.instance.tolist()) == ([2, 0, 1], [0, 3, 0])
    assert (chunk.failed.tolist(), chunk.blocked.tolist()) == ([False, True, False], [True, False, True])


def test_a_full_buffer_is_flushed_automatically() -> None:
    journal = Journal()
    log, lengths = RequestLog(journal), list[int]()
    journal.subscribe(Chunk, lambda chunk: lengths.append(len(chunk)))
    for _ in range(CHUNK_ROWS + 1):
        write(log, Row())
    assert lengths == [CHUNK_ROWS]


def test_a_flush_delivers_the_rest_once() -> None:
    journal = Journal()
    log, lengths = RequestLog(journal), list[int]()
    journal.subscribe(Chunk, lambda chunk: lengths.append(len(chunk)))
    for _ in range(3):
        write(log, Row())
    log.flush()
    log.flush()
    assert (lengths, log.rows) == ([3], 3)


def test_a_chunk_keeps_its_values_when_the_buffer_is_written_again() -> None:
    journal = Journal()
    log, chunks = RequestLog(journal), list[Chunk]()
    journal.subscribe(Chunk, chunks.append)
    for latency_s in (1.0, 2.0):
        write(log, Row(latency_s=latency_s))
        log.flush()
    assert [chunk.latency_s.tolist() for chunk in chunks] == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("status", "failure"),
    [(0, True), (200, False), (302, False), (404, False), (429, True), (499, True), (500, True), (504, True)],
)
def test_failures_are_no_answer_rejections_lost_clients_and_5xx(status: int, failure: bool) -> None:
    chunks: list[Chunk] = []
    tell(chunks.append, Row(status=status))
    assert (is_failure(status), chunks[0].failed.tolist()) == (failure, [failure])


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    journal = Journal()
    log, stats_by_source, series = RequestLog(journal), StatsBySource(1), RequestSeries(1, 10)
    journal.subscribe(Chunk, stats_by_source.read)
    journal.subscribe(Chunk, series.read)

    def play(rows: int) -> int:
        for number in range(rows):
            log.add(0, number * 1e-4, 0.1, 0.0, 0.0, 0.1, 200, 1, 0.0)
        log.flush()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        play(CHUNK_ROWS)
        before, after = play(CHUNK_ROWS), play(4 * CHUNK_ROWS)
    finally:
        tracemalloc.stop()
    # Kept rows would take 72 bytes each, 2.4 MB in total; the interpreter itself causes a quarter of a byte per row.
    assert after - before < CHUNK_ROWS
