"""The progress of a run, as given to a watcher. The watcher itself is part of the console."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class ProgressView(NamedTuple):
    """The state of a run at a moment, all services together. Seconds since the platform started; rates over the last
    few seconds.

    Requests are those of the scenario's traffic; `outside_rps` are all others, from other clients of the services while
    they run in real time. `failed_rps` counts errors: rejected and failed requests. `in_flight`: requests that occupy a
    slot; `waiting`: those that wait for a slot. `active`, `provisioned`, `desired`: instances. `p50_s`, `p99_s`:
    latency of requests served in the last seconds, None without any.
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

    Call `due` first, as often as needed: it costs one clock reading, while building a view costs more.
    """

    def due(self) -> bool:
        """Return whether an update is wanted now."""

    def update(self, view: ProgressView) -> None:
        """Show the view."""


class SilentWatcher:
    """A watcher that is never due."""

    def due(self) -> bool:
        return False

    def update(self, view: ProgressView) -> None:
        """Do nothing."""
