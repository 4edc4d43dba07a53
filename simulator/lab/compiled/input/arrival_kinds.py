"""The kind of each arrival, and what follows from it: its work, its number in the rows, the resources that it may call.

A kind is one of a source's `requests`. Its work depends on its path and on the size of its bodies
(fleet/simulated/work.py). Kinds are counted over all sources, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from simulator.fleet.simulated.application import DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.work import MB
from simulator.lab.compiled.input.drawn_stream import DrawnStream
from simulator.lab.compiled.input.kind_arrays import KIND, KindArrays, new_kinds
from simulator.lab.compiled.state import World
from simulator.scenario.request_numbers import RequestKind
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.request_choices import RequestChoices, request_choices
from simulator.world.random_streams import RandomStreams

_OTHERS: Final = 0  # the law of all paths that have none of their own


class ArrivalKinds:
    """The kinds of one run.

    `may`: the uses of downstream resources that a kind may call, as bits. `matter`: the kernel must know the kind of a
    request, because its work depends on it, or because its rows have a number of their own.
    """

    def __init__(
        self, scenario: ScenarioSpec, application: SimulatedApplication, streams: RandomStreams, service: str
    ) -> None:
        by_source = [scenario.numbers.kinds(index) for index in range(len(scenario.traffic))]
        self._first = [sum(map(len, by_source[:index])) for index in range(len(by_source))]
        self._choices: list[RequestChoices | None] = [
            request_choices(source, streams, index) if len(kinds) > 1 else None
            for index, (source, kinds) in enumerate(zip(scenario.traffic, by_source, strict=True))
        ]
        self._kinds = [kind for kinds in by_source for kind in kinds]
        self._application = application
        self._service, self._streams = service, streams
        self._work: list[tuple[DrawnStream, DrawnStream]] = []  # CPU and I/O time by law
        self.may = np.array([_may_call(kind, application.downstream) for kind in self._kinds], np.int64)
        self.matter = application.has_kinds_of_work or len(scenario.numbers.sources) > len(scenario.traffic)

    def draw(self, source: int, n: int) -> Any:
        """Return the kinds of the next `n` arrivals of a source."""
        first, choices = self._first[source], self._choices[source]
        return np.full(n, first) if choices is None else first + choices.draw(n)

    def arrays(self, sources: int, chunk: int) -> KindArrays:
        """Return the arrays of a run in which kinds matter."""
        application = self._application
        laws = {work.path: law for law, work in enumerate(application.paths, _OTHERS + 1)}
        self._work = [
            (DrawnStream(cpu, self._stream("cpu", *path)), DrawnStream(io, self._stream("io", *path)))
            for cpu, io, path in (
                (application.cpu, application.io, ()),
                *((work.cpu, work.io, (work.path,)) for work in application.paths),
            )
        ]
        per_mb = [(application.cpu_per_mb_s, application.io_per_mb_s)]
        per_mb += [(work.cpu_per_mb_s, work.io_per_mb_s) for work in application.paths]
        records = []
        for kind in self._kinds:
            law = laws.get(kind.path.partition("?")[0], _OTHERS)
            cpu_s, io_s = per_mb[law]
            more = cpu_s / MB * kind.body_bytes, io_s / MB * kind.body_bytes
            records.append((*more, law, kind.number))
        return new_kinds(np.array(records, KIND), len(self._work), sources, chunk)

    def work(self, world: World) -> None:
        """Supply work of all laws. `work_end` is where that of one of them may be used up."""
        kinds, pool = world.kinds, world.pool[0]
        for law, streams in enumerate(self._work):
            used, end = kinds.cursors[law].tolist()
            ends = [
                stream.refill(array[law], used, end)
                for stream, array in zip(streams, (kinds.cpu, kinds.io), strict=True)
            ]
            kinds.cursors[law] = 0, min(ends)
        pool["work"], pool["work_end"] = 0, kinds.cursors[:, 1].min()

    def _stream(self, *name: str) -> np.random.Generator:
        return self._streams.stream("service", self._service, *name)


def _may_call(kind: RequestKind, uses: Sequence[DownstreamUse]) -> int:
    """Return which uses of downstream resources a request may call, by its path, as bits."""
    path = kind.path.partition("?")[0]
    return sum(1 << place for place, use in enumerate(uses) if not use.paths or path in use.paths)
