"""Every text that a page shows is replaced by one with a script: it is shown as text, and no script runs.

The texts are replaced where the pages get them: in the report's data, the messages of the console's feed, and the data
of the lessons. The lessons' own prose is intended to be markup and is rendered by the simulator; there the variables
are replaced.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from simulator.console.lessons.parts import lesson_part
from simulator.console.report.html import report_page
from simulator.lessons.course import course
from simulator.lessons.lesson import Lesson
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioSpec
from simulator.web.files import script_json
from tests.console.watched import scenario_of, watched
from tests.live.browser import chromium_or_skip, opened_page, until
from tests.live.test_lessons_browser import lessons

pytestmark = pytest.mark.slow

EVIL = '<img src=x onerror="window.pwned=1"></script><script>window.pwned=1</script>\'"><svg onload=window.pwned=1>'
RAN = "window.pwned !== undefined || document.querySelector('img[src=x], svg[onload]') !== null"
SCENARIO = """
duration: 2 min
services:
  web:
    max_concurrency: 2
    max_size: 3
    application: {simulated: {start_up: 1s, io: 500ms}}
traffic:
  - {clock: {rate: 6/s}}
checks: ["web: p99 < 1ms", "error_rate < 1%"]
timeline:
  - {at: 30s, kill_instance: {service: web}}
  - {at: 60s, deploy: {service: web}}
"""
# Values that pages compare or look up: they come from closed sets of the simulator.
CLOSED = frozenset({"kind", "state", "clock", "unit", "metric", "operator", "k", "status", "name", "service", "cause"})


def poisoned(value: Any, key: str = "") -> Any:
    """Return the value with the script appended to every text."""
    if isinstance(value, dict):
        return {name: poisoned(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [poisoned(each, key) for each in value]
    return value + EVIL if isinstance(value, str) and key not in CLOSED else value


def nothing_ran(page: Page) -> None:
    page.evaluate("for (const closed of document.querySelectorAll('details')) closed.open = true")
    assert page.evaluate(RAN) is False


def named_evil(folder: Path) -> ScenarioSpec:
    return scenario_of(f"name: {json.dumps(EVIL)}" + SCENARIO, folder)


def test_a_report_shows_texts_as_texts(tmp_path: Path) -> None:
    chromium_or_skip()
    record = play(Run(named_evil(tmp_path)), signals=False)
    html = report_page(build_report(record), record)
    found = re.search(r'(<script type="application/json" id="run">)(.*?)(</script>)', html, re.DOTALL)
    assert found is not None
    text = script_json(poisoned(json.loads(found[2])))
    (tmp_path / "report.html").write_text(html[: found.start(2)] + text + html[found.end(2) :], encoding="utf-8")
    with opened_page(f"file://{tmp_path}/report.html") as (page, _):
        assert EVIL in page.title()
        assert EVIL in page.inner_text("body")
        nothing_ran(page)


def test_the_console_shows_texts_as_texts(tmp_path: Path) -> None:
    chromium_or_skip()
    with watched(named_evil(tmp_path), speed=1000) as case:
        wanted = {"hello", "about", "frame", "series", "facts"}
        messages = []
        for kind, data in case.events():
            messages.append((kind, poisoned(data)))
            wanted.discard(kind)
            if not wanted and case.ended.is_set():
                break
        rows = {"from": 0, "until": 2, "rows": [{"t": 1.0, "service": "web", "text": EVIL, "line": EVIL}]}
        messages.append(("lines", rows))
        feed = "".join(f"event: {kind}\ndata: {json.dumps(data)}\n\n" for kind, data in messages)
        with opened_page("about:blank") as (page, _):
            page.route("**/feed", lambda route: route.fulfill(content_type="text/event-stream", body=feed))
            page.goto(case.console.url)
            until(page, "(text) => document.body.innerText.includes(text)", EVIL, tell="body")
            nothing_ran(page)


def poisoned_lesson(lesson: Lesson) -> Lesson:
    prose = f"{EVIL}\n\n<script>window.pwned=1</script>\n\n[link](javascript:window.pwned=1)"
    choices = tuple(choice.model_copy(update={"text": EVIL}) for choice in lesson.question.choices)
    question = lesson.question.model_copy(update={"ask": prose, "such_as": EVIL, "choices": choices})
    knob = lesson.knob.model_copy(update={"ask": prose})
    return lesson.model_copy(update={"title": EVIL, "text": prose, "question": question, "knob": knob})


def test_a_lesson_shows_texts_as_texts_and_gives_back_what_is_typed_as_text() -> None:
    name = "overflow"
    data = script_json(lesson_part(poisoned_lesson(course()[name])))

    def answer(route: Route) -> None:
        real = route.fetch()
        text = re.sub(
            r'(<script type="application/json" id="lesson">).*?(</script>)',
            lambda found: found[1] + data + found[2],
            real.text(),
            flags=re.DOTALL,
        )
        route.fulfill(response=real, body=text)

    with lessons(name) as url, opened_page("about:blank") as (page, seen):
        page.route(f"**/lessons/{name}", answer)
        page.goto(url)
        until(page, "(text) => document.body.innerText.includes(text)", EVIL, tell="body")
        page.fill("#prediction", EVIL)
        page.click("#go")
        until(page, "document.querySelector('#said').textContent.startsWith('✗')")
        assert page.locator("#text a[href^='javascript:']").count() == 0
        nothing_ran(page)
        seen.complaints = [told for told in seen.complaints if "400" not in told and "/x" not in told]
