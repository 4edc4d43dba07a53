"""The address of the container engine."""

from __future__ import annotations

import os

from simulator.cli.exit_codes import bad_input
from simulator.fleet.docker.engine_address import DEFAULT_HOST as DEFAULT_ENGINE
from simulator.fleet.docker.engine_address import check_host as check_engine


def engine_host(given: str | None) -> str:
    """Return `given`, else the address that Docker's own client would use. An invalid address ends the command."""
    host = given or os.environ.get("DOCKER_HOST")  # noqa: TID251 cli is the reader of the environment
    try:
        return check_engine(host or DEFAULT_ENGINE)
    except ValueError as error:
        bad_input(str(error))
