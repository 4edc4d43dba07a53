"""Tests of the figures of a load that was played live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.verification.live_load import SentRequests
from simulator.records.request_log import Chunk


def chunk_of(*rows: tuple[int, float, float, int, float]) -> Chunk:
    """Return requests: source, when it was to be sent, latency from then on, status, delay of the client."""
    source, intended_s, latency_s, status, late_s = (np.array(column) for column in zip(*rows, strict=True))
    nothing: np.ndarray[Any, Any] = np.zeros(len(rows))
    return Chunk(
        source=source.astype(np.int64),
        intended_s=intended_s.astype(np.float64),
        latency_s=latency_s.astype(np.float64),
        queue_s=nothing,
        cold_s=nothing,
        service_s=nothing,
        status=status.astype(np.int64),
        instance=np.ones(len(rows), np.int64),
        late_s=late_s.astype(np.float64),
        rule=np.zeros(len(rows), np.int64),
    )


def test_the_delay_of_the_load_client_is_no_part_of_a_latency() -> None:
    sent = SentRequests(PredictedService(duration_s=10, warm_up_s=2))  # measured: 3 s to 11 s of the run
    sent.read(chunk_of((0, 1.0, 9.0, 200, 0.0), (0, 5.0, 0.12, 200, 0.02), (0, 6.0, 0.25, 200, 0.05)))
    sent.read(chunk_of((1, 7.0, 9.0, 429, 0.0), (1, 7.5, 9.0, 0, 0.0)))
    figures = sent.replaced_in(RunFigures(1.0, 1.0, 1.0, 0.0, None, None, 3.0, 0.0))
    assert figures.p50_s == pytest.approx(0.15)
    assert figures.served_rps == 2 / 8
    assert figures.error_rate == 2 / 4
    assert figures.rejected_rate == 1 / 4


def test_a_request_belongs_to_the_warm_up_if_it_was_sent_in_it_and_the_times_are_those_of_sending() -> None:
    sent = SentRequests(PredictedService(duration_s=10, warm_up_s=2))
    # The second one was to be sent in the warm-up, and was sent after it; rows come in the order of their ends.
    sent.read(chunk_of((1, 4.0, 0.5, 200, 0.25), (0, 2.9, 0.3, 200, 0.2), (1, 3.0, 9.0, 200, 0.0)))
    assert [times_s.tolist() for times_s in sent.times_s(3)] == [[pytest.approx(3.1)], [3.0, 4.25], []]
    assert sent.replaced_in(RunFigures(None, None, None, 0.0, None, None, 0.0, 0.0)).served_rps == 3 / 8
    empty = SentRequests(PredictedService(duration_s=10, warm_up_s=2))
    assert [len(times_s) for times_s in empty.times_s(2)] == [0, 0]
