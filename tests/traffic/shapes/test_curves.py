"""Rate curves: integral, inverse, cuts, and the effect of the timeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.rate_factor import RateFactor, rate_factor
from simulator.traffic.shapes.curves import Piece, RateCurve, curve_of
from tests.scenario.scenario_texts import scenario_of, source_of

RATES = st.floats(0, 1000)


def expected_by(pieces: list[Piece], at_s: float) -> float:
    """Return the integral up to `at_s`, computed by the trapezoid rule on the pieces."""
    total = 0.0
    for piece in pieces:
        if piece.begin_s < at_s:
            part = piece if piece.end_s <= at_s else piece.between(piece.begin_s, at_s)
            total += (part.end_s - part.begin_s) * (part.start_rps + part.end_rps) / 2
    return total


@given(
    rates=st.lists(st.tuples(st.floats(0.1, 50), RATES, RATES), min_size=1, max_size=6), share=st.floats(0.001, 0.999)
)
def test_times_is_the_inverse_of_the_integral(rates: list[tuple[float, float, float]], share: float) -> None:
    edges = np.cumsum([0.0, *(length for length, _, _ in rates)]).tolist()
    pieces = [Piece(edges[n], edges[n + 1], start, end) for n, (_, start, end) in enumerate(rates)]
    curve = RateCurve(pieces)
    if curve.total < 1e-3:
        return
    due = share * curve.total

    (at_s,) = curve.times(np.asarray([due])).tolist()

    assert expected_by(pieces, at_s) == pytest.approx(due, rel=1e-6, abs=1e-6)


def test_clock_spacing_of_ten_per_second_is_exact() -> None:
    curve = curve_of(source_of("{clock: {rate: 10/s}}"), 60)

    assert curve.total == 600
    assert curve.times(np.arange(600.0)).tolist() == [n / 10 for n in range(600)]


def test_no_request_is_due_in_a_piece_of_rate_zero() -> None:
    item = "{steps: {levels: [{for: 5s, rate: 1/s}, {for: 10s, rate: 0/s}, {for: 5s, rate: 1/s}]}}"
    times = curve_of(source_of(item), 60).times(np.arange(10.0))

    assert times.tolist() == [0, 1, 2, 3, 4, 15, 16, 17, 18, 19]


def test_a_ramp_from_zero_sends_with_the_square_root_of_time() -> None:
    curve = curve_of(source_of("{ramp: {start: 0/s, end: 2/s, over: 10s}}"), 10)

    assert curve.total == pytest.approx(10)
    assert curve.times(np.asarray([0.0, 2.5, 10.0])) == pytest.approx([0, 5, 10])


def test_a_ramp_stays_at_its_end() -> None:
    assert curve_of(source_of("{ramp: {start: 0/s, end: 2/s, over: 10s}}"), 60).total == pytest.approx(10 + 50 * 2)


def test_a_spike_is_a_trapezoid_on_its_base() -> None:
    item = "{spike: {base: 1/s, peak: 11/s, at: 20s, rise: 4s, for: 10s, fall: 6s}}"

    assert curve_of(source_of(item), 60).total == pytest.approx(60 + 10 * (2 + 10 + 3))


def test_a_sine_has_the_mean_of_its_ends_and_its_peak_at_the_given_time() -> None:
    curve = curve_of(source_of("{sine: {low: 0/s, high: 20/s, period: 60s, peak_at: 30s}}"), 60)
    times = curve.times(np.arange(600.0))
    around_the_peak = ((times >= 20) & (times < 40)).sum()

    assert curve.total == pytest.approx(600, rel=1e-4)
    # The integral of 10 (1 - cos(2 pi t / 60)) from 20 to 40 is 365.4.
    assert around_the_peak == pytest.approx(365, abs=2)


def test_from_until_scale_and_time_scale_shift_and_stretch_a_shape() -> None:
    shape = "steps: {levels: [{for: 10s, rate: 4/s}, {for: 10s, rate: 8/s}]}"
    curve = curve_of(source_of(f"{{{shape}, from: 5s, until: 30s, scale: 0.5, time_scale: 2}}"), 60)

    # Stretched to 20 s each, so half the rate, and half of that again: 1/s from 5 s, 2/s from 25 s, cut at 30 s.
    assert curve.total == pytest.approx(20 * 1 + 5 * 2)
    assert curve.times(np.asarray([0.0, 20.0, 28.0])) == pytest.approx([5, 25, 29])


def test_a_factor_applies_from_its_start() -> None:
    curve = curve_of(source_of("{clock: {rate: 1/s}}"), 60, RateFactor((0, 10, 20), (1, 3, 0)))

    assert curve.total == pytest.approx(10 + 30)


def test_of_several_rate_actions_the_one_that_began_last_applies() -> None:
    timeline = (
        "{at: 10s, rate: {factor: 2}}, {at: 20s, rate: {factor: 5, for: 10s, source: us}},"
        " {at: 20s, rate: {factor: 9, source: them}}"
    )
    traffic = "{name: us, clock: {rate: 1/s}}, {name: them, clock: {rate: 1/s}}"
    scenario = scenario_of(traffic=traffic, timeline=timeline)

    factor = rate_factor(scenario.timeline, "us")

    assert factor.at(np.asarray([0, 9.9, 10, 20, 29.9, 30, 59])).tolist() == [1, 1, 2, 5, 5, 2, 2]


def test_without_rate_actions_the_factor_is_one() -> None:
    assert rate_factor((), "us").is_one


@given(rates=st.lists(st.floats(0.01, 1e6), min_size=2, max_size=4), shares=st.lists(st.floats(0, 0.999), min_size=8))
def test_level_pieces_alone_and_together_give_the_same_times_to_the_last_digit(
    rates: list[float], shares: list[float]
) -> None:
    curve = RateCurve([Piece(10.0 * n, 10.0 * (n + 1), rate, rate) for n, rate in enumerate(rates)])
    ends = np.cumsum([0.0, *(10 * rate for rate in rates)])
    due = np.sort(np.concatenate([ends[n] + np.asarray(shares) * 10 * rate for n, rate in enumerate(rates)]))

    one_by_one = [curve.times(due[n : n + 1])[0] for n in range(len(due))]

    assert curve.times(due).tolist() == one_by_one
