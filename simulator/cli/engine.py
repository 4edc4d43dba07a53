"""Where the container engine is."""

from __future__ import annotations

import os

from simulator.assembly import DEFAULT_ENGINE, check_engine
from simulator.cli.exits import bad_input

ENGINE_HELP = "The container engine, unix:///path or tcp://host:port; else DOCKER_HOST, else Docker's default socket."


def engine_host(given: str | None) -> str:
    """`given`, or what docker's own client goes by, or its default. Bad input when it cannot be one."""
    told = given or os.environ.get("DOCKER_HOST")  # noqa: TID251 cli is the reader of the environment
    try:
        return check_engine(told or DEFAULT_ENGINE)
    except ValueError as error:
        bad_input(str(error))
