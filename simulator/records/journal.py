"""The journal: stores facts in the order in which they happened and passes each to subscribers."""

from __future__ import annotations

from collections.abc import Callable

from simulator.records.facts import Fact


class Journal:
    """Stores a few facts per instance and decision; requests go to the request log, which is bounded."""

    def __init__(self, facts_max: int | None = None) -> None:
        """Create an empty journal. `facts_max`: at least so many of the newest facts are kept; None keeps all."""
        self.facts: list[Fact] = []
        self.recorded = 0  # number of facts so far, including discarded ones
        self._facts_max = facts_max
        self._readers: list[Callable[[Fact], None]] = []

    def record(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.recorded += 1
        if self._facts_max is not None and len(self.facts) > 2 * self._facts_max:
            del self.facts[: -self._facts_max]
        for read in self._readers:
            read(fact)

    def since(self, recorded: int) -> list[Fact]:
        """Return the facts after the first `recorded` ones, as far as they are still stored."""
        news = self.recorded - recorded
        return self.facts[-news:] if news > 0 else []

    def subscribe(self, read: Callable[[Fact], None]) -> None:
        self._readers.append(read)
