"""What a run tells whoever watches it. The watcher itself is the console's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ProgressView:
    """A run at a moment, all services together. Seconds since the platform started; rates over the last few seconds.

    Requests are those of the scenario's traffic; `outside_rps` are all others, from other clients of the services
    while they run in real time. `in_flight`: requests that hold a slot; `waiting`: those that wait for one. `active`,
    `provisioned`, `desired`: instances. `p50_s`, `p99_s`: latency of requests served lately, None without any.
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
    """Ask `due` first, as often as you like: it costs a clock reading, while a view has to be put together."""

    def due(self) -> bool:
        """Whether somebody wants to see an update now."""

    def update(self, view: ProgressView) -> None:
        """Show it."""


class NobodyWatches:
    """A watcher that is never due."""

    def due(self) -> bool:
        return False

    def update(self, view: ProgressView) -> None:
        """Nothing to show it on."""
