"""`simulator logs`: the log streams of a service, as CloudWatch Logs would hold them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.state.folder import state_folder
from simulator.cli.state.log_commands import LAST_DEFAULT, Tail, reader, service_arn, show
from simulator.control.operations.service_events import EVENTS_STREAM
from simulator.control.state.log_entries import EntryKind, LogEntry


def logs(
    service: str = typer.Argument(..., metavar="SERVICE", help="Its name, id or ARN."),
    deployment: str | None = typer.Option(
        None, metavar="ID", help="Show a deployment's log, by its operation's id; `all` for all deployments."
    ),
    instance: str | None = typer.Option(
        None, metavar="ID", help="Show an instance's output, by its id; `all` for all instances."
    ),
    last: int = typer.Option(LAST_DEFAULT, min=0, help="Show the last N lines first."),
    follow: bool = typer.Option(False, "--follow", "-f", help="Follow new lines until Ctrl-C."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder of the simulator."),
) -> None:
    """Show a service's event log, or the log of a deployment or an instance."""
    if deployment is not None and instance is not None:
        bad_input("instance = given, must be left out together with deployment")
    stream, several = EVENTS_STREAM, False
    for name, identifier in (("deployment", deployment), ("instance", instance)):
        if identifier is not None:
            several = identifier == "all"
            stream = f"{name}/" if several else f"{name}/{identifier}"

    def wanted(entry: LogEntry) -> bool:
        return entry.stream.startswith(stream) if several else entry.stream == stream

    def shown(entry: LogEntry) -> str:
        return _line(entry, stream=entry.stream if several else "")

    with reader(state_folder(state)) as entries:
        tail = Tail(entries, EntryKind.LOG, service_arn(entries, service))
        show(tail, shown, wanted=wanted, last=last, follow=follow)


def _line(entry: LogEntry, *, stream: str) -> str:
    """Format a line as App Runner's console shows it (facts 11.1), in UTC."""
    at = datetime.fromtimestamp(entry.at, UTC).strftime("%m-%d-%Y %I:%M:%S %p")
    return f"{at} {stream} {entry.text}" if stream else f"{at} {entry.text}"
