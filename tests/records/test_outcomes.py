"""Outcomes of requests: classes, durations by bucket, and readers of the rows."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.records.outcomes import CLASSES, EDGES_S, ROWS, Outcomes


def classes(outcomes: Outcomes) -> dict[str, int]:
    return {name: int(count) for name, count in zip(CLASSES, outcomes.classes, strict=True) if count}


def test_statuses_are_counted_by_class_and_429_separately() -> None:
    outcomes = Outcomes()
    for status in (0, 101, 200, 204, 302, 404, 429, 429, 500, 599):
        outcomes.add(status, 0.1, 0.0, 0.0, 0.1)
    outcomes.fold()
    assert classes(outcomes) == {"none": 1, "1xx": 1, "2xx": 2, "3xx": 1, "4xx": 3, "5xx": 2}
    assert outcomes.rejected == 2


def test_a_duration_at_a_bound_is_in_its_bucket() -> None:
    outcomes = Outcomes()
    for total_s in (0.0, EDGES_S[0], EDGES_S[0] * 1.01, EDGES_S[-1], 121.0):
        outcomes.add(200, total_s, 0.0, 0.0, 0.0)
    outcomes.fold()
    counts = outcomes.total.counts
    assert (counts[0], counts[1], counts[-2], counts[-1]) == (2, 1, 1, 1)
    assert outcomes.total.sum_s == pytest.approx(EDGES_S[0] * 2.01 + EDGES_S[-1] + 121)


def test_only_requests_that_reached_an_instance_or_waited_for_a_start_count_there() -> None:
    outcomes = Outcomes()
    outcomes.add(200, 1.0, 0.2, 0.3, 0.5)
    outcomes.add(429, 0.0, 0.0, 0.0, -1.0)
    outcomes.fold()
    assert (outcomes.service.counts.sum(), outcomes.cold.counts.sum(), outcomes.queue.counts.sum()) == (1, 1, 2)


def test_a_full_buffer_is_folded_and_no_row_is_lost_or_counted_twice() -> None:
    outcomes = Outcomes()
    for _ in range(ROWS * 2 + 1):
        outcomes.add(200, 0.1, 0.0, 0.0, 0.1)
    assert outcomes.classes.sum() == ROWS * 2
    outcomes.fold()
    outcomes.fold()
    assert outcomes.classes.sum() == ROWS * 2 + 1


def test_a_reader_gets_the_rows_of_every_fold() -> None:
    outcomes, seen = Outcomes(), []
    outcomes.listen(lambda rows: seen.append(np.array(rows)))
    outcomes.add(200, 1.0, 0.25, 0.0, 0.75)
    outcomes.fold()
    outcomes.fold()
    (rows,) = seen
    assert rows.tolist() == [[200.0, 1.0, 0.25, 0.0, 0.75]]
