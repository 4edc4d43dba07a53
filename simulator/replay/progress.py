"""The progress of a run, as it is passed to a watcher. Watchers themselves are part of the console."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ProgressView(NamedTuple):
    """The state of a run at a moment, all services together. Times are seconds since the platform started; rates are
    means over the last few seconds.

    Requests are those of the scenario's traffic; `outside_rps` is the rate of all others, from other clients of the
    services while they run in real time. `failed_rps` is the rate of errors: rejected and failed requests. `in_flight`
    requests occupy a slot, `waiting` ones wait for one. `active`, `provisioned` and `desired` are numbers of instances.
    `p50_s` and `p99_s` are latencies of requests served in the last seconds, None if there were none.
    """

    now_s: float
    duration_s: float
    offered_rps: float
    served_rps: float
    failed_rps: float
    in_flight: int
    waiting: int
    active: int
    provisioned: int
    desired: int
    p50_s: float | None
    p99_s: float | None
    outside_rps: float = 0.0


class Watcher(Protocol):
    """Receives views of a run.

    Call `due` first: it takes one reading of the clock, while building a view takes longer.
    """

    def due(self) -> bool:
        """Return True if an update is due."""

    def update(self, view: ProgressView) -> None:
        """Show the view."""


class SilentWatcher:
    """A watcher for which no update is ever due."""

    def due(self) -> bool:
        return False

    def update(self, view: ProgressView) -> None:
        """Do nothing."""
