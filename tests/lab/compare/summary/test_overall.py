"""Results over all cases."""

from __future__ import annotations

import math

from simulator.lab.compare.comparison import Comparison, EstimatePart
from simulator.lab.compare.summary.overall import overall_parts


def test_scores_are_geometric_means_and_a_missing_one_is_unknown(comparison: Comparison) -> None:
    case = comparison.cases[0]
    scores = ({"configured": 1.0, "knative": 2.0}, {"configured": 9.0})
    cases = []
    for known in scores:
        rows = [
            row.model_copy(
                update={
                    "estimates": {
                        "score": EstimatePart(mean=known[row.candidate], low=None, high=None),
                    }
                    if row.candidate in known
                    else {}
                }
            )
            for row in case.rows
            if row.candidate in {"configured", "knative"}
        ]
        cases.append(case.model_copy(update={"rows": rows}))
    found = {part.candidate: part.score for part in overall_parts(cases, ["configured", "knative"])}
    assert found["configured"] is not None
    assert math.isclose(found["configured"], 3.0)
    assert found["knative"] is None
