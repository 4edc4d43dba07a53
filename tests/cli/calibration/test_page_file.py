from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.page.curves import LoadCurve
from simulator.calibration.page.next_measurement import NextMeasurement
from simulator.cli.calibration import page_file
from tests.calibration.page.calibrations import calibrated, drawn_curve, following

pytest.importorskip("matplotlib")


def test_the_page_is_written_and_the_summary_has_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    def curve(model: CalibratedModel, seed: int, advance: Callable[[], None]) -> LoadCurve:
        advance()
        assert seed == 3
        return drawn_curve(model)

    def after(model: CalibratedModel, curve: LoadCurve, seed: int, advance: Callable[[], None]) -> NextMeasurement:
        advance()
        return following()

    monkeypatch.setattr(page_file, "load_curve", curve)
    monkeypatch.setattr(page_file, "next_measurement", after)
    page = io.StringIO()

    lines = page_file.write_page(page, calibrated(), 3, quiet=True)

    assert "<strong>115/s</strong> (104/s to 127/s)" in page.getvalue()
    assert lines[0].startswith("shop: one instance of 1 vCPU / 2 GB serves at most 115/s (104/s to 127/s)")
