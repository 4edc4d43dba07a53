"""Which registered targets receive requests: the healthy ones, or all of them if too few are healthy (fail open)."""

from __future__ import annotations


class TargetHealth:
    """The targets of a group, identified by number, in the order of their registration.

    A target is registered when it has passed its first health check, and is healthy then. With fewer than
    `minimum_healthy` healthy targets the group fails open: every registered target receives requests.
    """

    def __init__(self, minimum_healthy: int = 1) -> None:
        self._minimum_healthy = minimum_healthy
        self._healthy: dict[int, bool] = {}

    @property
    def fails_open(self) -> bool:
        """True if unhealthy targets receive requests, because too few are healthy."""
        healthy = sum(self._healthy.values())
        return healthy < min(self._minimum_healthy, len(self._healthy))

    @property
    def routed(self) -> list[int]:
        """The targets that receive requests."""
        if self.fails_open:
            return list(self._healthy)
        return [number for number, healthy in self._healthy.items() if healthy]

    def register(self, number: int) -> None:
        """Add a target that has passed its first health check."""
        self._healthy[number] = True

    def deregister(self, number: int) -> None:
        """Remove a target; no effect if it is not registered."""
        self._healthy.pop(number, None)

    def change(self, number: int, *, healthy: bool) -> None:
        """Change the health of a registered target."""
        if number in self._healthy:
            self._healthy[number] = healthy
