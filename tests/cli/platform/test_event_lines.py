"""What `--verbose` prints: every event of a platform as a line, as it happens."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.platform.event_lines import check_loudness, event_line, tell_events
from simulator.model.instance import InstanceState
from simulator.model.times import RunTime
from simulator.records.events import (
    ConfigurationChanged,
    DownstreamLogged,
    Event,
    EventLogged,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)
from simulator.records.journal import Journal

RUN = CliRunner()
AT = RunTime(90.0)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            ScalingDecided(AT, "web", "app-runner", 1, 3, "ceil(25 / 10) = 3", "25 in flight", (), ()),
            "1m30s web: desired 1 -> 3 by app-runner: 25 in flight (ceil(25 / 10) = 3)",
        ),
        (
            InstanceMoved(AT, "web", 2, InstanceState.STARTING, InstanceState.ACTIVE, "became healthy"),
            "1m30s web: instance 2 starting -> active: became healthy",
        ),
        (
            InstanceMoved(AT, "web", 2, InstanceState.STARTING, InstanceState.ACTIVE, ""),
            "1m30s web: instance 2 starting -> active",
        ),
        (EventLogged(AT, "web", "Health check is successful."), "1m30s web: Health check is successful."),
        (TimelineActed(AT, "rate", "x 3"), "1m30s timeline: rate: x 3"),
        (TimelineActed(AT, "rate", ""), "1m30s timeline: rate"),
        (ConfigurationChanged(AT, "web", 50, 1, 9), "1m30s web: max concurrency 50, min size 1, max size 9"),
        (DownstreamLogged(AT, "orders-db", "limit reached"), "1m30s downstream orders-db: limit reached"),
    ],
)
def test_a_line_has_the_time_the_service_and_what_happened(event: Event, line: str) -> None:
    assert event_line(event) == line


def test_earlier_events_are_printed_once_and_later_ones_when_they_happen() -> None:
    journal, lines = Journal(), list[str]()
    journal.record(EventLogged(AT, "web", "before"))
    tell_events(journal, lines.append)
    journal.record(EventLogged(AT, "web", "after"))
    assert lines == ["1m30s web: before", "1m30s web: after"]


def test_quiet_and_verbose_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    check_loudness(quiet=True, verbose=False)
    check_loudness(quiet=False, verbose=True)
    with pytest.raises(typer.Exit) as ended:
        check_loudness(quiet=True, verbose=True)
    assert ended.value.exit_code == 2
    assert "verbose = given, must be left out with --quiet" in capsys.readouterr().err
    for verb in ("run", "serve", "up"):
        done = RUN.invoke(app, [verb, *(["first-look"] if verb == "run" else []), "-q", "-v"])
        assert done.exit_code == 2
        assert "must be left out with --quiet" in done.stderr


def test_a_run_prints_its_decisions_on_standard_error_and_reports_the_same() -> None:
    plain, verbose = RUN.invoke(app, ["run", "first-look"]), RUN.invoke(app, ["run", "first-look", "--verbose"])
    assert verbose.stdout == plain.stdout
    assert "web: desired 1 -> 2 by app-runner: " in verbose.stderr
    assert "web: instance 2 starting -> active: became healthy" in verbose.stderr
    assert "desired" not in plain.stderr
