"""Scores of autoscalers: computed directly, and recomputed from a comparison in another way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.comparison import CasePart, Comparison, RowPart
from simulator.lab.compare.figures import FIGURES
from simulator.lab.compare.page.html import comparison_html, comparison_page
from simulator.lab.compare.tables import elasticity_score_tables, main_tables
from simulator.lab.elasticity.elasticity import LEAST_PERCENT, Elasticity
from simulator.lab.elasticity.scores import fractional_scores, pairwise_scores, score_columns, worst_sigma
from simulator.lab.page.blocks import DefinitionsBlock
from simulator.sdk.comparison import ComparisonResult
from tests.lab.compare.compare_scenarios import step, two

METRICS = (
    "under_provisioned_amount",
    "over_provisioned_amount",
    "under_provisioned_time",
    "over_provisioned_time",
    "instability",
)
POLICIES = ("configured", "knative", "fixed", "mpc")
SEEDS = 3


def of(
    under_provisioned_amount: float,
    over_provisioned_amount: float,
    under_provisioned_time: float,
    over_provisioned_time: float,
    instability: float,
) -> Elasticity:
    return Elasticity(
        under_provisioned_amount,
        over_provisioned_amount,
        under_provisioned_time,
        over_provisioned_time,
        instability,
        0,
        0,
    )


A, B, C = of(1, 8, 10, 40, 5), of(2, 4, 10, 60, 5), of(4, 2, 30, 20, 0)


@pytest.mark.case("L62")
def test_a_pair_gives_a_point_for_each_metric_that_is_lower_and_halves_for_equal_ones() -> None:
    # A beats B in theta_U and tau_O, ties in tau_U and upsilon; A beats C in theta_U and tau_U.
    assert pairwise_scores([A, B, C]) == pytest.approx([100 * (3 + 2) / 10, 100 * (2 + 2) / 10, 100 * (3 + 3) / 10])
    assert pairwise_scores([A, A]) == [50, 50]


@pytest.mark.case("L62")
def test_the_fractional_difference_is_from_an_ideal_with_the_best_of_each() -> None:
    # The ideal: 1, 2, 10, 20 and, instead of 0, 0.1.
    assert fractional_scores([A, B, C]) == pytest.approx(
        [100 * (0 + 3 + 0 + 1 + 49) / 5, 100 * (1 + 1 + 0 + 2 + 49) / 5, 100 * (3 + 0 + 2 + 0 + 0) / 5]
    )
    assert fractional_scores([A, A]) == [0, 0]


@pytest.mark.case("L62")
def test_the_worst_case_is_the_worst_run() -> None:
    assert worst_sigma([A, None, of(0, 0, 0, 50, 0)]) == pytest.approx(50)
    assert worst_sigma([None]) is None


@pytest.mark.case("L62")
def test_a_missing_run_or_a_group_of_one_has_no_scores() -> None:
    columns = score_columns({"a": [A, A], "b": [B, None]})
    assert [score is None for score in columns["a"]["pairwise"]] == [False, True]
    assert [score is None for score in columns["b"]["fractional"]] == [False, True]
    assert score_columns({"a": [A]}) == {"a": {"pairwise": [None], "fractional": [None]}}


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    candidates = candidates_of(POLICIES, ("cloud-run",), {})
    return compare(Plan([step(tmp_path_factory.mktemp("step"))], candidates, "configured", seeds=SEEDS))


def rows_of(case: CasePart) -> dict[str, RowPart]:
    return {row.candidate: row for row in case.rows}


@pytest.mark.case("L62")
def test_the_scores_of_a_comparison_follow_from_its_metrics(comparison: Comparison) -> None:
    """Candidates with the same demand are compared with each other; ranks replace pairs."""
    special = pytest.importorskip("scipy.stats")
    rows = rows_of(comparison.cases[0])
    of_basis = [label for label in POLICIES if rows[label].basis == rows["configured"].basis]
    assert len(of_basis) > 1
    values = np.array([[rows[label].values[name] for name in METRICS] for label in of_basis], dtype=float)
    ranks = special.rankdata(values.round(9), axis=0)  # 1 is the best; equal ones have the mean of their ranks
    points = 100 * (len(of_basis) - ranks).sum(axis=1) / (len(METRICS) * (len(of_basis) - 1))
    above = values.clip(LEAST_PERCENT)
    distances = 100 * (above / above.min(axis=0) - 1).mean(axis=1)
    worst = (values**4).sum(axis=1).max(axis=1) ** 0.25
    for number, label in enumerate(of_basis):
        assert rows[label].values["pairwise"] == pytest.approx(points[number].tolist())
        assert rows[label].values["fractional"] == pytest.approx(distances[number].tolist())
        assert rows[label].estimates["pairwise"].mean == pytest.approx(points[number].mean())
        assert rows[label].estimates["sigma_worst"].mean == pytest.approx(worst[number])
    assert np.ptp(points) > 0


@pytest.mark.case("L62", "L63")
def test_oracles_and_platforms_with_another_demand_are_not_scored(comparison: Comparison) -> None:
    rows = rows_of(comparison.cases[0])
    assert rows["cloud-run"].basis != rows["configured"].basis
    assert rows["cloud-run"].values["pairwise"] == [None] * SEEDS
    assert rows["oracle"].values["fractional"] == [None] * SEEDS
    tables = elasticity_score_tables(comparison.cases[0])
    assert all("cloud-run" not in dict(table.rows) for table in tables)


@pytest.mark.case("L62")
def test_scores_are_on_the_page_and_in_the_frame_but_not_in_the_terminals_tables(comparison: Comparison) -> None:
    page = comparison_html(comparison)
    (table,) = [one for one in elasticity_score_tables(comparison.cases[0]) if "configured" in dict(one.rows)]
    assert table.headings == ("pairwise", "fractional", "worst sigma")
    assert all(cell.text in page for _, cells in table.rows for cell in cells)
    frame = ComparisonResult(comparison).frame()
    assert {"pairwise", "pairwise_low", "fractional", "sigma_worst"} <= set(frame.columns)
    terminal = {heading for one in main_tables(comparison.cases[0]) for heading in one.headings}
    assert not terminal & set(table.headings)


@pytest.mark.case("L62")
def test_one_policy_has_no_scores_against_others(tmp_path: Path) -> None:
    found = compare(Plan([two(tmp_path)], candidates_of(("configured",), (), {}), "configured", seeds=1, oracle=False))
    assert all(elasticity_score_tables(case) == [] for case in found.cases)


@pytest.mark.case("L60")
@pytest.mark.parametrize("name", ["elastic_speedup", "fractional"])
def test_the_page_explains_the_lower_bound_of_a_part(comparison: Comparison, name: str) -> None:
    """A quotient with a metric of 0: 120 in the trial. The page must explain the lower bound beside the figure."""
    floor = f"parts below {LEAST_PERCENT:g} % count as {LEAST_PERCENT:g} %"
    assert floor in FIGURES[name].about
    (definitions,) = (section for section in comparison_page(comparison).sections if section.title == "Definitions")
    lists = [block for block in definitions.blocks if isinstance(block, DefinitionsBlock)]
    about = dict(row for block in lists for row in block.rows)
    assert floor in about[FIGURES[name].heading]
