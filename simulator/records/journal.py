"""The journal: facts in the order in which they happened, kept, and told to readers as they come."""

from __future__ import annotations

from collections.abc import Callable

from simulator.records.facts import Fact


class Journal:
    """Facts only, a few per instance and decision; requests go to the request log, which is bounded."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self._readers: list[Callable[[Fact], None]] = []

    def record(self, fact: Fact) -> None:
        self.facts.append(fact)
        for read in self._readers:
            read(fact)

    def subscribe(self, read: Callable[[Fact], None]) -> None:
        self._readers.append(read)
