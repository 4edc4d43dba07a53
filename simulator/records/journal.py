"""The journal: facts in the order in which they happened, kept, and told to readers as they come."""

from __future__ import annotations

from collections.abc import Callable

from simulator.records.facts import Fact


class Journal:
    """Facts only, a few per instance and decision; requests go to the request log, which is bounded."""

    def __init__(self, facts_max: int | None = None) -> None:
        """`facts_max`: how many of the last ones are kept at the least, for what runs for ever; None keeps all."""
        self.facts: list[Fact] = []
        self.recorded = 0  # so far, those included that are not kept any more
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
        """What came after the first `recorded` facts, as far as it is kept."""
        news = self.recorded - recorded
        return self.facts[-news:] if news > 0 else []

    def subscribe(self, read: Callable[[Fact], None]) -> None:
        self._readers.append(read)
