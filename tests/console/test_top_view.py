from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from simulator.cli import app
from simulator.console.top_view import TopView
from tests.console.watched import scenario_of, watched

SCENARIO = """
duration: 10h
services:
  web:
    max_concurrency: 4
    max_size: 6
    application: {simulated: {start_up: 1s, io: 200ms}}
traffic:
  - {name: people, clock: {rate: 40/s}}
"""


def shown(view: TopView, width: int = 100) -> str:
    file = io.StringIO()
    Console(file=file, width=width).print(view.show(width))
    return file.getvalue()


def test_top_shows_the_figures_of_the_feed(tmp_path: Path) -> None:
    view = TopView()
    with watched(scenario_of(SCENARIO, tmp_path), speed=300.0) as case:
        case.act(act="clock", do="play")
        for kind, data in case.events():
            view.take(kind, data)
            if "desired" in shown(view) and "instances, ceil(" in shown(view) and kind == "series":
                break
    text = shown(view)
    assert "watched" in text
    assert "40.0/s" in text
    assert "▁" in text or "█" in text
    assert "> 3 instances, ceil(" in text  # 8 in flight, a target of 2.8 each: Little's law and the policy
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "offered 40.0/s" in view.line()


def test_once_prints_one_snapshot_and_ends(tmp_path: Path) -> None:
    with watched(scenario_of(SCENARIO, tmp_path), speed=1.0) as case:
        done = CliRunner().invoke(app, ["top", case.console.url, "--once"])
    assert done.exit_code == 0, done.output
    assert "service" in done.output
    assert "web" in done.output


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "nonsense"])
def test_an_address_without_a_console_is_bad_input(url: str) -> None:
    done = CliRunner().invoke(app, ["top", url])
    assert done.exit_code == 2
    assert f"url = {url}, must be that of a console" in done.output


def test_a_batch_of_events_received_twice_is_shown_once() -> None:
    view = TopView()
    rows = [{"k": "event", "service": "web", "at_s": 1.0, "line": "hello there"}]
    view.take("facts", {"from": 0, "until": 5, "rows": rows})
    view.take("facts", {"from": 3, "until": 5, "rows": rows})
    view.take("frame", {"t": 2.0, "state": "playing", "speed": None, "services": {}})
    assert shown(view).count("hello there") == 1


def test_top_shows_what_shadows_would_have_desired() -> None:
    service = dict.fromkeys(("offered_rps", "served_rps", "rejected_rps", "in_flight", "waiting", "active", "p50_s"), 0)
    service |= {"provisioned": 2, "desired": 2, "p99_s": 0, "usd_per_hour": 0}
    view = TopView()
    view.take(
        "frame",
        {
            "t": 5.0,
            "speed": None,
            "state": "playing",
            "services": {"web": {**service, "shadows": {"knative": 3, "hpa": 2, "fixed": 1}}, "other": service},
        },
    )
    assert "web: desired by shadows: knative 3 (+1), hpa 2, fixed 1 (-1)" in shown(view, 80)
    assert "other: desired" not in shown(view, 80)
