"""A tuning finds the best setting of a service whose figures are known, and claims what the days that judge show."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.lab.tune.days import Condition, Day
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult
from simulator.lab.tune.slo import parse_slo
from simulator.lab.tune.tune import kept_runs, tune, tune_with
from simulator.lab.workers.in_turn import InTurn
from simulator.scenario.problems import ScenarioError
from tests.lab.scenario_files import small_scenario
from tests.lab.tune.known_service import KnownService, p95_s_of, plan_of, usd_of


def is_held(service: KnownService, changes: Mapping[str, Any], day: Day) -> bool:
    p95_s, error_rate = service.of(changes, day).slo
    return (p95_s or 0) < 0.3 and (error_rate or 0) < 0.01


def usd_by_enumeration(plan: TunePlan, service: KnownService) -> float:
    """Return the least cost of the settings that hold on each of 60 days, by trying every setting."""
    days = [*plan.days.training[:30], *plan.days.judging[:30]]

    def costs() -> Iterator[float]:
        for changes in map(plan.space.changes, plan.space.settings):
            if all(is_held(service, changes, day) for day in days):
                yield usd_of(changes["max_concurrency"], changes["min_size"])

    return min(costs())


@pytest.fixture(name="known", scope="module")
def _known(tmp_path_factory: pytest.TempPathFactory) -> tuple[TunePlan, KnownService, TuneResult]:
    plan, service = plan_of(tmp_path_factory.mktemp("known")), KnownService()
    return plan, service, tune_with(plan, service)


def test_the_choice_costs_what_the_best_setting_costs(known: tuple[TunePlan, KnownService, TuneResult]) -> None:
    plan, service, result = known
    assert result.choice is not None
    changes = result.choice.changes
    assert usd_of(changes["max_concurrency"], changes["min_size"]) <= 1.01 * usd_by_enumeration(plan, service)
    assert p95_s_of(changes["max_concurrency"]) < 0.3
    assert result.played.runs == len({(unit.place, unit.day) for unit in service.played}) == len(service.played)


def test_only_a_small_part_of_the_space_is_played(known: tuple[TunePlan, KnownService, TuneResult]) -> None:
    plan, _, result = known
    assert len(plan.space.settings) == 1800
    assert result.guarantee.settings_played < 0.12 * len(plan.space.settings)


def test_the_choice_was_judged_on_days_that_no_setting_was_chosen_on(
    known: tuple[TunePlan, KnownService, TuneResult],
) -> None:
    plan, service, result = known
    assert result.choice is not None
    assert result.choice.judged_days == result.choice.judged_days_held == result.guarantee.days_judged == 36
    judging = {unit.day for unit in service.played} & set(plan.days.judging)
    assert all(is_held(service, result.choice.changes, day) for day in judging)


def test_the_figures_are_means_of_the_days(known: tuple[TunePlan, KnownService, TuneResult]) -> None:
    plan, service, result = known
    assert result.choice is not None
    assert result.runner_up is not None
    assert result.difference is not None
    figures = [service.of(result.choice.changes, day) for day in plan.days.training[: result.choice.days]]
    assert result.choice.month_usd == pytest.approx(np.mean([each.month_usd for each in figures]))
    assert result.choice.slo[0].worst == pytest.approx(max(each.slo[0] or 0 for each in figures))
    days = plan.days.training[: min(result.choice.days, result.runner_up.days)]
    ours, theirs = (
        [service.of(one.changes, day).objective for day in days] for one in (result.choice, result.runner_up)
    )
    assert result.difference.mean == pytest.approx(np.mean(theirs) - np.mean(ours))


def test_what_is_around_the_choice(known: tuple[TunePlan, KnownService, TuneResult]) -> None:
    _, _, result = known
    assert result.choice is not None
    assert {part.name for part in result.adverse} == {"traffic", "bursts", "starts"}
    weights = {knob.name: knob.weight for knob in result.knobs}
    assert weights["max_size"] == min(weights.values()) == pytest.approx(0, abs=0.02)
    usd = [setting.month_usd for setting in result.front]
    p95_s = [setting.latency_p95_s or 0 for setting in result.front]
    assert usd == sorted(usd)
    assert p95_s == sorted(p95_s, reverse=True)
    stricter = [price for price in result.prices if price.limit < 0.3 and price.step == "10 ms"]
    assert all(price.usd_more > -0.01 * result.choice.month_usd for price in stricter)


def test_equal_plans_play_equally(known: tuple[TunePlan, KnownService, TuneResult], tmp_path: Path) -> None:
    again = tune_with(plan_of(tmp_path), KnownService())
    _, _, result = known
    same = {"file": "", "files": []}
    assert again.model_copy(update={**same, "played": result.played}) == result.model_copy(update=same)


def test_without_a_setting_that_holds_the_nearest_is_named(tmp_path: Path) -> None:
    result = tune_with(plan_of(tmp_path, "p95 < 90 ms, error_rate < 1 %"), KnownService())
    assert result.choice is None
    assert result.nearest is not None
    assert result.nearest.changes["max_concurrency"] <= 6
    assert result.answer.startswith("No setting holds p95 < 90 ms")
    assert "p95" in result.answer.partition("comes nearest:")[2]


def test_a_setting_that_fails_on_the_days_that_judge_is_never_chosen(tmp_path: Path) -> None:
    plan, service = plan_of(tmp_path, explain=False), KnownService(worse_days=0.25)
    result = tune_with(plan, service)
    known = {unit.place for unit in service.played if unit.day in plan.days.judging}
    assert len(known) > 1
    assert any("failed on one that judges" in note for note in result.notes)
    if result.choice is not None:
        assert all(is_held(service, result.choice.changes, day) for day in plan.days.judging[:36])


def test_a_required_condition_must_hold(tmp_path: Path) -> None:
    plain = tune_with(plan_of(tmp_path, explain=False), KnownService())
    result = tune_with(plan_of(tmp_path, required=[Condition.TRAFFIC]), KnownService())
    assert plain.choice is not None
    assert result.choice is not None
    assert result.choice.month_usd > plain.choice.month_usd
    (traffic,) = (part for part in result.adverse if part.name == "traffic")
    assert traffic.required
    assert traffic.holds


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"vary": ["nothing=1,2"]}, "nothing"),
        ({"slo": "none: p95 < 1 s"}, "none"),
        ({"vary": ["min_size=0"]}, "min_size = 0"),
    ],
)
def test_a_plan_that_cannot_be_played_is_rejected(tmp_path: Path, given: dict[str, Any], named: str) -> None:
    with pytest.raises((ScenarioError, ValueError), match=named):
        tune(plan_of(tmp_path, **given), InTurn())


def test_a_resumed_tuning_plays_only_what_is_missing_and_chooses_the_same(tmp_path: Path) -> None:
    class Counting(InTurn):
        played = 0

        def results(self, work: Any, shared: Any, units: Any, files: Any = ()) -> Iterator[Any]:
            for each in super().results(work, shared, units, files):
                self.played += 1
                yield each
                if self.played == stops_after:
                    raise KeyboardInterrupt

    plan = TunePlan(
        [small_scenario(tmp_path)], parse_slo("p95 < 1 s"), vary=["min_size=1..3"], runs_max=30, explain=False
    )
    stops_after = 0
    whole, pool, file = tune(plan, InTurn()), Counting(), tmp_path / "runs.jsonl"
    stops_after = 4
    with kept_runs(plan, file) as kept, pytest.raises(KeyboardInterrupt):
        tune(plan, pool, kept=kept)
    stops_after = 0
    with kept_runs(plan, file) as kept:
        resumed = tune(plan, pool, kept=kept)
    again = Counting()
    with kept_runs(plan, file) as kept:
        tune(plan, again, kept=kept)
    assert resumed.choice == whole.choice
    assert resumed.played.runs == whole.played.runs == pool.played
    assert again.played == 0
