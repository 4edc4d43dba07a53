"""Tests of the figures of a load that was played live."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.calibration.prediction.runs import RunFigures
from simulator.calibration.verification.live_load import SentLatencies
from simulator.records.request_log import Chunk


def test_the_delay_of_the_load_client_is_no_part_of_a_latency() -> None:
    def column(*values: float) -> np.ndarray[Any, Any]:
        return np.array(values)

    chunk = Chunk(
        source=column(0, 0, 0, 0).astype(np.int64),
        intended_s=column(1.0, 5.0, 6.0, 7.0),
        latency_s=column(9.0, 0.12, 0.25, 9.0),
        queue_s=np.zeros(4),
        cold_s=np.zeros(4),
        service_s=np.zeros(4),
        status=column(200, 200, 200, 429).astype(np.int64),
        instance=np.ones(4, np.int64),
        late_s=column(0.0, 0.02, 0.05, 0.0),
        rule=np.zeros(4, np.int64),
    )
    latencies = SentLatencies(warm_up_s=2.0)
    latencies.read(chunk)
    figures = latencies.replaced_in(RunFigures(1.0, 1.0, 1.0, 0.0, None, None, 3.0, 0.0))
    assert figures.p50_s == pytest.approx(0.15)
    assert figures.served_rps == 3.0
