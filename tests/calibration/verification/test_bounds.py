from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.verification.bounds import FigureBound, difference, parse_bounds, widened
from simulator.world.random_streams import RandomStreams


def test_bounds_are_percentages_or_the_interval() -> None:
    assert parse_bounds("p50 5 %, p95 8%,throughput inside") == (
        FigureBound("p50", 0.05),
        FigureBound("p95", 0.08),
        FigureBound("throughput", None),
    )
    assert [str(bound) for bound in parse_bounds("p50 5%, cpu inside")] == ["p50 5 %", "cpu inside"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (",", "must be figures with their bounds"),
        ("p96 5 %", "bound = p96 5 %, must begin with "),
        ("p50 5 %, p50 inside", "must give p50 once"),
        ("p50 5", "must end with a percentage"),
        ("p50", "must end with a percentage"),
        ("p50 140 %", "must end with a percentage"),
    ],
)
def test_what_is_no_bound_is_named(text: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_bounds(text)


def test_a_difference_is_relative_to_the_measured_value_and_of_shares_in_points() -> None:
    assert difference("p95", 0.110, 0.100) == pytest.approx(0.1)
    assert difference("error_rate", 0.02, 0.03) == pytest.approx(-0.01)
    assert difference("p95", 0.0, 0.0) == 0
    assert math.isinf(difference("p95", 0.1, 0.0))


def test_a_bound_is_a_distance_or_the_interval() -> None:
    predicted = PredictedFigure(0.100, 0.090, 0.125)
    assert FigureBound("p95", 0.10).passes(predicted, 0.0910)  # 9.9 % off
    assert not FigureBound("p95", 0.10).passes(predicted, 0.0908)
    assert FigureBound("p95", None).passes(predicted, 0.124)
    assert not FigureBound("p95", None).passes(predicted, 0.126)


def test_one_request_of_a_thousand_is_no_difference() -> None:
    exact = PredictedFigure(100.0, 100.0, 100.0)
    assert FigureBound("throughput", None).passes(exact, 99.6)
    assert not FigureBound("throughput", None).passes(exact, 99.4)
    none = PredictedFigure(0.0, 0.0, 0.0)
    assert FigureBound("error_rate", None).passes(none, 0.0009)
    assert not FigureBound("error_rate", None).passes(none, 0.0011)


def test_the_intervals_of_several_figures_contain_all_of_them_in_95_of_100_cases() -> None:
    rng = RandomStreams(2).stream("figures")
    figure = PredictedFigure(math.exp(1), math.exp(1 - 1.959964), math.exp(1 + 1.959964))
    low, high = widened(figure, 12)
    values = np.exp(rng.normal(1, 1, (20_000, 12)))
    assert np.mean(np.all((values >= low) & (values <= high), axis=1)) == pytest.approx(0.95, abs=0.01)
    assert widened(figure, 1)[0] == pytest.approx(figure.low)
    assert widened(figure, 1)[1] == pytest.approx(figure.high)
    # an interval that begins at 0 is stretched to both sides
    assert widened(PredictedFigure(0.01, 0.0, 0.02), 12)[0] < 0
