"""Events of the journal as rows for a page."""

from __future__ import annotations

import json

from simulator.console.live.events import ROWS_MAX, event_rows
from simulator.model.times import RunTime
from simulator.records.events import (
    ConfigurationChanged,
    DownstreamLogged,
    Event,
    EventLogged,
    ScalingDecided,
    TimelineActed,
)


def test_every_kind_has_its_name_and_its_figures() -> None:
    events: list[Event] = [
        ScalingDecided(RunTime(1.0), "web", "fixed", 1, 3, "n = 3", "because", (("a", 1.0),), ("max_size",)),
        ConfigurationChanged(RunTime(2.0), "web", 10, 1, 5),
        EventLogged(RunTime(3.0), "web", "a line"),
        TimelineActed(RunTime(4.0), "rate", "x 2"),
    ]
    rows = event_rows(events)
    assert [row["k"] for row in rows] == ["decision", "configuration", "event", "act"]
    assert [row["at_s"] for row in rows] == [1.0, 2.0, 3.0, 4.0]
    assert (rows[0]["before"], rows[0]["desired"], rows[0]["clamps"]) == (1, 3, ["max_size"])
    assert (rows[1]["max_concurrency"], rows[1]["min_size"], rows[1]["max_size"]) == (10, 1, 5)
    assert json.loads(json.dumps(rows)) == rows


def test_the_events_of_a_resource_name_it() -> None:
    [row] = event_rows([DownstreamLogged(RunTime(3.0), "orders-db", "limit reached")])
    assert row == {"k": "act", "at_s": 3.0, "action": "downstream orders-db", "detail": "limit reached"}


def test_a_late_page_gets_the_last_rows_in_order() -> None:
    rows = event_rows([EventLogged(RunTime(float(at)), "web", str(at)) for at in range(ROWS_MAX + 5)])
    assert len(rows) == ROWS_MAX
    assert (rows[0]["line"], rows[-1]["line"]) == ("5", str(ROWS_MAX + 4))
