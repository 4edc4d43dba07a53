from __future__ import annotations

import pytest

from simulator.lab.page.charts import chart_figure, chart_style, chart_svg, plain_numbers

pytest.importorskip("matplotlib")


def test_a_chart_has_the_colours_of_its_page_and_no_date() -> None:
    with chart_style():
        figure = chart_figure(3, 2)
        panel = figure.subplots()
        panel.plot([1, 2], [3, 400], color="0.25")
        panel.set_yscale("log")
        plain_numbers(panel.yaxis)
        svg = chart_svg(figure)

    assert svg.startswith("<svg")
    assert "currentColor" in svg
    assert "#404040" not in svg
    assert "<dc:date" not in svg
    assert {">10<", ">20<", ">50<", ">100<"} <= {f">{text.split('<')[0]}<" for text in svg.split(">")}
