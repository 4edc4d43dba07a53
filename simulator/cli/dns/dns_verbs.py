"""`simulator dns`: adds, removes and checks records in the DNS of `simulator serve`, kept in its state folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from simulator.cli.dns.named_resources import RECORDS_NAME, named_resources, service_name
from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.printing import echo
from simulator.cli.state.folder import state_folder
from simulator.model.text.problems import one_of
from simulator.world.private_files import make_private_folder

dns = typer.Typer(
    help="Records in the DNS of `simulator serve --dns-port`, which applies every change at once.",
    no_args_is_help=True,
    add_completion=False,
)

_STATE_HELP: Final = "State folder of the simulator, which may be running."


@dns.callback()
def _dns() -> None:
    """Records in the DNS of `simulator serve --dns-port`, which applies every change at once."""


@dns.command()
def add(
    name: str = typer.Argument(..., metavar="NAME", help="Name of the record, such as www.acme.dev."),
    kind: str = typer.Argument(..., metavar="TYPE", help="CNAME, A, AAAA, TXT, CAA or another type."),
    value: str = typer.Argument(..., metavar="VALUE", help="Its value, as in a zone file."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
) -> None:
    """Add a record."""
    with _records(state_folder(state)) as records:
        echo(records.add(name, kind, value))


@dns.command()
def remove(
    name: str = typer.Argument(..., metavar="NAME", help="Name of the records."),
    kind: str | None = typer.Argument(None, metavar="[TYPE]", help="Their type; default: all types."),
    value: str | None = typer.Argument(None, metavar="[VALUE]", help="The value of one record; default: all."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
) -> None:
    """Remove records."""
    with _records(state_folder(state)) as records:
        for line in records.remove(name, kind, value):
            echo(f"removed: {line}")


@dns.command("list")
def list_records(state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP)) -> None:
    """Print all added records in the format of a zone file."""
    from simulator.wire.dns.zone_file import lines_of  # noqa: PLC0415 it imports the DNS library

    with _records(state_folder(state)) as records:
        for line in lines_of(records.nodes):
            echo(line)


@dns.command()
def check(
    domain: str | None = typer.Argument(None, metavar="[DOMAIN]", help="Only this custom domain."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
) -> None:
    """Compare the validation records that custom domains need with the added ones."""
    folder = state_folder(state)
    known = named_resources(folder).domains
    domains = [each for each in known if domain is None or each.domain == domain.lower()]
    if domain is not None and not domains:
        names = [each.domain for each in known]
        bad_input(f"domain = {domain}, must be {one_of(domain, names) if names else 'associated with a service first'}")
    with _records(folder) as records:
        for each in domains:
            echo(f"{each.domain} of {service_name(each)}: {each.status}")
            for record in each.records:
                found = records.values(record["Name"], record["Type"])
                if any(value.lower() == record["Value"].lower() for value in found):
                    echo(f"  right    {record['Name']}")
                    continue
                echo(f"  {'wrong  ' if found else 'missing'}  {record['Name']} {record['Type']} {record['Value']}")
                for value in found:
                    echo(f"           found {value}")


@contextlib.contextmanager
def _records(state: Path) -> Iterator[Any]:
    """Open the records for exclusive use. A rejected change ends the command with its message."""
    from simulator.wire.dns.zone_file import ZoneFile  # noqa: PLC0415 it imports the DNS library

    try:
        make_private_folder(state)
        held = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield ZoneFile(state / RECORDS_NAME)
        finally:
            os.close(held)
    except ValueError as error:
        bad_input(str(error))
    except OSError as error:
        cannot(error)
