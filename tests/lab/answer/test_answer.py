"""Which alternative is best, which tie with it, and what is compared."""

from __future__ import annotations

import numpy as np

from simulator.lab.answer.alternatives import MONTH_COST, SCORE, Alternative
from simulator.lab.answer.answer import answer_of
from tests.lab.answer.made import made, traffic

SHARED = traffic("answer")


def test_the_best_passes_has_the_lowest_mean_and_ties_with_those_that_are_not_significantly_worse() -> None:
    alternatives = [
        made("base", SHARED, 100.0),
        made("cheap but fails", SHARED, 50.0, failing=("error rate 7 %",)),
        made("low", SHARED, 80.0),
        made("nearly as low", SHARED, 80.2),
        made("high", SHARED, 150.0),
    ]
    answer = answer_of(alternatives, "base", MONTH_COST)
    means = {each.name: np.mean([value for value in each.columns["month_usd"] if value]) for each in alternatives}
    expected = min((name for name in means if name != "cheap but fails"), key=lambda name: means[name])
    assert answer.best == expected
    assert {answer.best, *answer.ties} == {"low", "nearly as low"}
    assert [(rank.alternative, rank.place) for rank in answer.ranking[2:]] == [
        ("base", ""),
        ("high", ""),
        ("cheap but fails", "fails"),
    ]


def test_every_alternative_is_compared_with_the_baseline_in_cost_latency_and_errors() -> None:
    answer = answer_of([made("base", SHARED, 100.0), made("other", SHARED, 90.0)], "base", SCORE)
    assert [part.figure for part in answer.differences if part.against == "base"] == [
        "score",
        "month_usd",
        "latency_p95_s",
        "error_rate",
    ]
    assert answer.comparisons == 5  # the fifth: the baseline with the best one, in the score


def test_without_a_known_baseline_the_others_are_compared_with_the_best_one() -> None:
    alternatives = [made(str(cost), SHARED, float(cost)) for cost in (100, 120, 200)]
    answer = answer_of(alternatives, "", MONTH_COST, described=False)
    assert answer.baseline == answer.best == "100"
    assert {part.against for part in answer.differences} == {"100"}
    # The runner-up in every figure, the third only in the objective.
    assert [(part.alternative, part.figure) for part in answer.differences] == [
        ("120", "month_usd"),
        ("200", "month_usd"),
        ("120", "latency_p95_s"),
        ("120", "error_rate"),
    ]


def test_nothing_is_best_if_none_passes() -> None:
    answer = answer_of([made(name, SHARED, 1.0, failing=("p95 < 1 s",)) for name in ("one", "two")], "one", SCORE)
    assert (answer.best, answer.ties) == ("", [])
    assert answer.headline == "None passes: one (p95 < 1 s) and two (p95 < 1 s)."


def test_a_run_that_failed_is_left_out_of_its_pair() -> None:
    ours = Alternative("ours", {"month_usd": [1.0, None, 3.0, 5.0]})
    theirs = Alternative("theirs", {"month_usd": [2.0, 100.0, 6.0, 10.0]})
    answer = answer_of([theirs, ours], "theirs", MONTH_COST)
    (part,) = [part for part in answer.differences if part.alternative == "ours"]
    assert part.mean == -0.5
