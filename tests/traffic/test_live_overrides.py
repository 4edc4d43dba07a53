from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from simulator.traffic.live_overrides import LiveOverrides
from simulator.world.random_streams import RandomStreams

TIMES_S = [number * 0.1 for number in range(10_000)]


def rng() -> np.random.Generator:
    return RandomStreams(1).stream("knob")


def test_with_a_factor_of_one_nothing_changes_and_nothing_is_sampled() -> None:
    stream = rng()
    assert list(LiveOverrides(["web"]).multiplied("web", iter(TIMES_S), stream)) == TIMES_S
    assert stream.random() == rng().random()


@pytest.mark.parametrize("factor", [0.0, 0.3, 2.0, 2.5, 10.0])
def test_the_rate_follows_the_factor_and_arrivals_are_ascending(factor: float) -> None:
    overrides = LiveOverrides(["web"])
    overrides.set_factor("web", factor)
    multiplied = list(overrides.multiplied("web", iter(TIMES_S), rng()))
    # The fraction is one random choice per arrival: a standard deviation of at most 50 in 10,000.
    assert abs(len(multiplied) - factor * len(TIMES_S)) <= 250 * (factor % 1 > 0)
    assert all(one <= other for one, other in pairwise(multiplied))


def test_a_factor_applies_from_the_next_arrival() -> None:
    overrides = LiveOverrides(["web"])
    multiplied = overrides.multiplied("web", iter([0.0, 1.0, 2.0, 3.0]), rng())
    first = next(multiplied)
    overrides.set_factor("web", 0.0)
    assert first == 0.0
    assert list(multiplied) == []


def test_services_have_separate_factors() -> None:
    overrides = LiveOverrides(["web", "api"])
    overrides.set_factor("api", 3.0)
    assert list(overrides.multiplied("web", iter(TIMES_S), rng())) == TIMES_S
    assert (overrides.factor("web"), overrides.factor("api")) == (1.0, 3.0)


def test_populations_of_the_service_are_notified() -> None:
    overrides = LiveOverrides(["web", "api"])
    factors: list[float] = []
    overrides.add_population("web", factors.append)
    overrides.set_factor("web", 2.0)
    overrides.set_factor("api", 3.0)
    assert factors == [2.0]


@pytest.mark.parametrize("factor", [-0.1, 100.5, float("nan")])
def test_a_factor_out_of_bounds_changes_nothing(factor: float) -> None:
    overrides = LiveOverrides(["web"])
    with pytest.raises(ValueError, match="must be 0 to 100"):
        overrides.set_factor("web", factor)
    assert overrides.factor("web") == 1.0
