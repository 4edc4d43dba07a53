"""Starts as stages: the path by its share, the stages of the chosen path, and the gap at the ingress."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.start_stages import InitLaw, QuantileCurve, StartDelays, StartLaw, StartPath, StartStage
from simulator.world.random_streams import RandomStreams

REGISTRATION = StartStage("registration", 1, 1)
SHORT = StartPath(0.25, (StartStage("place", 2, 4),), REGISTRATION, from_zero=REGISTRATION)
LONG = StartPath(
    0.75, (StartStage("place", 2, 4), StartStage("boot", 10, 20)), REGISTRATION, from_zero=StartStage("gap", 12, 16)
)
LAW = StartLaw((SHORT, LONG))


def test_the_path_is_chosen_by_its_share_and_keeps_its_stages_together() -> None:
    assert LAW.draws == 4
    assert LAW.delays((0.2, 0.5, 0.0, 1.0), from_zero=True) == StartDelays(2.0, 1.0, 0.0)
    assert LAW.delays((0.3, 0.5, 0.0, 1.0), from_zero=True) == StartDelays(22.0, 14.0, 0.0)


def test_only_a_start_from_zero_with_a_request_has_the_gap() -> None:
    assert LAW.delays((0.9, 0.0, 0.5, 0.5), from_zero=True).route_s == 12.0
    assert LAW.delays((0.9, 0.0, 0.5, 0.5), from_zero=False).route_s == 1.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_time_until_the_launch_is_within_the_ranges_of_its_stages(place: float, boot: float, route: float) -> None:
    launch_s, route_s, *_ = LAW.delays((0.5, route, place, boot), from_zero=True)
    assert 12 <= launch_s <= 24
    assert 12 <= route_s <= 16


def test_the_mean_is_that_of_many_starts() -> None:
    rng = RandomStreams(1).stream("starts")
    drawn = [LAW.delays(tuple(rng.random() for _ in range(4)), from_zero=False).launch_s for _ in range(20_000)]
    assert LAW.launch_s == 0.25 * 3 + 0.75 * 18
    assert sum(drawn) / len(drawn) == pytest.approx(LAW.launch_s, rel=0.02)


def test_shares_that_do_not_add_up_are_rejected() -> None:
    with pytest.raises(ValueError, match=r"^shares of the paths = 0.75, must add up to 1$"):
        StartLaw((LONG,))


def test_a_decreasing_range_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^stage boot = 3 to 2 s, must be an increasing range from 0 s on$"):
        StartStage("boot", 3, 2)


CURVE = QuantileCurve(((0.0, 0.5), (0.5, 1.0), (0.9, 2.0), (1.0, 8.0)))


def test_a_curve_is_at_its_knots_and_geometric_between_them() -> None:
    assert [CURVE.at(level) for level in (0.0, 0.5, 0.9, 1.0)] == [0.5, 1.0, 2.0, 8.0]
    assert CURVE.at(0.95) == pytest.approx(4.0)


def test_the_mean_of_a_curve_is_that_of_many_levels() -> None:
    levels = RandomStreams(1).stream("levels").random(100_000)
    assert CURVE.mean == pytest.approx(float(np.mean([CURVE.at(level) for level in levels])), rel=0.01)


def test_an_initialisation_takes_the_last_number_and_the_factor_of_the_day() -> None:
    law = StartLaw(LAW.paths, InitLaw(0.25, CURVE, day_sd=0.1))
    assert law.draws == LAW.draws + 1
    short = law.delays((0.2, 0.5, 0.0, 1.0, 0.9), from_zero=True, day_factor=1.5)
    assert (short.launch_s, short.route_s) == (2.0, 1.0)
    assert short.init_s == pytest.approx(0.25 * 2 * 1.5)
    assert law.mean_s == pytest.approx(LAW.launch_s + 0.25 * CURVE.mean * np.exp(0.005))


def test_the_factor_of_a_day_is_log_normal_with_median_1() -> None:
    init = InitLaw(1.0, CURVE, day_sd=0.1)
    assert init.day_factor(0.5) == 1.0
    assert init.day_factor(0.841345) == pytest.approx(np.exp(0.1), rel=1e-5)
    assert np.isfinite([init.day_factor(level) for level in (0.0, 1.0)]).all()


@pytest.mark.parametrize("knots", [((0.0, 1.0),), ((0.0, 2.0), (1.0, 1.0)), ((0.1, 1.0), (1.0, 2.0)), ()])
def test_a_curve_that_does_not_increase_from_0_to_1_is_rejected(knots: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(ValueError, match=r"^quantiles = .*, must increase from level 0 to level 1"):
        QuantileCurve(knots)
