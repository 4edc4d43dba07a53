"""The page of a calibration: self-contained, complete and safe."""

from __future__ import annotations

import re

import pytest

from simulator.calibration.page.html import calibration_page
from tests.calibration.page.calibrations import calibrated, drawn_curve, following
from tests.calibration.page.test_unloaded_chart import times

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

PAGE_BYTES_MAX = 3_000_000


@pytest.fixture(scope="module")
def page() -> str:
    model = calibrated(off=4.0)
    return calibration_page(model, drawn_curve(model), following())


def test_the_page_is_one_file_that_loads_nothing(page: str) -> None:
    assert len(page.encode()) < PAGE_BYTES_MAX
    fetched = re.findall(r'(?:src|href)\s*=\s*"(?!#)([^"]+)"|url\((?!#)([^)]+)\)|@import|<script', page)
    assert fetched == []
    assert page.count("<svg") == 6  # latency, CPU, throughput, routes, start, residuals


def test_the_page_has_every_parameter_sentence_and_origin(page: str) -> None:
    model = calibrated()
    for text in (
        *(each.name for each in model.parameters),
        *model.unknown,
        *model.warnings,
        *following().sentences,
        *(file.sha256 for file in model.provenance.files),
        "14.7 ms to 15.4 ms",
        "serves at most <strong>115/s</strong> (104/s to 127/s)",
        "40 runs of 60\u00a0s",
        "Loads in grey were not observed.",
    ):
        assert text in page, text


def test_differences_beyond_three_standard_errors_are_marked(page: str) -> None:
    assert page.count('class="differs"') == 6 * 4  # each stage of all requests, not those of the routes


def test_markup_in_a_name_is_escaped() -> None:
    model = calibrated()
    origin = model.provenance.model_copy(update={"target": "<script>alert(1)</script>"})
    page = calibration_page(model.model_copy(update={"provenance": origin}), drawn_curve(model), following())

    assert "<script>" not in page


def test_requests_without_load_are_a_chart_and_a_table(page: str) -> None:
    model = calibrated()
    alone = calibration_page(model, drawn_curve(model), following(), [times("GET /a&b", factor=2.0)])
    assert alone.count("<svg") == 7
    row = re.search(r"<tr><td>GET /a&amp;b</td>.*</tr>", alone)
    assert row is not None
    # 10 to 20 ms at equal intervals, and twice as much
    assert re.findall(r"[\d.]+\u00a0?\s?ms", row[0]) == [
        "15.0 ms", "30.0 ms", "19.5 ms", "39.0 ms", "175 ms", "350 ms", "288 ms", "575 ms"
    ]  # fmt: skip
    assert "Requests without load" not in page
