"""The page of a comparison in a browser: on a desktop and on a phone, light and dark, by pointer and keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.compare import Plan, compare
from simulator.lab.compare.page.html import comparison_html
from tests.lab.compare.compare_scenarios import step
from tests.live.browser import DESKTOP, PHONE, faults, opened_page, until

pytestmark = pytest.mark.slow

NAMES = """[...document.querySelectorAll(".sortable")[1].querySelectorAll("tbody th")].map(
    (name) => name.childNodes[1].textContent)"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    candidates = candidates_of(("configured", "knative", "scheduled"), ("lambda", "container-apps"), {})
    file = folder / "page.html"
    file.write_text(comparison_html(compare(Plan([step(folder)], candidates, baseline="configured", seeds=2))))
    return file


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_and_has_no_serious_faults(page_file: Path, size: tuple[int, int], colours: str) -> None:
    with opened_page(page_file.as_uri(), size, colours, offline=True) as (page, _):
        until(page, "document.querySelectorAll('.uplot').length > 1", tell="main")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert [fault for fault in faults(page) if not fault.startswith(("minor", "moderate"))] == []


def test_a_column_sorts_up_then_down_then_as_before(page_file: Path) -> None:
    with opened_page(page_file.as_uri(), offline=True) as (page, _):
        before = page.evaluate(NAMES)
        heading = page.locator(".sortable").nth(1).locator("thead button").nth(2)  # p95
        values = "[...document.querySelectorAll('.sortable')[1].querySelectorAll('tbody tr')].length"
        orders = []
        for expected in ("ascending", "descending"):
            heading.click()
            assert page.locator(".sortable").nth(1).locator("th[aria-sort]").get_attribute("aria-sort") == expected
            orders.append(page.evaluate(NAMES))
        assert orders[0] != orders[1]
        assert sorted(orders[0]) == sorted(orders[1]) == sorted(before)
        assert page.evaluate(values) == len(before)
        heading.click()
        assert page.evaluate(NAMES) == before


def test_a_hidden_candidate_leaves_tables_and_charts(page_file: Path) -> None:
    with opened_page(page_file.as_uri(), offline=True) as (page, _):
        until(page, "document.querySelectorAll('.curves .uplot').length > 1", tell="main")
        button = page.locator("#series button", has_text="knative").first
        assert "knative" in page.evaluate(NAMES)
        button.click()
        assert button.get_attribute("aria-pressed") == "false"
        assert "knative" not in page.evaluate(NAMES)
        assert page.locator(".curves h3:visible", has_text="knative").count() == 0
        button.press("Enter")
        assert "knative" in page.evaluate(NAMES)


def test_points_are_selected_by_the_keyboard_and_told(page_file: Path) -> None:
    with opened_page(page_file.as_uri(), offline=True) as (page, _):
        chart = page.locator("figure .charts[role=group]").first
        until(page, "document.querySelectorAll('figure .uplot').length > 0", tell="main")
        chart.press("ArrowRight")
        first = chart.locator("[aria-live]").inner_text()
        assert chart.locator(".tip").is_visible()
        chart.press("ArrowRight")
        assert first
        assert "p95" in first
        assert chart.locator("[aria-live]").inner_text() != first
        chart.press("Escape")
        assert chart.locator(".tip").is_hidden()
