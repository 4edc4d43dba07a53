"""The check of a current setting: its figures are recomputed with numpy and scipy from those of each day."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulator.lab.tune.current_check import check_current, check_junit, check_summary, judged_current
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import DayFigures, PlayedDay, failed_day
from simulator.lab.tune.slo import parse_slo
from tests.lab.scenario_files import small_scenario
from tests.lab.tune.results import result

DAYS = 40
CHANGES = {"max_concurrency": 30}


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> TunePlan:
    slo = parse_slo("p95 < 300 ms, error_rate < 1 %")
    return TunePlan([small_scenario(tmp_path)], slo, vary=["max_concurrency=10,20"])


def figures(usd: Sequence[float], failing: int = 0) -> list[DayFigures]:
    """Return days with these costs; on the first ones p95 is above the limit."""
    slow = [0.4] * failing + [0.2] * (len(usd) - failing)
    return [DayFigures(cost, (p95_s, 0.001), cost, p95_s, 0.001) for cost, p95_s in zip(usd, slow, strict=True)]


def costs(mean: float) -> list[float]:
    return [mean + (day % 5) - 2 for day in range(DAYS)]


def test_the_share_beyond_the_choice_and_its_interval(plan: TunePlan) -> None:
    ours = [each + (day % 3) for day, each in enumerate(costs(104.0))]
    theirs = costs(100.0)
    check = judged_current(plan, CHANGES, figures(ours), figures(theirs), within=0.05)
    differences = np.subtract(ours, theirs)
    assert check.more is not None
    assert check.more.mean == pytest.approx(differences.mean() / np.mean(theirs))
    low, high = stats.t.interval(0.95, DAYS - 1, differences.mean(), stats.sem(differences))
    assert check.more.low is not None
    assert check.more.high is not None
    # The interval of the statistics module need not be symmetric, but it is about as wide as Student's.
    assert check.more.low == pytest.approx(low / np.mean(theirs), abs=0.002)
    assert check.more.high == pytest.approx(high / np.mean(theirs), abs=0.002)
    assert check.passed
    assert check.current.month_usd == pytest.approx(np.mean(ours))


@pytest.mark.parametrize(
    ("mean", "failing", "passed", "text"),
    [
        (
            104.0,
            0,
            True,
            "on all of 40 days. It costs $104.00 a month, 4 % more than the best (4 % to 4 %), which is within",
        ),
        (104.0, 4, True, "Today's setting holds p95 < 300 ms, error_rate < 1 % on 36 of 40 days."),
        (104.0, 5, False, "does not hold p95 < 300 ms, error_rate < 1 %: on 35 of 40 days, not on 90 % of them."),
        (106.0, 0, False, "6 % more than the best (6 % to 6 %), which is beyond 5 %."),
        (90.0, 0, True, "10 % less than the best (-10 % to -10 %), which is within 5 %."),
    ],
)
def test_it_passes_if_the_slo_holds_and_the_best_is_near(
    plan: TunePlan, mean: float, failing: int, passed: bool, text: str
) -> None:
    check = judged_current(plan, CHANGES, figures(costs(mean), failing), figures(costs(100.0)), within=0.05)
    assert check.passed is passed
    assert text in check.text


def test_without_a_choice_the_slo_alone_decides(plan: TunePlan) -> None:
    check = judged_current(plan, CHANGES, figures(costs(100.0)), None, within=0.05)
    assert (check.passed, check.more) == (True, None)
    assert "No setting that was played holds it" in check.text


class FakePool:
    """Answers with made figures: the current setting costs 120, the choice 100."""

    def __init__(self, error: str = "") -> None:
        self.units: list[PlayedDay] = []
        self._error = error

    def results(
        self, work: Callable[[Any, Any], Any], shared: Any, units: Sequence[PlayedDay], files: Sequence[Path]
    ) -> Iterator[tuple[PlayedDay, Future[DayFigures]]]:
        for unit in units:
            self.units.append(unit)
            future: Future[DayFigures] = Future()
            usd = 120.0 if dict(unit.changes) == CHANGES else 100.0
            future.set_result(failed_day(shared, self._error) if self._error else figures([usd])[0])
            yield unit, future


def test_both_settings_are_played_on_the_same_days_that_judge(plan: TunePlan) -> None:
    pool = FakePool()
    made = result()
    check = check_current(plan, pool, made, CHANGES)  # type: ignore[arg-type]
    assert made.choice is not None
    days = {str(sorted(made.choice.changes.items())): set(), str(sorted(CHANGES.items())): set()}  # type: ignore[var-annotated]
    for unit in pool.units:
        days[str(sorted(unit.changes))].add(unit.day)
    first, second = days.values()
    assert first == second
    assert len(first) == check.current.days >= 29
    assert first <= set(plan.days.judging)
    assert first.isdisjoint(plan.days.training)
    assert check.more is not None
    assert check.more.mean == pytest.approx(0.2)


def test_a_setting_that_the_scenario_cannot_have_is_bad_input(plan: TunePlan) -> None:
    with pytest.raises(ValueError, match=r"check = the current setting, must be one .* played with: MinSize 9"):
        check_current(plan, FakePool("MinSize 9"), result(), CHANGES)  # type: ignore[arg-type]


def test_junit_has_a_case_for_each_part_and_for_the_cost(plan: TunePlan) -> None:
    check = judged_current(plan, CHANGES, figures(costs(106.0), failing=5), figures(costs(100.0)), within=0.05)
    suite = ET.fromstring(check_junit(result(check=check)))
    cases = {case.get("name"): [each.get("message") for each in case] for case in suite}
    assert cases == {
        "p95 < 300 ms on 90 % of days": ["on 35 of 40 days"],
        "error_rate < 1 % on 90 % of days": [],
        "usd within 5 % of the best": ["6 % more than the best"],
        "all of it on 90 % of days": [check.text],
    }
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")


def test_the_summary_has_the_check_beside_the_best(plan: TunePlan) -> None:
    check = judged_current(plan, CHANGES, figures(costs(104.0)), figures(costs(100.0)), within=0.05)
    lines = check_summary(result(check=check)).splitlines()
    assert lines[0] == "### shop: today's setting passes"
    assert check.text in lines
    assert "| setting | max_concurrency 30 | max_concurrency 40, min_size 2 |" in lines
    assert "| USD a month | $104.00 | $100.00 |" in lines
