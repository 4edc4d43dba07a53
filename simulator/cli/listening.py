"""Preparation of every verb that listens, and its error if a port is not available."""

from __future__ import annotations

import gc
import resource
from collections.abc import Mapping
from typing import NoReturn

from simulator.cli.exit_codes import bad_input, broke, is_of_the_machine
from simulator.wire.listening import CannotListen


def allow_many_files() -> None:
    """Raise the limit of open files to the maximum.

    A request needs three: sockets of the client, of the balancer and of the instance.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_what_started() -> None:
    """Exclude the existing objects from garbage collection. They are in use until the verb ends.

    Scanning them would block the event loop, and so all requests, for 50 ms.
    """
    gc.collect()
    gc.freeze()


def cannot_open(error: OSError, ports: Mapping[str, int]) -> NoReturn:
    """End the command that could not open its listeners. `ports`: requested port by option."""
    if isinstance(error, CannotListen):
        bad_input(unheard(error, ports))
    if is_of_the_machine(error):
        broke(f"the simulator failed: {error}")
    bad_input(str(error))


def unheard(error: CannotListen, ports: Mapping[str, int]) -> str:
    """Describe to which option the port belongs, why it is not available, and a remedy."""
    options = [option for option, port in ports.items() if port == error.port]
    if not options:
        return str(error)
    if len(options) > 1:
        return f"{' and '.join(options)} = {error.port}, must be different ports"
    return f"{options[0]} = {error.port}, is {error.reason}; {options[0]} 0 takes any free one"
