"""Members have values that a scenario can play, however little the figures say about a parameter."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, Coordinate, Kind, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.uncertainty import EstimateDraw, Uncertainty


def test_a_parameter_that_the_figures_do_not_determine_stays_within_a_factor_of_twenty() -> None:
    best = ModelCandidate(AppStructure(), (TimeLaw(Family.CONSTANT, 0.01),), (TimeLaw(Family.CONSTANT, 0.05),))
    moves = np.array([[30.0, 0.1], [-30.0, -0.1], [0.5, 0.0]])
    known = Uncertainty(best, [EstimateDraw(best, best.point + move) for move in moves], 0.5, 1.0)
    members = known.members(3)
    assert [each.cpu[0].mean_s for each in members] == pytest.approx(
        [0.01 * math.exp(3), 0.01 * math.exp(-3), 0.01 * math.exp(0.5)]
    )
    assert [each.io[0].mean_s for each in members] == pytest.approx([0.05 * math.exp(0.1), 0.05 * math.exp(-0.1), 0.05])
    _, low, high = known.interval(Coordinate(Kind.CPU_MEAN))
    assert high > 1000 * low  # its interval still says that it is unknown


def test_two_structures_that_the_data_allow_make_the_interval_wide() -> None:
    """Three draws in four of one, one in four of another whose CPU time is 20 % longer: the mixture's mean and standard
    deviation, and members of both.
    """
    io = (TimeLaw(Family.CONSTANT, 0.05),)
    one = ModelCandidate(AppStructure(), (TimeLaw(Family.CONSTANT, 0.01),), io)
    other = ModelCandidate(AppStructure(workers=4), (TimeLaw(Family.CONSTANT, 0.012),), io)
    noise = 0.01 * np.array([-1.0, 1.0] * 30)
    draws = [
        EstimateDraw(one if place < 45 else other, (one if place < 45 else other).point + e)
        for place, e in enumerate(noise)
    ]
    known = Uncertainty(one, draws, 0.5, 1.0)
    value, low, high = known.interval(Coordinate(Kind.CPU_MEAN))
    middle, sd = 0.25 * math.log(1.2), math.sqrt(0.01**2 + 0.25 * 0.75 * math.log(1.2) ** 2)
    assert value == pytest.approx(0.01)
    assert math.log(high * low / 0.01**2) / 2 == pytest.approx(middle, rel=1e-6)
    assert math.log(high / low) / 2 == pytest.approx(2.0 * sd, rel=0.02)
    assert sum(each.structure.workers == 4 for each in known.members(40)) == 10
