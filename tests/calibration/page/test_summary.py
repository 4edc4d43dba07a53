from __future__ import annotations

from simulator.calibration.page.summary import WIDTH, summary_lines
from tests.calibration.page.calibrations import calibrated, drawn_curve, following


def test_the_summary_has_the_figures_and_fits_a_terminal() -> None:
    model = calibrated()
    lines = list(summary_lines(model, drawn_curve(model), following()))

    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    assert "serves at most 115/s (104/s to 127/s)" in text.replace("\n", " ")
    for part in (
        "mean CPU time of GET /items/{id}",
        "workers",
        "fit      p95: ",
        "warning  the load",
        "next     Measure",
    ):
        assert part in text
    assert sum(line.lstrip().startswith(("10.0/s", "20.0/s", "100/s")) for line in lines) == 3


def test_long_names_are_cut_and_a_model_without_stages_has_no_table_of_them() -> None:
    model = calibrated()
    long = model.parameters[0].model_copy(update={"name": "mean CPU time of GET /" + "x" * 90})
    bare = model.model_copy(update={"parameters": (long,), "fit": type(model.fit)()})
    lines = list(summary_lines(bare, drawn_curve(bare), following()))

    assert max(map(len, lines)) <= WIDTH
    assert not any("offered" in line for line in lines)


def test_a_capacity_that_was_not_observed_is_marked() -> None:
    model = calibrated()
    for rate_rps, is_marked in ((20.0, True), (120.0, False)):
        observed = model.observed.model_copy(update={"rate_max_rps": rate_rps})
        lines = summary_lines(model.model_copy(update={"observed": observed}), drawn_curve(model), following())
        assert ("no load near this was observed" in " ".join(lines)) is is_marked
