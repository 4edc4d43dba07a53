"""What is watched: a run of a scenario, or a simulator that serves. The show and its frames know only this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from simulator.assembly import Platform
from simulator.console.chart_columns import beside_series
from simulator.console.live_operations import operation_rows
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.records.instance_time import InstanceTime
from simulator.records.request_log import Chunk
from simulator.replay.bookkeeping import Recent
from simulator.replay.policy_fit import NoteKind, policy_notes
from simulator.replay.stage import Stage
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import prices_text, rates_of


class Scene(Protocol):
    """Lives on the loop of the platform. Services go by their names there."""

    @property
    def platform(self) -> Platform: ...

    def about(self) -> dict[str, Any]:
        """Title, clock, duration and seed (null where there is none), for the head of the page."""

    def about_service(self, name: str) -> dict[str, Any]:
        """Name, URL, size, policy, status: for the list of services."""

    def version(self) -> int:
        """Grows when something may have changed that is told of services and operations."""

    def operations(self) -> list[dict[str, Any]] | None:
        """The control plane's (live_operations.py); None where there is none."""

    def size(self, name: str) -> InstanceSize: ...

    def rates(self, name: str) -> Rates | None:
        """What it is billed with; None where its Region's prices are not known."""

    def scaling(self, name: str) -> AutoScalingConfiguration:
        """While nothing of it serves."""

    def factor(self, name: str) -> float | None:
        """Of its traffic; None when nobody here makes it."""

    def lately(self, name: str) -> Recent: ...

    def series(self, name: str) -> dict[str, Any]:
        """Columns of the charts, as the report has them and beside them; `from_s`: where the first bin begins."""

    def on_chunk(self, read: Callable[[Chunk], None]) -> None:
        """Hear of requests that ended."""

    def attended(self, present: bool) -> None:
        """Somebody begins to watch, or nobody does any more."""

    def flush(self) -> None:
        """Hand out the requests that have ended by now."""

    def rows(self, name: str, chunk: Chunk) -> Chunk:
        """Those of a service."""


class RunScene:
    """A run, with the run's own books: watching it costs nothing that the report does not need anyway."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._times = {name: InstanceTime(name) for name in stage.scenario.services}
        self._facts_read = 0

    @property
    def platform(self) -> Platform:
        return self._stage.platform

    def about(self) -> dict[str, Any]:
        scenario = self._stage.scenario
        notes = [
            f"{'Warning: ' if note.kind is NoteKind.CANNOT_ACT else ''}{note.service}: {note.text}."
            for note in policy_notes(scenario)
        ]
        return {
            "title": scenario.name,
            "clock": self._stage.clock.value,
            "duration_s": scenario.duration_s,
            "warm_up_s": scenario.warm_up_s,
            "seed": scenario.seed,
            "notes": notes,
            "marks": "acts",  # the timeline's and the console's, which begin the operations
        }

    def about_service(self, name: str) -> dict[str, Any]:
        service, front = self.platform.services[name], self.platform.front
        size = self.size(name)
        return {
            "name": name,
            "url": None if front is None else front.url(service.host) + "/",
            "cpu": size.vcpu,
            "memory_gb": size.memory_gb,
            "policy": service.autoscaler.policy.name,
            "status": "RUNNING" if service.revision is not None else "PAUSED",
            "prices": self._prices_text(name),
        }

    def version(self) -> int:
        control = self._stage.control
        return 0 if control is None else control.plane.registry.version

    def operations(self) -> list[dict[str, Any]] | None:
        control = self._stage.control
        return None if control is None else operation_rows(control.plane, self.platform.clock.at_s())

    def size(self, name: str) -> InstanceSize:
        return self._stage.scenario.services[name].size

    def _prices_text(self, name: str) -> str:
        region = self._stage.scenario.services[name].prices.region
        estimated = prices_text(region, self._stage.scenario.services[name].prices.rates)[1]
        return f"{region} (estimated)" if estimated else region

    def rates(self, name: str) -> Rates:
        prices = self._stage.scenario.services[name].prices
        return prices.rates or rates_of(prices.region)

    def scaling(self, name: str) -> AutoScalingConfiguration:
        return self._stage.scenario.services[name].scaling

    def factor(self, name: str) -> float | None:
        return self._stage.knobs.factor(name)

    def lately(self, name: str) -> Recent:
        return self._stage.books.lately(name)

    def series(self, name: str) -> dict[str, Any]:
        facts = self.platform.journal.facts
        for fact in facts[self._facts_read :]:
            for times in self._times.values():
                times.read(fact)
        self._facts_read = len(facts)
        books, size = self._stage.books, self.size(name)
        series = books.series_so_far(self.platform, self.platform.services[name], self._times[name])
        beside = beside_series(series, books.presence(name), self.rates(name), size.vcpu, size.memory_gb)
        return series.model_dump() | beside | {"from_s": 0.0}

    def on_chunk(self, read: Callable[[Chunk], None]) -> None:
        self._stage.books.log.on_chunk(read)

    def attended(self, present: bool) -> None:
        """The books are kept in any case."""

    def flush(self) -> None:
        self._stage.books.log.flush()

    def rows(self, name: str, chunk: Chunk) -> Chunk:
        scenario = self._stage.scenario
        sources = scenario.sources_of(name)
        if len(sources) == len(scenario.traffic):
            return chunk
        return rows_of(chunk, scenario.numbers.of_sources(sources))


def rows_of(chunk: Chunk, sources: list[int]) -> Chunk:
    """The rows of those sources."""
    picked = np.flatnonzero(np.isin(chunk.source, sources))
    return Chunk(*(getattr(chunk, name)[picked] for name in Chunk.__dataclass_fields__))
