"""Members have values that a scenario can play, however little the figures say about a parameter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.uncertainty import Uncertainty


def test_a_parameter_that_the_figures_do_not_determine_stays_within_a_factor_of_twenty() -> None:
    best = ModelCandidate(AppStructure(), (TimeLaw(Family.CONSTANT, 0.01),), (TimeLaw(Family.CONSTANT, 0.05),))
    moves = np.array([[30.0, 0.1], [-30.0, -0.1], [0.5, 0.0]])
    known = Uncertainty(best, best.point + moves, 0.5, 1.0)
    members = known.members(3)
    assert [each.cpu[0].mean_s for each in members] == pytest.approx(
        [0.01 * math.exp(3), 0.01 * math.exp(-3), 0.01 * math.exp(0.5)]
    )
    assert [each.io[0].mean_s for each in members] == pytest.approx([0.05 * math.exp(0.1), 0.05 * math.exp(-0.1), 0.05])
    _, low, high = known.interval(Coordinate(Kind.CPU_MEAN))
    assert high > 1000 * low  # its interval still says that it is unknown
