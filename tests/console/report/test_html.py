from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from simulator.console.report import html as report_html
from simulator.console.report.html import PAGE_BYTES_MAX, report_page
from simulator.model.times import RunTime
from simulator.records.concurrency_series import ConcurrencySeries
from simulator.records.events import EventLogged
from simulator.report.report import RunRecord, build_report
from tests.report.fake_run import DURATION_S, fake_run


def embedded(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="run">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def page_of(record: RunRecord) -> str:
    return report_page(build_report(record), record)


def test_the_page_has_the_whole_report_and_the_columns_beside_it() -> None:
    concurrency_series = ConcurrencySeries()
    for second in range(int(DURATION_S)):
        concurrency_series.add(second, second / 10, 0.5)
    record = replace(fake_run(), concurrency_series={"web": concurrency_series})
    data = embedded(page_of(record))
    assert data["report"] == build_report(record).model_dump(mode="json")
    series, beside = data["report"]["services"][0]["series"], data["beside"]["web"]
    assert {len(column) for column in beside.values()} == {len(series["offered"])}
    assert beside["in_flight"][20] == 2.0  # bins of a second
    # One active instance of 1 vCPU and 2 GB: 0.064 + 2 x 0.007 USD per hour.
    assert beside["usd_per_hour"][20] == 0.078


def test_the_page_loads_nothing_from_the_network() -> None:
    page = page_of(fake_run())
    assert "default-src 'none'" in page
    assert "%%" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    outside = re.findall(r"""(?:src|href)=["']?(?!data:|#)([^"' >]+)|url\((?!data:)|@import""", page)
    assert outside == []


def test_no_text_of_a_scenario_becomes_markup() -> None:
    nasty = "</script><script>alert(1)</script><!-- %%RUN%% \u2028"
    record = fake_run()
    record = replace(record, scenario=nasty, events=[*record.events, EventLogged(RunTime(99.0), "web", nasty)])
    page = page_of(record)
    assert "<script>alert" not in page
    assert embedded(page)["report"]["scenario"]["name"] == nasty


def test_a_page_with_too_many_events_says_how_many_it_leaves_out() -> None:
    record = fake_run()
    flood = [EventLogged(RunTime(99.0), "web", f"line {number} " + "x" * 60) for number in range(40_000)]
    page = page_of(replace(record, events=[*record.events, *flood]))
    data = embedded(page)
    assert PAGE_BYTES_MAX / 2 < len(page.encode()) < PAGE_BYTES_MAX
    assert "than fit into a page" in data["left_out"]
    assert data["report"]["services"][0]["events"][1]["line"].startswith("line 0 ")


def test_a_page_of_a_small_run_leaves_nothing_out() -> None:
    page = page_of(fake_run())
    assert embedded(page)["left_out"] == ""
    assert len(page.encode()) < report_html.PAGE_BYTES_MAX / 10
