"""The number in the row of a request: that of its source, or a separate number for each kind of request.

The kinds of a source (its `requests`, or the steps of its sessions) have separate numbers if a check is about a path or
a name, or in a run that measures their service by path (`ScenarioSpec.with_measured_paths`). Otherwise all of them have
the number of the source. Sources have the numbers 0 to n - 1, so that code without knowledge of kinds can read the
rows; further kinds have the numbers from n on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.sections.session_spec import RequestSpec
from simulator.scenario.sections.traffic_spec import SourceSpec


class RequestKind(NamedTuple):
    """A kind of request. `name` is empty if the file gives none. `body_bytes`: request and response body together.

    `given`: its section of the file; None without one. `client`: the address of its client; empty by default.
    """

    number: int
    path: str = "/"
    name: str = ""
    body_bytes: int = 0
    given: RequestSpec | None = None
    client: str = ""

    def from_address(self, address: str) -> RequestKind:
        """Return the same kind with the address of its client, if it has one."""
        return self._replace(client=address) if address else self

    def is_meant(self, path: str | None, name: str | None) -> bool:
        """Return True if a check with these tags is about this kind.

        The path is compared as written in the file, with or without its query string.
        """
        return (path is None or path in {self.path, self.path.partition("?")[0]}) and name in {None, self.name}


class RequestNumbers:
    """The numbers of all sources of a scenario. The requests of `measured_services` have numbers by kind."""

    def __init__(
        self,
        traffic: Sequence[SourceSpec],
        checks: Iterable[CheckExpression] = (),
        measured_services: Iterable[str] = (),
    ) -> None:
        self.measured_services = frozenset(measured_services)
        checked = any(check.tag("path") is not None or check.tag("name") is not None for check in checks)
        self._kinds: list[list[RequestKind]] = []
        self.sources = list(range(len(traffic)))  # by number
        for index, source in enumerate(traffic):
            kinds, apart = [], checked or source.service in self.measured_services
            for place, request in enumerate(source.kinds):
                number = index if place == 0 or not apart else len(self.sources)
                if number == len(self.sources):
                    self.sources.append(index)
                kinds.append(RequestKind(number, request.path, request.name, request.body_bytes, request))
            self._kinds.append(kinds)

    @classmethod
    def of_plain_sources(cls, sources: int) -> RequestNumbers:
        """Return numbers in which each source has its own and there are no kinds."""
        numbers = cls(())
        numbers.sources = list(range(sources))
        numbers._kinds = [[RequestKind(number)] for number in numbers.sources]
        return numbers

    def kinds(self, index: int) -> Sequence[RequestKind]:
        """Return the kinds of the source at position `index`, in the order of the file."""
        return self._kinds[index]

    def of_sources(self, indexes: Iterable[int]) -> list[int]:
        """Return all numbers of these sources, including those of their kinds."""
        wanted = set(indexes)
        return [number for number, index in enumerate(self.sources) if index in wanted]

    def meant(self, indexes: Iterable[int], path: str | None, name: str | None) -> list[int]:
        """Return the numbers of the kinds of these sources that a check's tags select."""
        kinds = [kind for index in indexes for kind in self._kinds[index]]
        return sorted({kind.number for kind in kinds if kind.is_meant(path, name)})
