"""The subject of a console, a run of a scenario or a simulator that serves, for `SnapshotPublisher` and frames."""

from __future__ import annotations

from typing import Any, Final, Protocol

import numpy as np

from simulator.console.live.operations import operation_rows
from simulator.console.report.chart_columns import beside_series
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.platform import Platform
from simulator.records.instance_time import InstanceTime
from simulator.records.request_log import Chunk
from simulator.replay.run_context import RunContext
from simulator.replay.run_recorder import Recent
from simulator.report.report import verdict_so_far
from simulator.report.verdict.part import VerdictPart
from simulator.rules.pricing import Rates
from simulator.rules.region_prices import prices_text
from simulator.traffic.policy_fit import NoteKind, policy_notes

_VERDICT_FROM_S: Final = 1.0  # seconds of the run before which there is too little to say


class ViewModel(Protocol):
    """The data of a console.

    Used on the loop of the platform. Services are identified by their names on the platform.
    """

    @property
    def platform(self) -> Platform: ...

    def about(self) -> dict[str, Any]:
        """Return title, clock, duration and seed (None if there is none), for the top of the page."""

    def about_service(self, name: str) -> dict[str, Any]:
        """Return name, URL, size, policy and status, for the list of services."""

    def version(self) -> int:
        """Return a number that increases whenever the data of services and operations may have changed."""

    def operations(self) -> list[dict[str, Any]] | None:
        """Return the control plane's operations (operations.py); None if there is no control plane."""

    def size(self, name: str) -> InstanceSize: ...

    def rates(self, name: str) -> Rates | None:
        """Return the service's prices; None if those of its Region are not known."""

    def scaling(self, name: str) -> AutoScalingConfiguration:
        """Return the configuration that applies while the service has no revision."""

    def factor(self, name: str) -> float | None:
        """Return the factor of the service's traffic; None if the traffic comes from outside."""

    def recent(self, name: str) -> Recent: ...

    def series(self, name: str) -> dict[str, Any]:
        """Return the columns of the charts, including those that the report lacks.

        `from_s`: the start of the first bin.
        """

    def verdict(self) -> dict[str, Any] | None:
        """Return what happened to the requests so far, as the report has it; None if there are no records of them."""

    def attended(self, present: bool) -> None:
        """Handle that the first page was opened (True) or the last one was closed (False)."""

    def flush(self) -> None:
        """Pass on the requests that have ended by now."""

    def rows(self, name: str, chunk: Chunk) -> Chunk:
        """Return the rows of a service."""


class RunViewModel:
    """A run, with its own records. Watching needs only data that the report needs too."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._times = {name: InstanceTime(name) for name in context.scenario.services}
        self._facts_read = 0

    @property
    def platform(self) -> Platform:
        return self._context.platform

    def about(self) -> dict[str, Any]:
        scenario = self._context.scenario
        notes = [
            f"{'Warning: ' if note.kind is NoteKind.CANNOT_ACT else ''}{note.service}: {note.text}."
            for note in policy_notes(scenario)
        ]
        return {
            "title": scenario.name,
            "clock": self._context.clock.value,
            "duration_s": scenario.duration_s,
            "warm_up_s": scenario.warm_up_s,
            "seed": scenario.seed,
            "notes": notes,
            "marks": "acts",  # those of the timeline and the console, which start the operations
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
        control = self._context.control
        return 0 if control is None else control.plane.registry.version

    def operations(self) -> list[dict[str, Any]] | None:
        control = self._context.control
        return None if control is None else operation_rows(control.plane, self.platform.clock.at_s())

    def size(self, name: str) -> InstanceSize:
        return self._context.scenario.services[name].size

    def _prices_text(self, name: str) -> str:
        region = self._context.scenario.services[name].prices.region
        estimated = prices_text(region, self._context.scenario.services[name].prices.rates)[1]
        return f"{region} (estimated)" if estimated else region

    def rates(self, name: str) -> Rates:
        return self._context.scenario.services[name].prices.rates

    def scaling(self, name: str) -> AutoScalingConfiguration:
        return self._context.scenario.services[name].scaling

    def factor(self, name: str) -> float | None:
        return self._context.overrides.factor(name)

    def recent(self, name: str) -> Recent:
        return self._context.recorder.recent(name)

    def series(self, name: str) -> dict[str, Any]:
        events = self.platform.journal.events
        for event in events[self._facts_read :]:
            for times in self._times.values():
                times.read(event)
        self._facts_read = len(events)
        recorder, size = self._context.recorder, self.size(name)
        series = recorder.series_so_far(self.platform, self.platform.services[name], self._times[name])
        beside = beside_series(series, recorder.concurrency_series(name), self.rates(name), size.vcpu, size.memory_gb)
        return series.model_dump() | beside | {"from_s": 0.0}

    def verdict(self) -> dict[str, Any] | None:
        platform = self.platform
        if platform.clock.at_s() < _VERDICT_FROM_S:
            return None
        return verdict_data(verdict_so_far(self._context.recorder.record(platform, {}, complete=False)))

    def attended(self, present: bool) -> None:
        """Do nothing, because records are always kept."""

    def flush(self) -> None:
        self._context.recorder.log.flush()

    def rows(self, name: str, chunk: Chunk) -> Chunk:
        scenario = self._context.scenario
        sources = scenario.sources_of(name)
        if len(sources) == len(scenario.traffic):
            return chunk
        return rows_of(chunk, scenario.numbers.of_sources(sources))


def verdict_data(verdict: VerdictPart) -> dict[str, Any]:
    """Return the parts of a verdict that the page of a run shows."""
    services: Any = {"__all__": {"service", "text", "lost", "causes"}}
    return verdict.model_dump(mode="json", include={"text": True, "services": services})


def rows_of(chunk: Chunk, sources: list[int]) -> Chunk:
    """Return the rows of those sources."""
    picked = np.flatnonzero(np.isin(chunk.source, sources))
    return Chunk(*(getattr(chunk, name)[picked] for name in Chunk.__dataclass_fields__))
