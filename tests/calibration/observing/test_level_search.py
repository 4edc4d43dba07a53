"""Tests of the search for levels, with stages of a queue whose capacity is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observing.level import Level
from simulator.calibration.observing.level_search import LevelSearch, figures_of
from tests.calibration.observing.stages import stage_of

START_S = 2.0


def searched(
    capacity_rps: float, budget_s: float = 300.0, **given: float
) -> tuple[list[LoadStage], LevelSearch, float]:
    """Play the levels of a search; return its stages, and the time that they took."""
    search = LevelSearch(budget_s, 1.0)
    stages, spent_s = [], 0.0
    while (level := search.next()) is not None:
        stages.append(stage_of(level, capacity_rps, **given))
        search.add(stages[-1], level.duration_s + START_S)
        spent_s += level.duration_s + START_S
        assert len(stages) < 100
    return stages, search, spent_s


@settings(max_examples=25)
@given(st.floats(0.5, 300), st.floats(30, 300), st.booleans())
def test_the_capacity_is_found_within_the_budget(capacity_rps: float, budget_s: float, knows_cpu: bool) -> None:
    cpu_each_s = 1 / capacity_rps if knows_cpu else np.nan
    latency_s = min(0.01, 0.2 / capacity_rps)
    _, search, spent_s = searched(capacity_rps, budget_s, latency_s=latency_s, cpu_each_s=cpu_each_s)
    assert spent_s <= budget_s + 0.1
    if budget_s >= 120:
        assert search.capacity_rps == pytest.approx(capacity_rps, rel=0.15)


@pytest.mark.parametrize("capacity_rps", [3.0, 40.0, 1000.0])
def test_levels_are_below_at_and_above_the_knee(capacity_rps: float) -> None:
    stages, _, spent_s = searched(capacity_rps)
    shares = [stage.rate_rps / capacity_rps for stage in stages if stage.settled_s >= 10]
    for low, high in ((0.3, 0.5), (0.6, 0.78), (0.82, 0.97), (1.02, 1.4)):
        assert any(low <= share <= high for share in shares), shares
    assert spent_s > 0.9 * 300
    assert [stage.number for stage in stages] == list(range(1, len(stages) + 1))


def test_the_cpu_time_without_requests_does_not_slow_the_search_down() -> None:
    """A background thread that uses a quarter of the CPU: by CPU time per request there would be room for 8/s."""
    stages, search, _ = searched(150.0, 60.0, cpu_each_s=0.75 / 150, cpu_base=0.25)
    assert search.capacity_rps == pytest.approx(150, rel=0.1)
    assert next(number for number, stage in enumerate(stages) if stage.rate_rps > 100) <= 4


def test_the_rate_grows_faster_where_the_cpu_time_says_that_there_is_room() -> None:
    knowing, _, _ = searched(2000.0, cpu_each_s=1 / 2000)
    blind, _, _ = searched(2000.0)

    def steps(stages: list[LoadStage]) -> int:
        return next(number for number, stage in enumerate(stages) if stage.rate_rps > 2000)

    assert steps(knowing) < steps(blind)


def test_a_service_that_is_too_slow_for_the_first_level_gets_lower_ones() -> None:
    stages, search, _ = searched(0.6, latency_s=0.5)
    assert min(stage.rate_rps for stage in stages) < 0.6
    assert search.capacity_rps == pytest.approx(0.6, rel=0.3)


def test_the_rate_does_not_grow_when_the_load_client_is_late() -> None:
    search = LevelSearch(300.0, 1.0)
    rates = []
    while (level := search.next()) is not None:
        rates.append(level.rate_rps)
        search.add(stage_of(level, 1e6, late_s=0.1 if level.rate_rps > 100 else 0.0), level.duration_s + START_S)
    assert search.capacity_rps is None
    assert sum(rate > 100 for rate in rates) == 2  # the same rate twice, because another program may have caused it
    in_time = max(rate for rate in rates if rate <= 100)
    assert rates.count(in_time) == 2  # once on the way, once for long


def test_a_client_that_is_late_at_a_low_rate_is_delayed_by_other_programs_and_the_rate_grows() -> None:
    search = LevelSearch(300.0, 1.0)
    rates = []
    while (level := search.next()) is not None:
        rates.append(level.rate_rps)
        search.add(stage_of(level, 100.0, late_s=0.1 if level.rate_rps < 40 else 0.0), level.duration_s + START_S)
    assert max(rates) > 100
    assert search.capacity_rps == pytest.approx(100.0, rel=0.15)


def test_slow_starts_give_fewer_and_longer_levels() -> None:
    def numbers(start_s: float) -> tuple[int, float]:
        search, stages = LevelSearch(300.0, 1.0), []
        while (level := search.next()) is not None:
            stages.append(stage_of(level, 50.0))
            search.add(stages[-1], level.duration_s + start_s)
        return len(stages), sum(stage.duration_s for stage in stages) + start_s * len(stages)

    few, spent_s = numbers(20.0)
    many, _ = numbers(1.0)
    assert few < many
    assert spent_s <= 300


def test_no_level_follows_an_end() -> None:
    search = LevelSearch(300.0, 1.0)
    search.end("the instance ended 2 times")
    assert search.next() is None


def test_too_little_time_gives_no_level() -> None:
    assert LevelSearch(3.0, 1.0).next() is None


# --- what is saturated ------------------------------------------------------------------------------------------------

LEVEL = Level(1, 20.0, 1.0, 10.0)
LIGHT = figures_of(stage_of(LEVEL, 1e6))


@pytest.mark.parametrize(("capacity_rps", "saturated"), [(100.0, False), (21.0, False), (15.0, True), (5.0, True)])
def test_a_stage_that_serves_less_than_it_is_offered_is_saturated(capacity_rps: float, saturated: bool) -> None:
    assert figures_of(stage_of(LEVEL, capacity_rps)).is_saturated(LIGHT) is saturated


def test_a_long_constant_latency_is_not_saturation() -> None:
    slow = figures_of(stage_of(Level(1, 2.0, 1.0, 8.0), 1e6, latency_s=5.0))
    assert not slow.is_saturated(None)


def test_a_latency_far_above_that_of_light_load_is_saturation() -> None:
    slow = figures_of(stage_of(LEVEL, 1e6, latency_s=0.11))
    assert slow.is_saturated(LIGHT)
    assert not slow.is_saturated(None)


def test_errors_are_saturation_and_responses_with_404_are_none() -> None:
    stage = stage_of(LEVEL, 1e6)

    def with_status(status: int) -> bool:
        statuses = np.where(np.arange(len(stage.requests)) % 10 == 0, status, 200)
        return figures_of(replace(stage, requests=replace(stage.requests, status=statuses))).is_saturated(LIGHT)

    assert [status for status in (0, 200, 404, 429, 503) if with_status(status)] == [0, 429, 503]


def test_figures_of_a_stage_are_those_of_its_measured_part() -> None:
    figures = figures_of(stage_of(Level(1, 10.0, 2.0, 8.0), 1e6, latency_s=0.05, cpu_each_s=0.003))
    assert figures.offered == 80
    assert figures.served_rps == pytest.approx(10.0)
    assert figures.p50_s == pytest.approx(0.05)
    assert figures.cpu_per_request_s == pytest.approx(0.003)
