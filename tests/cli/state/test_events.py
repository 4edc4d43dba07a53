"""`simulator events`: a line per event, or the whole document, of all services or of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli import app
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store


def event(name: str, message: str) -> dict[str, Any]:
    detail = {"serviceName": name, "message": message}
    return {"time": "2023-11-14T22:13:20Z", "region": "us-east-1", "detail": detail}


EVENTS = [event("web", "Service creation started."), event("api", "Service pause started.")]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    store = Store(tmp_path / STORE_NAME)
    entries = []
    for each in EVENTS:
        name = each["detail"]["serviceName"]
        arn = f"arn:aws:apprunner:us-east-1:123456789012:service/{name}/{'a' * 32}"
        entries += [
            LogEntry(EntryKind.LOG, 0.0, "123456789012/us-east-1", arn, "events", "a line of a log"),
            LogEntry(EntryKind.EVENT, 0.0, "123456789012/us-east-1", arn, "Status Change", json.dumps(each)),
        ]
    store.write(entries=entries)
    yield tmp_path
    store.close()


def events(state: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["events", "--state", str(state), *options])


def test_an_event_is_a_line_and_lines_of_logs_are_left_out(state: Path) -> None:
    done = events(state)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "2023-11-14T22:13:20Z  us-east-1  web  Service creation started.",
        "2023-11-14T22:13:20Z  us-east-1  api  Service pause started.",
    ]


def test_the_events_of_one_service_are_chosen_by_its_name(state: Path) -> None:
    assert [line.split("  ")[2] for line in events(state, "--service", "api").output.splitlines()] == ["api"]


def test_the_last_events_only(state: Path) -> None:
    assert [line.split("  ")[2] for line in events(state, "--last", "1").output.splitlines()] == ["api"]


def test_as_json_each_line_is_the_whole_event(state: Path) -> None:
    assert [json.loads(line) for line in events(state, "--json").output.splitlines()] == EVENTS


def test_an_unknown_service_is_an_error_with_the_nearest_name(state: Path) -> None:
    done = events(state, "--service", "wed")
    assert done.exit_code == 2
    assert "did you mean `web`?" in done.output
