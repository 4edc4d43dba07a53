"""The console in a browser: every control on a running platform, in real time with processes and in virtual time."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Page

from simulator.console.report.html import report_page
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import load_scenario
from simulator.scenario.shipped import shipped_scenarios
from tests.console.watched import scenario_of, watched
from tests.live.browser import DESKTOP, PHONE, chromium_or_skip, faults, opened_page, until

pytestmark = pytest.mark.slow

APPLICATION = Path(__file__).parent.parent.parent / "scenarios" / "apps" / "first_look.py"
REAL = """
duration: 10 min
services:
  web:
    max_concurrency: 10
    min_size: 2
    max_size: 4
    health_check: {protocol: HTTP, path: /health, interval: 1s}
    policy: {name: app-runner, window: 4s, start_lag: 0s}
    stop_grace: 1s
    application:
      process: {command: python first_look.py}
traffic:
  - {clock: {rate: 20/s}, requests: [{path: "/?io_ms=20"}]}
"""
VIRTUAL = """
duration: 10h
services:
  shop:
    max_concurrency: 4
    min_size: 2
    max_size: 8
    application: {simulated: {start_up: 1s, io: 200ms}}
  back-office:
    application: {simulated: {io: 50ms}}
traffic:
  - {name: people, service: shop, clock: {rate: 40/s}}
  - {name: staff, service: back-office, clock: {rate: 5/s}}
"""


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run in real time in a separate process; yield the address of its console."""
    chromium_or_skip()
    shutil.copy(APPLICATION, folder)
    path = folder / "live.yaml"
    path.write_text(REAL, encoding="utf-8")
    command = [sys.executable, "-u", "-m", "simulator", "run", str(path), "--clock", "real", "--quiet", "--console"]
    command += ["--console-port", "0", "--state", str(folder / "state")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        url = next(found[1] for line in run.stderr if (found := re.match(r"console at (\S+)", line)))
        try:
            yield url, psutil.Process(run.pid)
        finally:
            run.terminate()
            run.stderr.read()


def service(name: str) -> str:
    return f"consolePage.feed.state.frame?.services?.[{name!r}]"


def said(page: Page, words: str) -> None:
    until(page, "(words) => document.getElementById('said').textContent.includes(words)", words, tell="#said")


def slide(page: Page, name: str, value: float) -> None:
    page.evaluate(
        "([name, value]) => { const slider = document.getElementById(name); slider.value = value;"
        " slider.dispatchEvent(new Event('input', {bubbles: true})); }",
        [name, value],
    )


def test_every_control_has_its_effect_on_a_platform_in_real_time(tmp_path: Path) -> None:
    with running(tmp_path) as (url, process), opened_page(url) as (page, _):
        until(page, f"{service('web')}?.served_rps > 15")
        assert page.locator("#clock").is_hidden()  # the controls of time do not exist in real time
        assert page.locator("#watch-only").is_hidden()
        # Kill: a process of this machine ends, and another one starts.
        before = {child.pid for child in process.children(recursive=True)}
        page.locator("#victim").select_option("oldest")
        page.locator("#kill").click()
        said(page, "instance 1 killed")
        until(page, f"{service('web')}.instances.n.includes(3) && {service('web')}.instances.s === 'aa'")
        after = {child.pid for child in process.children(recursive=True)}
        assert before - after
        assert after - before
        # Traffic: the rate at the instances doubles, and returns to its former value.
        slide(page, "traffic", 0.3)
        said(page, "traffic x 2")
        until(page, f"{service('web')}.served_rps > 32")
        # The auto scaling configuration: a third process starts.
        page.locator("#min-size").fill("3")
        page.locator("#apply").click()
        said(page, "MinSize 3")
        until(page, f"{service('web')}.instances.s === 'aaa'")
        # The lists show the actions, the application's own lines and the address.
        page.locator("#tab-operations").click()
        assert "instance 1 killed" in page.locator("#acts").inner_text()
        page.locator("#tab-services").click()
        assert ".awsapprunner.localhost:" in page.locator("#service-list a").inner_text()
        page.locator("#tab-events").click()
        assert page.locator("#events li").count() >= 1


def test_time_plays_pauses_steps_and_changes_its_speed(tmp_path: Path) -> None:
    chromium_or_skip()
    with watched(scenario_of(VIRTUAL, tmp_path), speed=2.0) as case, opened_page(case.console.url) as (page, _):
        frame = "consolePage.feed.state.frame"
        until(page, f"{frame} && {frame}.t > 1")
        page.locator("#play").click()
        until(page, f"{frame}.state === 'paused'")
        stood: float = page.evaluate(f"{frame}.t")
        page.locator("#step").click()
        until(page, f"{frame}.t > {stood}")
        assert page.evaluate(f"{frame}.t") == pytest.approx(stood + 1)
        page.keyboard.press("Escape")
        page.locator("h1").click()  # keys are the page's own if no element has the focus
        page.keyboard.press(".")
        until(page, f"Math.abs({frame}.t - {stood + 2}) < 1e-6")
        page.keyboard.press("Space")
        until(page, f"{frame}.state === 'playing'")
        slide(page, "speed", 3)
        said(page, "1000 virtual seconds")
        until(page, f"{frame}.t > {stood + 300}")
        page.locator("#play").click()
        until(page, f"{frame}.state === 'paused'")
        # To the next decision: something has to change so that there is one.
        decisions = "consolePage.feed.state.facts.filter((fact) => fact.k === 'decision').length"
        known: int = page.evaluate(decisions)
        slide(page, "traffic", 0.6)
        said(page, "traffic x 4")
        page.locator("#decision").click()
        until(page, f"{decisions} > {known} && {frame}.state === 'paused'")
        assert page.evaluate(decisions) == known + 1


@pytest.mark.case("X4")
def test_legends_show_the_last_second_or_the_bin_at_the_cursor(tmp_path: Path) -> None:
    chromium_or_skip()
    steady = VIRTUAL.replace("10h", "60s").replace("rate: 40/s", "rate: 105/s").replace("max_size: 8", "max_size: 20")
    with watched(scenario_of(steady, tmp_path), speed=5.0) as case, opened_page(case.console.url) as (page, _):
        until(page, f"{service('shop')}?.offered_rps === 105 && consolePage.charts.series?.offered.length >= 30")
        page.locator("#play").click()
        until(page, "consolePage.feed.state.frame.state === 'paused'")
        # Ten bins of 10 and 11 requests: the last one alone would be 100/s.
        assert page.evaluate("consolePage.charts.series.width_s") == pytest.approx(0.1)
        assert set(page.evaluate("consolePage.charts.series.offered.slice(10, 30)")) == {10, 11}
        legend = "[...document.querySelectorAll('#charts .entry')].find((one) => one.textContent.includes('offered'))"
        until(page, f"{legend}.textContent.endsWith(' 105/s')", tell="#charts")
        until(page, "document.getElementById('figures-offered').textContent === '105/s'")
        at_cursor = page.evaluate("10 * consolePage.charts.series.offered[20]")
        # A redraw may move the cursor off the plot, so it is placed again before each look.
        until(
            page,
            "(wanted) => { const plot = consolePage.charts.plots[0];"
            " plot.setCursor({left: plot.valToPos(plot.data[0][20], 'x'), top: 5});"
            f" return {legend}.textContent.endsWith(wanted); }}",
            f" {at_cursor}/s",
            tell="#charts",
        )


def test_the_page_shows_one_service_at_a_time_and_offers_a_choice(tmp_path: Path) -> None:
    chromium_or_skip()
    shop = scenario_of(VIRTUAL, tmp_path)
    with watched(shop, speed=20.0) as case, opened_page(case.console.url, moving=True) as (page, _):
        until(page, "consolePage.picture.dots.length > 5 && consolePage.picture.frames > 5")
        until(page, f"consolePage.feed.state.frame && {service('shop')}.offered_rps > 30")
        page.get_by_role("button", name="back-office").click()
        until(page, "document.getElementById('figures-offered').textContent === '5.00/s'")
        # An instance is selected with the keyboard and killed.
        page.locator("#picture").focus()
        page.keyboard.press("ArrowRight")
        page.locator("#victim").select_option("chosen")
        page.locator("#kill").click()
        said(page, "back-office: instance 1 killed")
        # The charts' decisions are announced to users who step through them with the keyboard.
        page.get_by_role("button", name="shop").click()
        until(page, "consolePage.charts.marks.some(mark => mark.title.endsWith(' instances'))")
        page.locator("#charts").focus()
        read_out = page.locator("#charts [aria-live]")
        for _ in range(page.evaluate("consolePage.charts.marks.length")):  # the kill is marked too
            page.keyboard.press("ArrowRight")
            if "instances" in read_out.inner_text():
                break
        assert "instances" in read_out.inner_text()
        assert page.locator(".tip").is_visible()


def test_without_the_token_the_page_is_read_only(tmp_path: Path) -> None:
    chromium_or_skip()
    with watched(scenario_of(VIRTUAL, tmp_path)) as case:
        with opened_page(case.console.url.split("#")[0]) as (page, _):
            until(page, "consolePage.feed.state.frame && consolePage.feed.state.frame.t > 0.5")
            assert page.locator("#watch-only").is_visible()
            assert all(page.locator("#controls button").nth(number).is_disabled() for number in range(3))
        with opened_page(case.console.url) as (page, _):
            assert "token" not in page.url  # neither the address bar nor the history shows it


def test_a_page_of_another_site_changes_nothing_and_reads_nothing(tmp_path: Path) -> None:
    """In a real browser, and even with the token: the requests fail because of the site that sends them."""
    chromium_or_skip()
    attack = """async ([port, token]) => {
        const tried = [];
        for (const init of [
            {method: 'POST', mode: 'no-cors', headers: {'content-type': 'text/plain'}, body: BODY},
            {method: 'POST', headers: {'content-type': 'application/json', 'x-console-token': token}, body: BODY},
            {method: 'GET'},
        ]) {
            const path = init.method === 'GET' ? '/web/feed.js' : '/act';
            try { const answer = await fetch(`http://127.0.0.1:${port}${path}`, init); tried.push(answer.type); }
            catch { tried.push('blocked'); }
        }
        return tried;
    }""".replace("BODY", "JSON.stringify({act: 'kill', service: 'shop', instance: 'oldest'})")
    with watched(scenario_of(VIRTUAL, tmp_path), speed=5.0) as case:
        case.until("frame", lambda frame: frame["t"] > 1)
        with watched(scenario_of(VIRTUAL, tmp_path)) as other, opened_page(other.console.url) as (page, seen):
            page.goto("data:text/html,<h1>another site</h1>")
            tried = page.evaluate(attack, [case.port, case.token])
            seen.complaints.clear()  # the browser says that it blocked them
            assert tried == ["blocked", "blocked", "blocked"]
        assert case.done() == []
        assert case.until("frame")["services"]["shop"]["i"]["n"][0] == 1


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_have_no_serious_accessibility_violation(tmp_path: Path, size: tuple[int, int], colours: str) -> None:
    chromium_or_skip()
    scenario = load_scenario(shipped_scenarios()["flash-sale"])
    report = tmp_path / "report.html"
    record = play(Run(load_scenario(shipped_scenarios()["first-look"])), signals=False)
    report.write_text(report_page(build_report(record), record), encoding="utf-8")
    with watched(scenario, speed=400.0) as case, opened_page(case.console.url, size, colours) as (page, _):
        until(page, "consolePage.feed.state.frame && consolePage.charts.marks.length > 4")
        for panel in ("events", "lines", "operations", "services"):  # all at once, to test them together
            page.evaluate("(panel) => { document.getElementById(`panel-${panel}`).hidden = false; }", panel)
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with opened_page(report.as_uri(), size, colours) as (page, _):
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_report_of_a_recorded_day_opens_from_disk_with_the_network_off(tmp_path: Path) -> None:
    chromium_or_skip()
    record = play(Run(load_scenario(shipped_scenarios()["worldcup98"])), signals=False)
    path = tmp_path / "report.html"
    path.write_text(report_page(build_report(record), record), encoding="utf-8")
    assert path.stat().st_size < 3_000_000
    with opened_page(path.as_uri(), offline=True) as (page, _):
        assert "374,445" in page.locator("#figures").inner_text()
        assert page.locator("#decisions li").count() == len(
            [event for event in record.events if type(event).__name__ == "ScalingDecided"]
        )
        assert page.locator(".plot canvas").count() == 5
        # The slider covers the whole run, and a decision moves it to its time.
        page.locator("#time").fill("0")
        assert page.locator("#now").inner_text() == "00:00"
        page.locator("#decisions button").first.click()
        assert page.locator("#now").inner_text() == page.locator("#decisions button").first.inner_text()
        page.locator("#play").click()
        before: str = page.locator("#now").inner_text()
        until(page, "(before) => document.getElementById('now').textContent !== before", before)
        drawn: Any = page.evaluate(
            "(() => { const c = document.querySelector('#picture canvas'); const d = c.getContext('2d')"
            ".getImageData(0, 0, c.width, c.height).data; return d.some((value) => value > 0); })()"
        )
        assert drawn
