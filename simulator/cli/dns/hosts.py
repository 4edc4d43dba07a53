"""`simulator hosts`: host names of services as lines of a hosts file, for programs that resolve names only by it."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.dns.hosts_file import MalformedBlock, with_block, write_hosts
from simulator.cli.dns.named_resources import named_resources
from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.printing import echo
from simulator.cli.state.folder import state_folder
from simulator.edge.live.front import HOST


def hosts(
    write: Path | None = typer.Option(
        None, metavar="FILE", help="Write the lines into this file, /etc/hosts for example, between two markers."
    ),
    remove: bool = typer.Option(False, "--remove", help="With --write: remove the lines and the markers."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder of the simulator."),
) -> None:
    """Print the names of all services as lines of a hosts file, or write them into one."""
    if remove and write is None:
        bad_input("--remove = given, must come with --write FILE")
    lines = [] if remove else hosts_lines(state_folder(state))
    if write is None:
        for line in lines:
            echo(line)
        return
    try:
        changed = write_hosts(write, lambda text: with_block(text, lines))
    except MalformedBlock as error:
        bad_input(f"--write = {str(write)!r}, {error}")
    except OSError as error:
        cannot(error, f"--write = {str(write)!r}, cannot be written: {error.strerror or error}; it is unchanged")
    echo(f"{write}: {len(lines)} lines written" if changed else f"{write}: nothing has changed")


def hosts_lines(state: Path) -> list[str]:
    """Return a line for each service. Wildcard domains become comments, because a hosts file has no wildcards."""
    lines = []
    for service, names in named_resources(state).hosts():
        plain = [name for name in names if not name.startswith("*.")]
        if plain:
            lines.append(f"{HOST} {' '.join(plain)}  # {service}")
        lines += [f"# {name} of {service}: a hosts file has no wildcards" for name in names if name not in plain]
    return lines
