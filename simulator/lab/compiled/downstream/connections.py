"""The connections of a compiled instance, as the platform knows them: opened at its start, closed at its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from simulator.fleet.ports import Backend
from simulator.fleet.simulated.connection_watch import full_line, storm_line
from simulator.lab.compiled.downstream.event_kernel import close_pools, warm
from simulator.lab.compiled.downstream.figures_kernel import INSTANCES_BITS
from simulator.lab.compiled.state import FULL

# Runs a kernel function with its arguments at the loop's time.
Do = Callable[..., None]


class CompiledConnections:
    """The connections of the instance in `row`."""

    def __init__(self, do: Do, row: int) -> None:
        self._do, self._row = do, row

    def warm(self) -> None:
        self._do(warm, self._row)

    def close(self) -> None:
        self._do(close_pools, self._row)


class _CallsResources(Protocol):
    def use_pools(self, pools: Sequence[Any], /) -> None: ...


def connect(backend: Backend, do: Do, row: int) -> None:
    """Let the instance in `row` open and close its connections in the kernel."""
    cast("_CallsResources", backend).use_pools([CompiledConnections(do, row)])


def line_of(kind: int, limit: int, number: int) -> str:
    """Return the line of a notification of the kernel about a resource."""
    if kind == FULL:
        return full_line(limit, waits=bool(number))
    return storm_line(number >> INSTANCES_BITS, number & (2**INSTANCES_BITS - 1))
