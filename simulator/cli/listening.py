"""What every verb that listens does first, and what it says when a port cannot be had."""

from __future__ import annotations

import gc
import resource
from collections.abc import Mapping
from typing import NoReturn

from simulator.cli.exits import bad_input, broke, is_of_the_machine
from simulator.wire.listening import CannotListen


def allow_many_files() -> None:
    """As many open files as the system allows: a request takes three (the client's, the balancer's, an instance's)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_what_started() -> None:
    """What is there once a verb listens stays to its end, so that collections of garbage no longer look through it.

    They would take 50 ms of a turn of the event loop, for which all requests wait.
    """
    gc.collect()
    gc.freeze()


def cannot_open(error: OSError, ports: Mapping[str, int]) -> NoReturn:
    """Ends the command that could not open its listeners; `ports`: what its options ask for."""
    if isinstance(error, CannotListen):
        bad_input(unheard(error, ports))
    if is_of_the_machine(error):
        broke(f"the simulator failed: {error}")
    bad_input(str(error))


def unheard(error: CannotListen, ports: Mapping[str, int]) -> str:
    """Which option the port is of, why it cannot be had, and what helps."""
    options = [option for option, port in ports.items() if port == error.port]
    if not options:
        return str(error)
    if len(options) > 1:
        return f"{' and '.join(options)} = {error.port}, must be ports of their own"
    return f"{options[0]} = {error.port}, is {error.reason}; {options[0]} 0 takes any free one"
