"""The port of the console, and the error if the port is not available."""

from __future__ import annotations

from typing import Final, NoReturn

from simulator.cli.listening import cannot_open

DEFAULT_PORT: Final = 8700


OPTION: Final = "--console-port"


def port_taken(port: int, error: OSError) -> NoReturn:
    """End the command with the error that the console's port is taken."""
    cannot_open(error, {OPTION: port})
