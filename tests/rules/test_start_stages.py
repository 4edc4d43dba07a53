"""Starts as stages: the path by its share, the stages of the chosen path, and the gap at the ingress."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.start_stages import StartLaw, StartPath, StartStage
from simulator.world.random_streams import RandomStreams

REGISTRATION = StartStage("registration", 1, 1)
SHORT = StartPath(0.25, (StartStage("place", 2, 4),), REGISTRATION, from_zero=REGISTRATION)
LONG = StartPath(
    0.75, (StartStage("place", 2, 4), StartStage("boot", 10, 20)), REGISTRATION, from_zero=StartStage("gap", 12, 16)
)
LAW = StartLaw((SHORT, LONG))


def test_the_path_is_chosen_by_its_share_and_keeps_its_stages_together() -> None:
    assert LAW.draws == 4
    assert LAW.delays((0.2, 0.5, 0.0, 1.0), from_zero=True) == (2.0, 1.0)
    assert LAW.delays((0.3, 0.5, 0.0, 1.0), from_zero=True) == (22.0, 14.0)


def test_only_a_start_from_zero_with_a_request_has_the_gap() -> None:
    assert LAW.delays((0.9, 0.0, 0.5, 0.5), from_zero=True).route_s == 12.0
    assert LAW.delays((0.9, 0.0, 0.5, 0.5), from_zero=False).route_s == 1.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_time_until_the_launch_is_within_the_ranges_of_its_stages(place: float, boot: float, route: float) -> None:
    launch_s, route_s = LAW.delays((0.5, route, place, boot), from_zero=True)
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
