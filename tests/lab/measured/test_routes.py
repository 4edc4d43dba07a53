"""Routes of a scenario, and which differences of service times are more than chance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.lab.measured.routes import chance_of, differing, figures_of, routes_of
from simulator.records.histogram import Histogram
from simulator.scenario.scenario import read_scenario
from simulator.world.random_streams import RandomStreams


@pytest.fixture
def rng() -> np.random.Generator:
    """Numbers that do not depend on which tests ran before."""
    return RandomStreams(8).stream("routes")


def recorded(values_s: NDArray[np.float64]) -> Histogram:
    times = Histogram()
    times.record(values_s)
    return times


def test_figures_are_those_of_numpy(rng: np.random.Generator) -> None:
    values_s = rng.gamma(3.0, 0.03, 5000)
    part = figures_of(recorded(values_s))
    assert part.requests == 5000
    assert part.mean_s == pytest.approx(float(values_s.mean()), rel=1e-6)
    assert part.p50_s == pytest.approx(float(np.quantile(values_s, 0.5)), rel=0.01)
    assert part.p95_s == pytest.approx(float(np.quantile(values_s, 0.95)), rel=0.01)


def test_chance_is_what_99_of_100_seeds_stay_within(rng: np.random.Generator) -> None:
    """Compare with the work that arrives in many periods of a Poisson process."""
    mean_requests, periods = 400, 4000
    counts = rng.poisson(mean_requests, periods)
    work_s = np.array([rng.exponential(0.1, count).sum() for count in counts])
    chance = chance_of(recorded(rng.exponential(0.1, mean_requests)))
    beyond = float((np.abs(work_s / work_s.mean() - 1) > chance).mean())
    assert 0.001 < beyond < 0.03
    assert chance_of(recorded(np.full(1_000_000, 0.1))) == 0.01, "the resolution of percentiles"


def test_two_samples_of_one_distribution_rarely_differ(rng: np.random.Generator) -> None:
    found = sum(
        bool(differing(recorded(rng.exponential(0.1, 300)), recorded(rng.exponential(0.1, 300)))) for _ in range(200)
    )
    assert found <= 10


def test_what_differs_is_named(rng: np.random.Generator) -> None:
    times_s = rng.lognormal(-2.0, 0.3, 4000)
    assert differing(recorded(times_s * 1.32), recorded(times_s)) == ["p50", "p95", "mean"]
    assert differing(recorded(times_s), recorded(times_s * 1.01)) == []
    late_s = np.where(np.arange(4000) % 12 == 0, times_s + 0.4, times_s)
    assert differing(recorded(late_s), recorded(times_s)) == ["p95", "mean"]
    assert differing(recorded(times_s[:4] * 1.3), recorded(times_s)) == [], "four requests show nothing"
    quick_s = np.full(4000, 0.001)
    assert "p50" not in differing(recorded(quick_s * 1.5), recorded(quick_s)), "the clock counts milliseconds"


SCENARIO = """
duration: 1s
services:
  web: {application: {process: {command: "true"}, simulated: {io: 1ms}}}
  api: {application: {process: {command: "true"}, simulated: {io: 1ms}}}
  old: {application: {simulated: {io: 1ms}}}
traffic:
  - {service: web, clock: {rate: 1/s}, requests: [{path: "/a?x=1"}, {path: /b}]}
  - {service: web, clock: {rate: 1/s}, requests: [{path: "/a?x=2"}]}
  - {service: api, clock: {rate: 1/s}}
  - {service: old, clock: {rate: 1/s}, requests: [{path: /a}, {path: /b}]}
"""


def test_paths_have_routes_if_there_are_several() -> None:
    scenario = read_scenario(SCENARIO).with_measured_paths()
    whole, *paths = routes_of(scenario, "web")
    assert (whole.path, len(whole.numbers)) == ("", 3)
    assert [(route.path, len(route.numbers)) for route in paths] == [("/a", 2), ("/b", 1)]
    assert sorted(number for route in paths for number in route.numbers) == sorted(whole.numbers)
    assert [route.path for route in routes_of(scenario, "api")] == [""]
    assert len(scenario.numbers.of_sources([3])) == 1, "only a simulated application: the kinds need no numbers"
