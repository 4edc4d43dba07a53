"""The page of a comparison in a browser: on a desktop and on a phone, light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.page.html import comparison_html
from tests.lab.compare.compare_scenarios import step
from tests.live.browser import DESKTOP, PHONE, opened_page

pytestmark = pytest.mark.slow

# The height of the smallest text of a chart, in pixels of the screen.
SMALLEST = """Math.min(...[...document.querySelectorAll("figure svg text")].map(
    (text) => text.getBoundingClientRect().height).filter((height) => height > 0))"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    candidates = candidates_of(("configured", "knative", "scheduled"), ("lambda", "container-apps"), {})
    file = folder / "page.html"
    file.write_text(comparison_html(compare(Plan([step(folder)], candidates, baseline="configured", seeds=2))))
    return file


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_and_its_charts_can_be_read(page_file: Path, size: tuple[int, int], colours: str) -> None:
    with opened_page(page_file.as_uri(), size, colours, offline=True) as (page, _):
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.evaluate(SMALLEST) >= 8
