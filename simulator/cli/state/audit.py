"""`simulator audit`: the calls of the API, as CloudTrail would record them."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from simulator.cli.state.folder import state_folder
from simulator.cli.state.log_commands import LAST_DEFAULT, Tail, reader, show
from simulator.control.audit import is_read
from simulator.control.state.log_entries import EntryKind, LogEntry


def audit(
    changes: bool = typer.Option(False, "--changes", help="Only calls that change something."),
    errors: bool = typer.Option(False, "--errors", help="Only calls that were rejected."),
    last: int = typer.Option(LAST_DEFAULT, min=0, help="Show the last N entries first."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Follow new calls until Ctrl-C."),
    as_json: bool = typer.Option(False, "--json", help="Print whole records, one JSON document per line."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder of the simulator."),
) -> None:
    """Show the calls of the API, as CloudTrail would record them; reads and rejections appear after one second."""

    def wanted(entry: LogEntry) -> bool:
        return not (changes and is_read(entry.stream)) and not (errors and "errorCode" not in json.loads(entry.text))

    with reader(state_folder(state)) as entries:
        tail = Tail(entries, EntryKind.AUDIT, None)
        show(tail, _whole if as_json else _line, wanted=wanted, last=last, follow=follow)


def _whole(entry: LogEntry) -> str:
    return entry.text


def _line(entry: LogEntry) -> str:
    record = json.loads(entry.text)
    who = f"{record['recipientAccountId']}/{record['awsRegion']}  {record['userIdentity']['accessKeyId']}"
    how = f"{record['errorCode']}: {record['errorMessage']}" if "errorCode" in record else "ok"
    return f"{record['eventTime']}  {who}  {record['eventName']}  {how}"
