"""Answers in words."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from simulator.lab.answer.alternatives import COMPARED, ERROR_RATE, MONTH_COST, P95, SCORE, Alternative
from simulator.lab.answer.answer import answer_of
from simulator.lab.answer.differences import Judgement
from simulator.lab.answer.parts import AnswerDifference
from simulator.lab.answer.sentences import difference_sentence
from tests.lab.answer.made import made, traffic

Given = tuple[float, float | None, float | None, Judgement]
SAME: Given = (0.0, -0.001, 0.001, "same")
UNCLEAR: Given = (0.01, -0.04, 0.05, "not significant")


def sentence(cost: Given, p95: Given, error_rate: Given) -> str:
    pairs = [
        (
            figure,
            AnswerDifference(
                alternative="knative",
                against="app-runner",
                figure=figure.name,
                unit="share" if figure.is_relative else "points",
                mean=mean,
                low=low,
                high=high,
                judgement=judgement,
            ),
        )
        for figure, (mean, low, high, judgement) in zip(
            (MONTH_COST, P95, ERROR_RATE), (cost, p95, error_rate), strict=True
        )
    ]
    return difference_sentence(pairs, "knative", "app-runner")


@pytest.mark.parametrize(
    ("cost", "p95", "error_rate", "expected"),
    [
        (
            (-0.12, -0.16, -0.08, "less"),
            SAME,
            UNCLEAR,
            (
                "knative costs 12 % less than app-runner (8 to 16 %) at the same p95; the difference in error rate is "
                "not significant"
            ),
        ),
        (
            (2.5, 2.0, 3.1, "more"),
            (-0.301, -0.303, -0.298, "less"),
            (0.012, 0.01, 0.014, "more"),
            (
                "knative costs 3.5 times as much as app-runner (3.0 to 4.1); its p95 is 30.1 % lower (29.8 to 30.3 %) "
                "and its error rate is 1.2 percentage points higher (1.0 to 1.4)"
            ),
        ),
        (
            SAME,
            (1.4, 1.2, 1.7, "more"),
            SAME,
            (
                "The p95 of knative is 2.4 times as high as that of app-runner (2.2 to 2.7) at the same cost and error "
                "rate"
            ),
        ),
        (SAME, SAME, SAME, "knative does not differ from app-runner in cost, p95 and error rate"),
        (
            SAME,
            UNCLEAR,
            UNCLEAR,
            "knative has the same cost as app-runner; the differences in p95 and error rate are not significant",
        ),
        (
            UNCLEAR,
            UNCLEAR,
            UNCLEAR,
            "No difference between knative and app-runner in cost, p95 and error rate is significant",
        ),
        (
            (-0.25, None, None, "no interval"),
            (0.001, None, None, "no interval"),
            (0.0, None, None, "no interval"),
            "knative costs 25 % less than app-runner at the same p95 and error rate",
        ),
    ],
)
def test_differences_as_a_sentence(cost: Given, p95: Given, error_rate: Given, expected: str) -> None:
    assert sentence(cost, p95, error_rate) == expected


def test_the_headline_names_the_best_its_ties_and_the_differences_from_the_baseline() -> None:
    shared = traffic("headline")
    alternatives = [
        made("base", shared, 100.0),
        made("best", shared, 80.0),
        made("tie", shared, 80.1),
    ]
    answer = answer_of(alternatives, "base", MONTH_COST)
    first, second = answer.headline.split(". ")[:2]
    assert (
        first
        == f"{answer.best} has the lowest cost, but a tie with {answer.ties[0]}: the difference is not significant"
    )
    assert second.startswith(f"{answer.best} costs 20 % less than base (")


def test_one_run_says_that_there_is_no_interval_and_how_to_get_one() -> None:
    alternatives = [Alternative(name, {"month_usd": [cost]}) for name, cost in (("a", 1.0), ("b", 2.0))]
    answer = answer_of(alternatives, "a", MONTH_COST, more_runs="`--seeds 20` plays enough runs")
    assert answer.sentences == [
        "b costs 2.0 times as much as a.",
        "One run of each gives no interval, so every difference may be chance; `--seeds 20` plays enough runs.",
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["only"], "Only only was played: there is nothing to compare it with."),
        (["a", "b"], "b is the only one that passes."),
    ],
)
def test_headlines_without_a_choice(names: Sequence[str], expected: str) -> None:
    shared = traffic("choice")
    alternatives = [made(name, shared, 1.0, failing=("p95 < 1 s",) * (name == "a")) for name in names]
    assert answer_of(alternatives, names[0], SCORE).headline.startswith(expected)


def test_the_last_sentence_says_how_many_intervals_hold_together() -> None:
    shared = traffic("certainty")
    answer = answer_of([made(name, shared, cost) for name, cost in (("a", 1.0), ("b", 2.0), ("c", 3.0))], "a", SCORE)
    assert answer.comparisons == 2 * (1 + len(COMPARED))
    assert answer.sentences[-1] == (
        "20 runs of each, compared run by run with the same seeds; all 8 intervals hold together with a confidence of "
        "95 % (Bonferroni)."
    )
