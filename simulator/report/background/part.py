"""The report's part about background work: the jobs of a service's instances, and how long they were stalled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import ConfigDict

from simulator.model.text.field_docstrings import DescribedModel
from simulator.records.background.background_stats import WorkStats
from simulator.records.events import BackgroundLogged, Event


class BackgroundEventPart(DescribedModel):
    """Unfinished jobs of an instance were stalled, continued, or were lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_s: float
    line: str


class BackgroundWorkPart(DescribedModel):
    """The jobs of one kind of background work, warm-up included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    due: int
    """finished + missed + lost + unfinished."""
    finished: int
    missed: int
    """Due while the previous job at an interval was unfinished, or beyond 10,000 unfinished ones in an instance."""
    lost: int
    """Unfinished when their instance ended."""
    unfinished: int
    """At the end of the run."""
    unfinished_max: int
    """Most unfinished jobs at a time, all instances together."""
    cpu_s: float
    """CPU time of the finished jobs."""
    delay_p50_s: float | None
    """Time from when a job is due to its end; null if none finished."""
    delay_p95_s: float | None
    delay_max_s: float | None
    stalled_s: float
    """Instance-seconds in which an instance was throttled and had an unfinished job."""


class BackgroundPart(DescribedModel):
    """The background work of a service's simulated instances."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    works: list[BackgroundWorkPart]
    events: list[BackgroundEventPart]


def background_parts(works: Mapping[tuple[str, str], WorkStats], events: Iterable[Event]) -> list[BackgroundPart]:
    """Return the part of each service with background work, in the order of their first jobs."""
    of_service: dict[str, list[BackgroundWorkPart]] = {}
    for (service, name), stats in works.items():
        of_service.setdefault(service, []).append(_part(name, stats))
    logged = [event for event in events if isinstance(event, BackgroundLogged)]
    return [
        BackgroundPart(
            service=service,
            works=parts,
            events=[
                BackgroundEventPart(at_s=event.at_s, line=event.line) for event in logged if event.service == service
            ],
        )
        for service, parts in of_service.items()
    ]


def _part(name: str, stats: WorkStats) -> BackgroundWorkPart:
    p50_s, p95_s = stats.delays.quantiles((0.5, 0.95))
    return BackgroundWorkPart(
        name=name,
        due=stats.due,
        finished=stats.finished,
        missed=stats.missed,
        lost=stats.lost,
        unfinished=stats.unfinished,
        unfinished_max=stats.unfinished_max,
        cpu_s=stats.cpu_s,
        delay_p50_s=p50_s,
        delay_p95_s=p95_s,
        delay_max_s=stats.delays.max_s if stats.delays.count else None,
        stalled_s=stats.stalled_s,
    )
