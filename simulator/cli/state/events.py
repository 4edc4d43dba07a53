"""`simulator events`: the events that EventBridge would deliver."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from simulator.cli.state.folder import state_folder
from simulator.cli.state.log_commands import LAST_DEFAULT, Tail, reader, service_arn, show
from simulator.control.state.log_entries import EntryKind, LogEntry


def events(
    service: str | None = typer.Option(
        None, metavar="SERVICE", help="Only events of this service: its name, id or ARN."
    ),
    last: int = typer.Option(LAST_DEFAULT, min=0, help="Show the last N entries first."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Follow new events until Ctrl-C."),
    as_json: bool = typer.Option(False, "--json", help="Print whole events, one JSON document per line."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder of the simulator."),
) -> None:
    """Show events of services, as EventBridge would deliver them."""
    with reader(state_folder(state)) as entries:
        arn = service_arn(entries, service) if service is not None else None
        show(Tail(entries, EntryKind.EVENT, arn), _whole if as_json else _line, last=last, follow=follow)


def _whole(entry: LogEntry) -> str:
    return entry.text


def _line(entry: LogEntry) -> str:
    event = json.loads(entry.text)
    return f"{event['time']}  {event['region']}  {event['detail']['serviceName']}  {event['detail']['message']}"
