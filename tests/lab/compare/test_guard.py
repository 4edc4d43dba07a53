"""A comparison checked against an earlier one: which figures count as worse."""

from __future__ import annotations

import pytest

from simulator.lab.compare.comparison import Comparison
from simulator.lab.compare.guard import check_against


def worsened(comparison: Comparison, figure: str, factor: float, seeds: list[int] | None = None) -> Comparison:
    """Return the comparison with one figure of one candidate multiplied in every run."""
    document = comparison.model_dump()
    case = document["cases"][0]
    row = next(row for row in case["rows"] if row["candidate"] == "knative")
    row["values"][figure] = [value * factor for value in row["values"][figure]]
    row["estimates"][figure] = {name: value * factor for name, value in row["estimates"][figure].items()}
    case["seeds"] = seeds or case["seeds"]
    return Comparison.model_validate(document)


def test_the_same_comparison_is_not_worse_than_itself(comparison: Comparison) -> None:
    verdict = check_against(comparison, comparison)
    assert verdict.worse == ()
    assert verdict.compared == len(comparison.cases[0].rows) * 6
    assert verdict.missing == ()


@pytest.mark.parametrize("figure", ["latency_p95_s", "score", "error_rate"])
def test_a_figure_that_became_worse_is_named_with_both_values(comparison: Comparison, figure: str) -> None:
    (worse,) = check_against(worsened(comparison, figure, 1.5), comparison).worse
    assert (worse.candidate, worse.figure) == ("knative", figure)
    assert worse.now == pytest.approx(1.5 * worse.before)
    assert "must not be worse than" in str(worse)


def test_better_and_a_little_worse_are_no_failures(comparison: Comparison) -> None:
    assert check_against(worsened(comparison, "score", 0.5), comparison).worse == ()
    assert check_against(worsened(comparison, "score", 1.005), comparison).worse == ()
    assert check_against(worsened(comparison, "score", 1.005), comparison, tolerance=0.001).worse != ()


def test_other_seeds_are_compared_as_independent_runs(comparison: Comparison) -> None:
    """Chance alone does not fail a build: a difference within the spread is reported only for equal seeds."""
    figure = "score"
    row = next(row for row in comparison.cases[0].rows if row.candidate == "knative")
    high = row.estimates[figure].high
    assert high is not None
    assert high / row.estimates[figure].mean > 1.02
    slightly = worsened(comparison, figure, 1.02)
    assert check_against(slightly, comparison).worse != ()
    assert check_against(worsened(comparison, figure, 1.02, [7, 8, 9]), comparison).worse == ()


@pytest.mark.case("L18")
def test_a_missing_candidate_fails_unless_allowed(comparison: Comparison) -> None:
    document = comparison.model_dump()
    document["cases"][0]["rows"] = document["cases"][0]["rows"][:1]
    verdict = check_against(Comparison.model_validate(document), comparison)
    gone = [row.candidate for row in comparison.cases[0].rows][1:]
    assert verdict.missing == tuple(f"step: {name} is no longer compared" for name in gone)
    assert verdict.failed(allow_missing=False)
    assert not verdict.failed(allow_missing=True)


@pytest.mark.case("L18")
def test_fewer_seeds_fail_with_the_numbers_and_more_do_not(comparison: Comparison) -> None:
    document = comparison.model_dump()
    case = document["cases"][0]
    case["seeds"] = case["seeds"][:2]
    for row in case["rows"]:
        row["values"] = {name: values[:2] for name, values in row["values"].items()}
    fewer = Comparison.model_validate(document)
    verdict = check_against(fewer, comparison)
    assert verdict.missing == ("step: 2 seeds (3 to 4) against 3 (3 to 5) before: 1 of these are missing",)
    assert verdict.failed(allow_missing=False)
    assert check_against(comparison, fewer).missing == ()


@pytest.mark.case("L18")
def test_failed_runs_count_as_missing(comparison: Comparison) -> None:
    document = comparison.model_dump()
    row = document["cases"][0]["rows"][1]
    row["values"] = {name: [None, *values[1:]] for name, values in row["values"].items()}
    missing = check_against(Comparison.model_validate(document), comparison).missing
    assert "step: knative: p95 has values of 2 runs, 3 before" in missing
