"""The journal: stores facts in the order in which they happened and passes each to subscribers."""

from __future__ import annotations

from collections.abc import Callable

from simulator.records.events import Event


class Journal:
    """Stores a few facts per instance and decision; requests go to the request log, which is bounded."""

    def __init__(self, events_max: int | None = None) -> None:
        """Create an empty journal. `events_max`: at least so many of the newest facts are kept; None keeps all."""
        self.events: list[Event] = []
        self.recorded = 0  # number of facts so far, including discarded ones
        self._facts_max = events_max
        self._readers: list[Callable[[Event], None]] = []

    def record(self, event: Event) -> None:
        self.events.append(event)
        self.recorded += 1
        if self._facts_max is not None and len(self.events) > 2 * self._facts_max:
            del self.events[: -self._facts_max]
        for read in self._readers:
            read(event)

    def since(self, recorded: int) -> list[Event]:
        """Return the facts after the first `recorded` ones, as far as they are still stored."""
        news = self.recorded - recorded
        return self.events[-news:] if news > 0 else []

    def subscribe(self, read: Callable[[Event], None]) -> None:
        self._readers.append(read)
