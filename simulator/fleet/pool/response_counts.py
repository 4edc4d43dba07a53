"""Counts of the responses of one revision, for an alarm that compares how many of them failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simulator.records.outcomes import OutcomeReceiver


class ResponseCount(NamedTuple):
    """Numbers of responses. `failed`: with a status of 4xx or 5xx."""

    total: int = 0
    failed: int = 0

    def since(self, before: ResponseCount) -> ResponseCount:
        """Return the responses after `before`."""
        return ResponseCount(self.total - before.total, self.failed - before.failed)


class ResponseCounts:
    """Counts responses and passes each outcome on to `receiver`, if there is one."""

    __slots__ = ("_receiver", "failed", "total")

    def __init__(self, receiver: OutcomeReceiver | None) -> None:
        self._receiver = receiver
        self.total = self.failed = 0

    def add(self, status: int, total_s: float, queue_s: float, cold_s: float, service_s: float) -> None:
        self.total += 1
        self.failed += 400 <= status < 600
        if self._receiver is not None:
            self._receiver.add(status, total_s, queue_s, cold_s, service_s)

    @property
    def now(self) -> ResponseCount:
        return ResponseCount(self.total, self.failed)
