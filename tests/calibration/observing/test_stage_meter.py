"""Tests of the totals that a stage has between two times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.observing.stage_meter import _between

NAN = math.nan


@pytest.mark.parametrize(
    ("at_s", "total", "bounds_s", "growth"),
    [
        ((0, 1, 2, 3), (0.0, 0.5, 1.5, 2.0), (1, 3), 1.5),
        ((0, 1, 2, 3), (0.0, 0.5, 1.5, 2.0), (1.5, 2.5), 0.75),
        ((0, 1, 2, 2.1, 3), (0.0, 0.5, 1.5, 1.6, NAN), (1, 2.1), 1.1),  # read after the instance had ended
        ((0, 1, 2), (0.0, 0.5, 1.5), (1, 2.5), 1.5),  # half a second more at a second per second
        ((0, 1, 2), (0.0, 0.5, 1.5), (1, 3.5), NAN),
        ((1.5, 2, 3), (0.5, 0.6, 1.5), (1, 3), NAN),
        ((0, 1), (0.0, NAN), (0, 1), NAN),
        ((), (), (0, 1), NAN),
    ],
)
def test_a_total_grows_between_two_times(
    at_s: tuple[float, ...], total: tuple[float, ...], bounds_s: tuple[float, float], growth: float
) -> None:
    found = _between(np.array(at_s, dtype=float), np.array(total, dtype=float), bounds_s)
    assert found == pytest.approx(growth, nan_ok=True)
