"""Writes an import as files: the scenario, and its recordings as CSV."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.arrivals.arrival_model import ArrivalForm, ArrivalModel
from simulator.ingest.arrivals.traffic_text import has_file, rate_events, rate_rows, shape_text
from simulator.ingest.duration_histogram import DurationHistogram
from simulator.ingest.imported import Imported, ImportedService
from simulator.ingest.service.service_settings import ServiceSettings
from simulator.ingest.service_time import UNKNOWN_TIME, service_time
from simulator.model.text.units import duration_text

_BLOCK: Final = 65_536
_WIDTH: Final = 120
_WEIGHT_MIN: Final = 1e-6  # the least that the digits of a weight show


class RecordingText(NamedTuple):
    """A recording: the name of its file, and its lines in blocks."""

    file: str
    blocks: Iterator[str]


_NO_MODELS: Final[Mapping[str, ArrivalModel]] = {}


def recordings(imported: Imported, stem: str, models: Mapping[str, ArrivalModel] = _NO_MODELS) -> list[RecordingText]:
    """Return the recordings: one file for each service whose requests have times, one for the counts of all others.

    `models`: of services, by name; a service whose model is not REPLAY has a file only for a rate with a season.
    """
    replayed = [each for each in imported.services if not _is_modelled(each, models)]
    texts = [
        RecordingText(_own_file(stem, each, imported), _trace(each)) for each in replayed if each.times_s is not None
    ]
    texts += [
        RecordingText(_own_file(stem, each, imported), rate_rows(models[each.name]))
        for each in imported.services
        if _is_modelled(each, models) and has_file(models[each.name])
    ]
    counted = [each for each in replayed if each.counts is not None]
    if counted:
        texts.append(RecordingText(_bins_file(stem), _bins(counted, imported.length_s)))
    return texts


def _is_modelled(service: ImportedService, models: Mapping[str, ArrivalModel]) -> bool:
    model = models.get(service.name)
    return model is not None and model.form is not ArrivalForm.REPLAY


def scenario_text(
    imported: Imported,
    stem: str,
    files: list[str],
    models: Mapping[str, ArrivalModel] = _NO_MODELS,
    source_code: str = "",
) -> str:
    """Return the scenario file. `stem`: the beginning of the names of its recordings. `files`: what was imported.

    `models`: of the arrivals of services, by name; without one a service replays its recording. `source_code`: the
    section of the real application, empty for none; several services have none.
    """
    lines = [
        *_comment(f"Traffic of {', '.join(files)}, imported from"),
        *(
            line
            for each in imported.formats
            for line in _comment(f"{each.title}." + (f" Terms: {each.terms}." if each.terms else ""))
        ),
        "version: 1",
        f"name: {json.dumps(stem)}",
        f"duration: {max(imported.length_s, 1.0):.0f}s",
        "",
        "services:",
    ]
    for each in imported.services:
        lines += _application(each, imported.settings)
        if source_code and len(imported.services) == 1:
            lines.append(f"      {source_code}")
    lines += ["", "traffic:"]
    for each in imported.services:
        lines += _source(each, imported, stem, models)
    events = [event for name, model in models.items() for event in rate_events(model, name)]
    if events:
        lines += ["", "timeline:", *(f"  - {event}" for event in events)]
    return "\n".join(lines) + "\n"


def _application(service: ImportedService, settings: ServiceSettings) -> list[str]:
    function = [f"  # Function {' '.join(service.function.split())}"] if service.function else []
    title = [*function, f"  {service.name}:", *(f"    {key}: {value}" for key, value in settings.given.items())]
    if not service.durations.are_known:
        comment = "a guess: the files do not have the durations of requests"
        return [*title, "    application:", f"      simulated: {{io: {UNKNOWN_TIME}}}  # {comment}"]
    law, fit = service_time(service.durations)
    fit = fit[0].upper() + fit[1:]
    return [
        *title,
        "    application:",
        "      simulated:",
        *_comment(f"{fit}. A guess: all of it is I/O, so requests in progress do not slow each other down.", indent=8),
        *_wrapped(f"io: {law}", indent=8),
        *_paths(service),
    ]


def _paths(service: ImportedService) -> list[str]:
    """Return the times of the paths that have distributions of their own; a path of several methods has one."""
    of_path: dict[str, DurationHistogram] = {}
    for route in service.routes:
        if route.durations is not None and route.path != "/":
            of_path.setdefault(route.path, DurationHistogram()).merge(route.durations)
    if len(of_path) < 2:
        return []
    lines = ["        paths:"]
    for path, durations in of_path.items():
        lines += _wrapped(f"{json.dumps(path)}: {{io: {service_time(durations)[0]}}}", indent=10)
    return lines


def _requests(service: ImportedService) -> list[str]:
    """Return the mix of requests of a service; nothing without paths."""
    if not service.routes:
        return []
    total = sum(route.requests for route in service.routes)
    lines = ["    requests:"]
    for route in service.routes:
        fields = [
            f"path: {json.dumps(route.path)}",
            f"method: {route.method}",
            f"weight: {max(route.requests / total, _WEIGHT_MIN):.6f}",
        ]
        if route.sent_bytes >= 1:
            fields.append(f"response_size: {route.sent_bytes:.0f}")
        lines += _wrapped(f"- {{{', '.join(fields)}}}", indent=6)
    return lines


def _comment(text: str, indent: int = 0) -> list[str]:
    start = " " * indent + "# "
    return _lines(text, start, start)


def _wrapped(text: str, indent: int) -> list[str]:
    """Return YAML in lines; its flow collections may continue on the next line."""
    start = " " * indent
    return _lines(text, start, start + "  ")


def _lines(text: str, first: str, following: str) -> list[str]:
    """Return the text in lines that break at spaces only: a break within a path would be a space in it."""
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _source(service: ImportedService, imported: Imported, stem: str, models: Mapping[str, ArrivalModel]) -> list[str]:
    lines = [f"  - name: {service.name}"]
    if len(imported.services) > 1:
        lines.append(f"    service: {service.name}")
    if _is_modelled(service, models):
        model = models[service.name]
        shape = shape_text(model, _own_file(stem, service, imported))
        because = f"{service.requests:,.0f} requests as {model.form.noun}, because {model.reason}."
        return [*lines, *_comment(because, indent=4), *_wrapped(shape, indent=4), *_requests(service)]
    if service.times_s is None:
        fields = f"file: {json.dumps(_bins_file(stem))}, column: {service.name}, bin: {duration_text(service.bin_s)}"
        return [*lines, f"    bins: {{{fields}}}", *_requests(service)]
    if len(service.times_s) and service.times_s[0] > 0:
        lines.append(f"    from: {service.times_s[0]:.6f}s")
    fields = f"file: {json.dumps(_own_file(stem, service, imported))}, time_column: time_s, format: seconds"
    return [*lines, f"    trace: {{{fields}}}", *_requests(service)]


def _own_file(stem: str, service: ImportedService, imported: Imported) -> str:
    return f"{stem}.csv" if len(imported.services) == 1 else f"{stem}-{service.name}.csv"


def _bins_file(stem: str) -> str:
    return f"{stem}.csv"


def _trace(service: ImportedService) -> Iterator[str]:
    """Yield the rows of a trace: the start of each request, and its duration if the files have it."""
    times_s, durations_s = service.times_s, service.durations_s
    assert times_s is not None
    yield "time_s\n" if durations_s is None else "time_s,duration_s\n"
    for at in range(0, len(times_s), _BLOCK):
        times = times_s[at : at + _BLOCK].tolist()
        if durations_s is None:
            yield "".join(f"{time:.6f}\n" for time in times)
        else:
            durations = durations_s[at : at + _BLOCK].tolist()
            yield "".join(f"{time:.6f},{length:.6f}\n" for time, length in zip(times, durations, strict=True))


def _bins(services: list[ImportedService], length_s: float) -> Iterator[str]:
    """Yield the rows of bins: the start of the bin, and the count of each service."""
    width_s = services[0].bin_s
    rows = max(1, int(np.ceil(length_s / width_s - 1e-9)))
    columns = []
    for each in services:
        assert each.counts is not None
        counts = each.counts[:rows]
        columns.append(np.concatenate([counts, np.zeros(rows - len(counts))]))
    yield ",".join(["start_s", *(each.name for each in services)]) + "\n"
    table = np.column_stack(columns)
    for at in range(0, rows, _BLOCK):
        block = table[at : at + _BLOCK].tolist()
        yield "".join(
            f"{(at + row) * width_s:.15g}," + ",".join(f"{count:.15g}" for count in counts) + "\n"
            for row, counts in enumerate(block)
        )
