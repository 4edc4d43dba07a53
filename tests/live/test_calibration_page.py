"""The page of a calibration in a browser: on a desktop and on a phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.page.html import calibration_page
from tests.calibration.page.calibrations import calibrated, drawn_curve, following
from tests.live.browser import DESKTOP, PHONE, faults, opened_page

pytestmark = pytest.mark.slow

# The height of the smallest text of a chart, in pixels of the screen.
SMALLEST = """Math.min(...[...document.querySelectorAll("figure svg text")].map(
    (text) => text.getBoundingClientRect().height).filter((height) => height > 0))"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = calibrated(off=4.0)
    file = tmp_path_factory.mktemp("page") / "shop.html"
    file.write_text(calibration_page(model, drawn_curve(model), following()), encoding="utf-8")
    return file


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_and_can_be_read_by_everyone(page_file: Path, size: tuple[int, int], colours: str) -> None:
    with opened_page(page_file.as_uri(), size, colours, offline=True) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(SMALLEST) >= 8
        page.click("summary")
        assert faults(page) == []
