"""The summary of an import: what was read, kept, guessed and dropped, each as a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from simulator.ingest.arrivals.arrival_model import ArrivalForm, ArrivalModel
from simulator.ingest.arrivals.recorded_arrivals import arrivals_of, describe
from simulator.ingest.imported import Imported, ImportedService
from simulator.ingest.load.scripts import ImportedLoad
from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.model.text.units import duration_text

# Functions that were not chosen, named in the summary.
_SHOWN: Final = 5
_NAME: Final = 24
_NO_MODELS: Final[Mapping[str, ArrivalModel]] = {}


class SummaryLine(NamedTuple):
    """A sentence and its kind: read, kept, guessed or dropped."""

    kind: str
    text: str


def summary(imported: Imported, models: Mapping[str, ArrivalModel] = _NO_MODELS) -> list[SummaryLine]:
    """Return the lines in the order of their kinds. `models`: of the arrivals of services, by name."""
    return [
        *(SummaryLine("read", text) for text in _read(imported)),
        *(SummaryLine("kept", text) for text in _kept(imported, models)),
        *(SummaryLine("guessed", text) for text in _guessed(imported, models)),
        *(SummaryLine("dropped", text) for text in _dropped(imported)),
    ]


def load_summary(load: ImportedLoad) -> list[SummaryLine]:
    """Return the lines of the import of a load script."""
    plan = load.plan
    given = ", ".join(f"{key} {value}" for key, value in load.settings.given.items())
    calls = [f"{request.method} {request.path}" for request in plan.requests]
    return [
        SummaryLine("read", f"{plan.title}, {duration_text(plan.length_s)} of load"),
        *(SummaryLine("kept", text) for text in plan.kept),
        *([SummaryLine("kept", f"requests: {', '.join(calls)}")] if calls else []),
        *([SummaryLine("kept", f"checks: {', '.join(plan.checks)}")] if plan.checks else []),
        *([SummaryLine("kept", f"settings of the service: {given}")] if given else []),
        *(SummaryLine("kept", text) for text in load.settings.notes),
        *(SummaryLine("guessed", text) for text in plan.guessed),
        *(SummaryLine("dropped", text) for text in plan.dropped),
    ]


def _read(imported: Imported) -> Iterator[str]:
    for each in imported.formats:
        yield f"{each.title} ({each.name})"
    yield f"{imported.offered:,.0f} requests in {duration_text(imported.length_s)}"
    for service in imported.services:
        found = arrivals_of(service.times_s, service.counts, service.bin_s, imported.length_s)
        yield describe(found) if len(imported.services) == 1 else f"{service.name}, {describe(found)}"


def _kept(imported: Imported, models: Mapping[str, ArrivalModel]) -> Iterator[str]:
    for each in imported.services:
        of = f" of {_short(each.function)}" if each.function else ""
        yield f"{each.name}: {each.requests:,.0f} requests{of}, {_how(each, models.get(each.name))}"
        if each.routes:
            shown = ", ".join(f"{route.method} {route.path}" for route in each.routes[:_SHOWN])
            more = ", ..." if len(each.routes) > _SHOWN else ""
            noun = "route with its size" if len(each.routes) == 1 else "routes with their shares and sizes"
            yield f"{each.name}: {len(each.routes)} {noun}: {shown}{more}"
    if imported.settings.given:
        yield "settings of the service: " + ", ".join(
            f"{key} {value}" for key, value in imported.settings.given.items()
        )
    if len(imported.services) == 1:
        yield from imported.settings.notes
    for form in imported.formats:
        yield from form.kept
    if imported.has_local_times and imported.zone_name is not None:
        yield f"the times of the zone {imported.zone_name}, with its summer time"


def _how(service: ImportedService, model: ArrivalModel | None) -> str:
    replayed = "each with its time" if service.times_s is not None else f"as counts per {duration_text(service.bin_s)}"
    if model is None:
        return replayed
    how = replayed if model.form is ArrivalForm.REPLAY else f"as {model.form.noun}"
    return f"{how}, because {model.reason}"


def _guessed(imported: Imported, models: Mapping[str, ArrivalModel]) -> Iterator[str]:
    for form in imported.formats:
        yield from form.guessed
    if imported.has_local_times and imported.zone_name is None:
        yield "the times are UTC: the files do not name the zone of their machine; --time-zone does"
    replayed = [
        each for each in imported.services if each.name not in models or models[each.name].form is ArrivalForm.REPLAY
    ]
    if any(each.counts is not None for each in replayed):
        yield "requests of a bin are played at random times within it"
    if any(each.routes for each in imported.services):
        values = "; {id} stands for numbers, hashes, tokens and names of many in paths"
        yield f"the mix of routes is the same at all times{'' if imported.exact_paths else values}"
    if any(not each.durations.are_known for each in imported.services):
        yield f"the service time, {UNKNOWN_TIME}: the files do not have it"
    else:
        yield "the duration of a request is all I/O: requests in progress do not slow each other down"
    missing = [key for key in ("max_concurrency", "min_size", "max_size", "cpu") if key not in imported.settings.given]
    yield f"defaults of a scenario: {', '.join([*missing, 'start_up'])}"


def _dropped(imported: Imported) -> Iterator[str]:
    for form in imported.formats:
        for text in form.dropped:
            yield text.replace("queries, ", "") if imported.exact_paths else text
    if imported.settings.source_folder is not None and len(imported.services) > 1:
        yield "the source code of the application: only one service can have it"
    for each in imported.services:
        answered = sum(each.statuses)
        if answered:
            classes = ", ".join(
                f"{count / answered:.2%} {f'{digit}xx' if digit else 'without a response'}"
                for digit, count in enumerate(each.statuses)
                if count
            )
            yield f"{each.name}: statuses ({classes}): the simulated application answers every request"
    if imported.skipped_lines:
        yield f"{imported.skipped_lines:,} lines that are no requests"
    chosen = {each.function for each in imported.services}
    others = [(name, count) for name, count in imported.ranking if name not in chosen]
    if others and "" not in chosen:
        shown = ", ".join(f"{_short(name)} ({count:,.0f})" for name, count in others[:_SHOWN])
        yield f"{len(others):,} other functions: {shown}" + (", ..." if len(others) > _SHOWN else "")


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."
