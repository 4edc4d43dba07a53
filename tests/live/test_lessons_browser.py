"""The lessons in a browser: read, predict, watch, compare, change a value; by mouse and keyboard, at both widths."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from simulator.lessons.course import course
from tests.live.browser import DESKTOP, PHONE, chromium_or_skip, faults, opened_page, until

pytestmark = pytest.mark.slow

OUTCOMES = "lessonPage.outcomes.length"


@contextmanager
def lessons(*name: str) -> Iterator[str]:
    """Yield the address that `simulator lesson --console` prints."""
    chromium_or_skip()
    command = [sys.executable, "-u", "-m", "simulator", "lesson", *name, "--console", "--console-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        found = re.match(r"lessons at (\S+) until Ctrl-C", serving.stdout.readline())
        assert found is not None
        try:
            yield found[1]
        finally:
            serving.terminate()
        assert serving.wait(30) == 0


def clean(page: Page) -> None:
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_learner_predicts_watches_compares_and_tries_again() -> None:
    with lessons("overflow") as url, opened_page(url.split("#")[0], DESKTOP, "light") as (page, seen):
        # Without the token a lesson can be read but not played.
        assert page.locator("#watch-only").is_visible()
        assert page.locator("#go").is_disabled()
        page.goto(url)
        page.reload()  # another part of the page's own address is not another page
        assert page.locator("#go").is_enabled()
        assert "token" not in page.url
        assert page.locator("h1").inner_text() == "4. Overflow, 429"
        clean(page)
        page.locator("#prediction").fill("many")
        page.locator("#go").click()
        until(
            page, "document.getElementById('said').textContent.includes('must be a number, such as 20 %')", tell="#said"
        )
        seen.complaints.clear()  # the browser reports the rejection
        page.locator("#prediction").fill("15 %")
        page.locator("#go").click()
        # While the run continues, picture, figures and charts change, and its clock can be paused.
        frame = "lessonPage.state()?.frame"
        until(page, f"{frame}?.t > 30 && {frame}.services.web.offered_rps > 100")
        assert page.locator(".plot canvas").count() == 5
        page.locator("#pause").click()
        until(page, f"{frame}.state === 'paused'")
        page.locator("h1").click()
        page.keyboard.press("Space")
        until(page, f"{frame}.state === 'playing'")
        page.locator("#end").click()
        until(page, f"{OUTCOMES} === 1")
        # The prediction beside the outcome, and the reason with the journal; a decision moves the replay to its time.
        beside = page.locator("#beside").inner_text()
        assert "15.0 %" in beside
        assert "right" in beside
        assert "0.2 s = 40 requests" in page.locator("#explanation").inner_text()
        assert page.evaluate("document.activeElement.id") == "head-outcome"
        page.locator("#journal button").last.click()
        assert page.locator("#now").inner_text() == page.locator("#journal button").last.inner_text()
        before = page.locator("#now").inner_text()
        page.locator("#play").click()
        until(page, "(before) => document.getElementById('now').textContent !== before", before, tell="#now")
        page.locator("#play").click()
        assert page.locator("#play").inner_text() == "Play"
        # The knob, with a value that the user enters; first an invalid one.
        page.locator("#knob").fill("-1")
        page.locator("#retry").click()
        until(page, "document.getElementById('said-again').textContent.includes('min_size')", tell="#said-again")
        seen.complaints.clear()
        page.locator("#knob").fill("6")
        page.locator("#retry").click()
        page.locator("#end").click()
        until(page, f"{OUTCOMES} === 2")
        assert "min_size 6" in page.locator("#table thead").inner_text()
        assert page.locator("#table tbody tr").first.locator("td").count() == 2
        clean(page)


def test_a_lesson_can_be_played_by_keyboard_on_a_small_dark_page() -> None:
    with lessons() as url, opened_page(url, PHONE, "dark") as (page, _):
        assert page.locator("#course li").count() == len(course())
        clean(page)
        page.get_by_role("link", name="The panic window").focus()
        page.keyboard.press("Enter")
        page.locator("input[name=choice]").first.focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        assert page.locator("input[name=choice]:checked").get_attribute("value") == "b"
        page.keyboard.press("Enter")
        until(page, "lessonPage.state()?.frame?.t > 10")
        page.locator("#end").press("Enter")
        until(page, f"{OUTCOMES} === 1")
        assert page.locator("#journal li").count() > 1
        clean(page)
        page.get_by_role("link", name="All lessons").press("Enter")
        # On the page that the link opens.
        expect(page.locator("#progress")).to_contain_text(f"1 of {len(course())} done")
