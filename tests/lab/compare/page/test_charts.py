"""Charts of a comparison."""

from __future__ import annotations

import re
import warnings

from simulator.lab.compare.comparison import Comparison, CurvePart, EstimatePart
from simulator.lab.compare.page.charts import pareto_chart, supply_chart
from tests.lab.compare.comparisons import crowd, row_of


def test_a_legend_of_many_candidates_fits_its_figure(comparison: Comparison) -> None:
    crowded = crowd(comparison)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns if a legend leaves no room for the panel
        svg = pareto_chart(crowded.cases[0], crowded)
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', svg)
    assert box is not None
    # matplotlib gives the position of a text as a translation or as x and y, depending on its alignment.
    places = re.findall(r'<text[^>]*?transform="translate\(([0-9.-]+) ([0-9.-]+)\)[^>]*>(candidate-[^<]*)<', svg)
    places += re.findall(r'<text[^>]*? x="([0-9.-]+)" y="([0-9.-]+)"[^>]*>(candidate-[^<]*)<', svg)
    assert len(places) == 29  # two are equal
    assert all(0 < float(x) < float(box[1]) and 0 < float(y) < float(box[2]) for x, y, _ in places)
    assert any(text.startswith("candidate-0 (and 1 equal)") for _, _, text in places)


def test_supply_does_not_fall_to_zero_at_the_ends_of_a_run(comparison: Comparison) -> None:
    case = comparison.cases[0]
    row = row_of("configured", {}).model_copy(update={"curve": CurvePart(width_s=1, demand=[1, 1, 1], ready=[2, 2, 2])})
    svg = supply_chart(case.model_copy(update={"rows": [row]}), comparison)
    line = re.search(r'<path d="([^"]*)"[^>]*style="fill: none; stroke: #0072b2', svg)
    assert line is not None
    assert len({point.split()[-1] for point in line[1].strip().splitlines()}) == 1  # horizontal from end to end


def test_a_wide_range_of_latencies_has_plain_numbers_on_its_scale(comparison: Comparison) -> None:
    case = comparison.cases[0].model_copy(deep=True)
    for row, latency_s in zip(case.rows, (0.15, 0.6, 12.0, 70.0), strict=False):
        row.estimates["latency_p95_s"] = EstimatePart(mean=latency_s, low=None, high=None)
    labels = re.findall(r"<text[^>]*>([0-9.]+)</text>", pareto_chart(case, comparison))
    assert {"0.2", "0.5", "1", "2", "5", "10", "20", "50"} <= set(labels)
