"""The kinds of requests: chosen by weight, in the same sequence however it is split."""

from __future__ import annotations

import numpy as np

from simulator.scenario.sections.session_spec import RequestSpec
from simulator.traffic.request_choices import RequestChoices
from simulator.world.random_streams import RandomStreams


def requests(*weights: float) -> list[RequestSpec]:
    return [RequestSpec(path=f"/{number}", weight=weight) for number, weight in enumerate(weights)]


def choices(*weights: float) -> RequestChoices:
    return RequestChoices(requests(*weights), RandomStreams(1).stream("requests"))


def test_the_shares_of_kinds_are_those_of_their_weights() -> None:
    drawn = np.bincount(choices(1, 2, 7).draw(100_000))
    assert np.allclose(drawn / 100_000, [0.1, 0.2, 0.7], atol=0.006)  # four standard errors of a share of 0.2


def test_the_sequence_does_not_depend_on_how_it_is_split() -> None:
    whole, pieces = choices(1, 1, 1), choices(1, 1, 1)
    expected = whole.draw(100).tolist()
    assert [*pieces.draw(1).tolist(), *pieces.draw(60).tolist(), *pieces.draw(39).tolist()] == expected


def test_a_single_kind_needs_no_random_numbers() -> None:
    rng = RandomStreams(1).stream("requests")
    assert RequestChoices(requests(3), rng).draw(5).tolist() == [0] * 5
    assert rng.random() == RandomStreams(1).stream("requests").random()
