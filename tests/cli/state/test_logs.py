"""`simulator logs`: the streams that its options select, and lines as App Runner's console shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli import app
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store import Store

ARN = f"arn:aws:apprunner:us-east-1:123456789012:service/web/{'a' * 32}"
AT = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC
LINES = [
    ("events", "[AppRunner] Service creation started."),
    ("deployment/one", "[AppRunner] Starting to deploy your application image."),
    ("instance/1", "listening"),
    ("deployment/two", "[Build] Step 1/3"),
    ("events", "[AppRunner] Service status is set to RUNNING."),
]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    store = Store(tmp_path / STORE_NAME)
    store.write(
        entries=[
            LogEntry(EntryKind.LOG, AT + number, "123456789012/us-east-1", ARN, stream, text)
            for number, (stream, text) in enumerate(LINES)
        ]
    )
    yield tmp_path
    store.close()


def logs(state: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["logs", "web", "--state", str(state), *options])


def test_the_event_log_is_the_default(state: Path) -> None:
    done = logs(state)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "11-14-2023 10:13:20 PM [AppRunner] Service creation started.",
        "11-14-2023 10:13:24 PM [AppRunner] Service status is set to RUNNING.",
    ]


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--deployment", "two"], ["[Build] Step 1/3"]),
        (
            ["--deployment", "all"],
            [
                "deployment/one [AppRunner] Starting to deploy your application image.",
                "deployment/two [Build] Step 1/3",
            ],
        ),
        (["--instance", "1"], ["listening"]),
        (["--instance", "all"], ["instance/1 listening"]),
        (["--instance", "2"], []),
        (["--last", "1"], ["[AppRunner] Service status is set to RUNNING."]),
    ],
)
def test_the_options_choose_the_stream_and_name_it_if_there_are_several(
    state: Path, options: list[str], shown: list[str]
) -> None:
    done = logs(state, *options)
    assert done.exit_code == 0
    assert [line.split(" ", 3)[3] for line in done.output.splitlines()] == shown


def test_two_streams_at_once_are_an_error(state: Path) -> None:
    done = logs(state, "--deployment", "all", "--instance", "all")
    assert done.exit_code == 2
    assert "must be left out together with deployment" in done.output
