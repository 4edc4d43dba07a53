"""Days: those that judge are others than those that choose, and adverse conditions change what they say."""

from pathlib import Path

import pytest

from simulator.lab.tune.days import ADVERSE, Condition, day_text, days_of, is_possible, on_day, under
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from tests.lab.tune.known_service import SCENARIO


def scenario(folder: Path, source: str = "spike: {base: 5/s, peak: 20/s, at: 20s, for: 10s}") -> ScenarioSpec:
    file = folder / "day.yaml"
    file.write_text(SCENARIO.partition("traffic:")[0] + f"traffic:\n  - {source}\n", encoding="utf-8")
    return load_scenario(file)


def test_days_that_judge_have_other_seeds() -> None:
    days = days_of([7], [], 10, 36)
    assert [day.seed for day in days.training] == list(range(7, 17))
    assert not {day.seed for day in days.training} & {day.seed for day in days.judging}
    assert len(set(days.judging)) == 36


def test_files_that_judge_are_not_chosen_on() -> None:
    days = days_of([1, 1, 1], [2], 4, 3)
    assert [(day.file, day.seed) for day in days.training] == [(0, 1), (1, 1), (0, 2), (1, 2)]
    assert {day.file for day in days.judging} == {2}


def test_required_conditions_alternate_with_days_as_given() -> None:
    days = days_of([1], [], 4, 2, [Condition.TRAFFIC])
    assert [day.condition for day in days.training] == [Condition.AS_GIVEN, Condition.TRAFFIC] * 2
    assert day_text(days.training[1], [Path("a.yaml")]) == "seed 1, 1.3 x the traffic"
    assert day_text(days.training[0], [Path("a.yaml"), Path("b.yaml")]) == "a.yaml, seed 1"


def test_more_traffic_multiplies_open_sources_and_users(tmp_path: Path) -> None:
    spike = under(scenario(tmp_path), Condition.TRAFFIC).traffic[0]
    assert spike.scale == pytest.approx(1.3)
    closed = under(scenario(tmp_path, "closed: {users: 10}"), Condition.TRAFFIC).traffic[0].closed
    assert closed is not None
    assert closed.users == 13


@pytest.mark.parametrize(
    ("source", "field", "expected"),
    [
        ("spike: {base: 5/s, peak: 20/s, at: 20s, for: 10s}", "at_s", 35.0),
        ("spike: {base: 5/s, peak: 20/s, at: 40s, for: 10s}", "at_s", 20.0),
        ("at_once: {requests: 9, at: 10s}", "at_s", 35.0),
        ("sine: {low: 1/s, high: 9/s, period: 40s}", "peak_at_s", 10.0),
    ],
)
def test_a_burst_moves_within_the_run(tmp_path: Path, source: str, field: str, expected: float) -> None:
    shape = under(scenario(tmp_path, source), Condition.BURSTS).traffic[0].shape
    assert getattr(shape, field) == pytest.approx(expected)


def test_starts_take_longer_by_half_of_lag_and_start_up(tmp_path: Path) -> None:
    given = scenario(tmp_path)
    service = given.services["web"]
    lag_s = service.policy.actuator(service.scaling).start_lag_s + 2.0
    (event,) = under(given, Condition.STARTS).timeline
    assert event.slow_starts is not None
    assert event.slow_starts.extra_s == pytest.approx(0.5 * lag_s, abs=1e-3)


def test_steady_traffic_has_no_burst_to_move(tmp_path: Path) -> None:
    steady = scenario(tmp_path, "poisson: {rate: 5/s}")
    assert [condition for condition in ADVERSE if is_possible(steady, condition)] == [
        Condition.TRAFFIC,
        Condition.STARTS,
    ]


def test_a_day_has_its_seed(tmp_path: Path) -> None:
    day = days_of([7], [], 1, 1).training[0]
    assert on_day(scenario(tmp_path), day).seed == 7
