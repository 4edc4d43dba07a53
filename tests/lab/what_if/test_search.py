"""The search for the smallest change that is enough."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.what_if.ladders import Ladder, combined
from simulator.lab.what_if.search import ChangeSearch, Tried
from simulator.report.verdict.part import CauseKind, WhatIfPart
from simulator.scenario.scenario import ScenarioSpec


def ladder(values: int, guess: int = 0, *, slows: bool = False) -> Ladder:
    return Ladder("web", CauseKind.START_LAG, range(values), guess, "MinSize {}".format, unchanged, frozenset(), slows)


def unchanged(scenario: ScenarioSpec, _: int) -> ScenarioSpec:
    return scenario


def part(*, is_slower: bool) -> WhatIfPart:
    return WhatIfPart(
        change="MinSize 1",
        cause=CauseKind.START_LAG,
        rejected=0,
        errors=0,
        requests=10,
        error_rate=0.0,
        p95_s=0.1,
        month_usd=1.0,
        month_usd_more=0.0,
        is_enough=not is_slower,
        is_slower=is_slower,
        errors_by_bin=[],
    )


@given(st.integers(1, 40), st.data())
def test_the_smallest_value_that_is_enough_is_found_within_logarithmic_plays(values: int, data: st.DataObject) -> None:
    guess, smallest = data.draw(st.integers(0, values - 1)), data.draw(st.integers(0, values - 1))
    search, plays = ChangeSearch(ladder(values, guess), guess), 0
    while not search.is_done:
        search.note(search.at, Tried(search.at >= smallest, max(0, smallest - search.at)))
        plays += 1
    assert search.best == smallest
    assert plays <= 2 * math.ceil(math.log2(values + 1)) + 2


@given(st.integers(1, 30), st.data())
def test_if_no_value_is_enough_the_search_ends_at_one_with_worse_neighbours(values: int, data: st.DataObject) -> None:
    lost = data.draw(st.lists(st.integers(1, 100), min_size=values, max_size=values))
    search = ChangeSearch(ladder(values), data.draw(st.integers(0, values - 1)))
    for _ in range(values + 1):
        if search.is_done:
            break
        search.note(search.at, Tried(False, lost[search.at]))
    assert search.is_done
    assert search.best is not None
    beside = [place for place in (search.best - 1, search.best + 1) if 0 <= place < values]
    assert all(lost[search.best] <= lost[place] for place in beside)


def test_a_complete_run_that_is_not_enough_moves_the_search_to_larger_values() -> None:
    search = ChangeSearch(ladder(8), 2)
    search.note(2, Tried(True, 0, 100.0))
    search.note(2, Tried(False, 7))
    assert (search.enough, search.not_enough) == (None, 2)
    assert search.at > 2


def test_values_above_one_that_is_too_slow_are_not_tried() -> None:
    search = ChangeSearch(ladder(8, slows=True), 3)
    search.note(3, Tried(False, 5, part=part(is_slower=True)))
    seen = []
    while not search.is_done:
        seen.append(search.at)
        search.note(search.at, Tried(False, 9))
    assert seen
    assert max(seen) < 3


def test_a_play_that_ended_later_was_nearer_to_being_enough() -> None:
    search = ChangeSearch(ladder(3), 0)
    search.note(0, Tried(False, 50, 100.0))
    search.note(1, Tried(False, 60, 200.0))
    assert search.best == 1


def test_a_combination_changes_both() -> None:
    both = combined(ladder(5), 2, ladder(7), 1)
    assert both.label(4) == "MinSize 2 and MinSize 4"
    assert both.values == range(7)
