"""Imports recorded traffic: detects the format of each file, chooses functions, and collects their requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Final, NamedTuple, assert_never

import numpy as np

from simulator.ingest.blocks import BINS_MAX, Block, Counts, Floats, Percentiles, Reading, Requests
from simulator.ingest.choice import EVERYTHING, Choice, Totals, chosen
from simulator.ingest.collector import Collector, TooLong
from simulator.ingest.duration_histogram import DurationHistogram
from simulator.ingest.format import Format
from simulator.ingest.formats.local_times import zone_named
from simulator.ingest.formats.table import format_named, format_of
from simulator.ingest.input_file import InputFile
from simulator.ingest.route_use import RouteShare
from simulator.ingest.service.service_settings import ServiceSettings, merged
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.ingest.settings import ImportSettings

# A run that ended at the last request of a trace would cut its answer off.
_REST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class ImportedService:
    """The requests of one service. `function`: its name in the dataset; empty if the files have no functions.

    `times_s`: the start of each request in seconds from the start of the import, ascending; or `counts` per bin of
    `bin_s` seconds. `durations_s`: the duration of each request in `times_s`, if the files have them.
    `routes`: its mix of requests, if the files have paths. `statuses`: responses by the first digit of their status.
    """

    name: str
    function: str
    requests: float
    durations: DurationHistogram
    times_s: Floats | None = None
    durations_s: Floats | None = None
    counts: Floats | None = None
    bin_s: float = 0.0
    routes: tuple[RouteShare, ...] = ()
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import.

    `start_s`: its start in the time of the dataset. `offered`: the requests of all functions in the chosen part of the
    files; `skipped_lines`: lines that are no requests. `ranking`: functions by their requests in the files, the
    busiest first; empty if the files have no functions. `settings`: of the service, from files that have them.
    `exact_paths`: paths are as in the files, with their queries. `has_local_times`: files do not name the zone of their
    times; it was taken as `zone_name`, or as UTC.
    """

    formats: tuple[Format, ...]
    services: tuple[ImportedService, ...]
    start_s: float
    length_s: float
    offered: float
    skipped_lines: int
    ranking: tuple[tuple[str, float], ...] = ()
    settings: ServiceSettings = field(default_factory=ServiceSettings)
    exact_paths: bool = False
    zone_name: str | None = None
    has_local_times: bool = False


class _Read(NamedTuple):
    file: InputFile
    form: Format


class _Window(NamedTuple):
    start_s: float
    end_s: float


def import_files(paths: Sequence[Path], settings: ImportSettings) -> Imported:
    """Read the files, in this order, as one recording.

    Files with functions are read twice, to find the busiest; so is a recording of which a part is chosen, to find its
    start.

    Raises:
        ScenarioError: if a file cannot be read, or has an invalid row.
        ValueError: for settings that do not fit the files, such as the name of a function that none of them has.
    """
    places = [path.resolve() for path in paths]
    repeated = next((path for at, path in enumerate(paths) if places[at] in places[:at]), None)
    if repeated is not None:
        raise ValueError(f"{repeated} is given twice: its requests would count twice")
    given = [InputFile(path) for path in paths]
    files = [each for each in given if settings.format_name is not None or not is_settings(each)]
    if not files:
        raise ValueError("the files have settings of a service only; give a recording of its traffic too")
    reads = [_Read(each, _format(each, settings)) for each in files]
    zone = UTC if settings.zone_name is None else zone_named(settings.zone_name)
    reading = Reading(exact_paths=settings.exact_paths, zone=zone)
    totals = Totals()
    if any(each.form.has_functions for each in reads) or settings.skip_s or settings.length_s is not None:
        for block in _blocks(reads, reading):
            totals.add(block)
        reading.skipped = 0
    choice = chosen(reading, totals, settings) if len(reading.functions) else EVERYTHING
    window = _window(totals, settings)
    collectors = [Collector(_bin_s(reads, settings)) for _ in choice.services]
    offered = 0.0
    for block in _blocks(reads, reading):
        part = _within(block, window)
        offered += _requests(part)
        try:
            _collect(part, choice, collectors)
        except TooLong as error:
            raise _spans(error) from error
    if settings.zone_name is not None and not reading.has_local_times:
        raise ValueError(f"--time-zone = {settings.zone_name}, must be left out: the times of the files are not local")
    try:
        result = _result(choice, collectors, window, reading.routes.names)
    except TooLong as error:
        raise _spans(error) from error
    return Imported(
        formats=tuple(dict.fromkeys(each.form for each in reads)),
        services=result.services,
        start_s=result.start_s,
        length_s=result.length_s,
        offered=offered,
        skipped_lines=reading.skipped,
        ranking=totals.ranking(reading),
        settings=merged(settings_of(each) for each in given if each not in files),
        exact_paths=settings.exact_paths,
        zone_name=settings.zone_name,
        has_local_times=reading.has_local_times,
    )


def _format(file: InputFile, settings: ImportSettings) -> Format:
    return format_of(file) if settings.format_name is None else format_named(settings.format_name)


def _blocks(reads: Sequence[_Read], reading: Reading) -> Iterator[Block]:
    for each in reads:
        with each.file.read_as(each.form.name):
            yield from each.form.blocks(each.file, reading)


def _window(totals: Totals, settings: ImportSettings) -> _Window:
    """Return the part of the recording that is imported; without limits, everything.

    Raises:
        ValueError: if it begins after the last request.
    """
    if not settings.skip_s and settings.length_s is None:
        return _Window(-np.inf, np.inf)
    start_s = totals.first_s + settings.skip_s
    if start_s > totals.last_s:
        length_s = totals.last_s - totals.first_s
        raise ValueError(f"--skip = {settings.skip_s:g}s, must be less than the length of the recording, {length_s:g}s")
    return _Window(start_s, np.inf if settings.length_s is None else start_s + settings.length_s)


def _bin_s(reads: Sequence[_Read], settings: ImportSettings) -> float | None:
    """Return the width of the bins: chosen, or that of the coarsest times; None if all times are exact."""
    if settings.bin_s is not None:
        return settings.bin_s
    coarsest_s = max(each.form.stamps_s for each in reads)
    return coarsest_s if coarsest_s >= 1 else None


def _within(block: Block, window: _Window) -> Block:
    """Return the part of a block that is in the window."""
    match block:
        case Requests():
            inside = (block.start_s >= window.start_s) & (block.start_s < window.end_s)
            return block if inside.all() else block.part(inside)
        case Counts():
            starts = block.start_s + np.arange(len(block.counts)) * block.width_s
            inside = (starts >= window.start_s) & (starts < window.end_s)
            return block._replace(counts=np.where(inside, block.counts, 0.0))
        case Percentiles():
            return block
        case _:
            assert_never(block)


def _requests(block: Block) -> float:
    match block:
        case Requests():
            return float(len(block.start_s))
        case Counts():
            return float(block.counts.sum())
        case Percentiles():
            return 0.0
        case _:
            assert_never(block)


def _collect(block: Block, choice: Choice, collectors: Sequence[Collector]) -> None:
    """Give each service its requests of a block."""
    if isinstance(block, Requests) and block.function is not None and choice.places is not None:
        places = choice.places[block.function]
        for place in np.unique(places[places >= 0]):
            collectors[place].add(block.part(places == place))
        return
    place = 0 if isinstance(block, Requests) else choice.service_of(block.function)
    if place >= 0:
        collectors[place].add(block)


class _Result(NamedTuple):
    services: tuple[ImportedService, ...]
    start_s: float
    length_s: float


def _result(choice: Choice, collectors: Sequence[Collector], window: _Window, routes: Sequence[str]) -> _Result:
    """Return services, start and length, with times from the earliest request, or the start of the window, on.

    Raises:
        ValueError: if no request was collected.
        TooLong: if the times of requests are further apart than counts per second may be.
    """
    found = [_times_or_bins(each) for each in collectors]
    starts = [each.start_s for each in found if each.requests]
    if not starts:
        raise ValueError("the files have no request that was chosen")
    start_s = window.start_s if np.isfinite(window.start_s) else min(starts)
    widths = sorted({each.width_s for each in found if each.width_s})
    if len(widths) > 1:
        counted = " and ".join(f"{width:g}s" for width in widths)
        raise ValueError(f"the files count requests per {counted}; `--bin {widths[-1]:g}s` counts all alike")
    if widths:
        (width_s,) = widths
        start_s = np.floor(start_s / width_s) * width_s
    end_s = max(each.end_s for each in found if each.requests)
    length_s = (window.end_s if np.isfinite(window.end_s) else end_s) - start_s
    if not widths and length_s > BINS_MAX:  # in seconds, as if the times were counted per second
        raise TooLong(length_s)
    services = (
        _service(names, collector, each, float(start_s), routes)
        for names, collector, each in zip(choice.services, collectors, found, strict=True)
    )
    return _Result(tuple(services), float(start_s), float(np.ceil(length_s)))


def _spans(error: TooLong) -> ValueError:
    days = f"{error.span_s / 86_400:,.0f} days"
    return ValueError(f"the files span {days}: one has a wrong time, or `--bin` must be wider")


class _Collected(NamedTuple):
    """What a collector has, with absolute times. `width_s`: 0 if each request has its time."""

    requests: float
    start_s: float
    end_s: float
    width_s: float
    times_s: Floats | None
    durations_s: Floats | None
    counts: Floats | None


def _times_or_bins(collector: Collector) -> _Collected:
    bins = collector.bins
    if bins is not None:
        start_s, width_s = bins.first * bins.width_s, bins.width_s
        end_s = start_s + len(bins.counts) * width_s
        return _Collected(collector.requests, start_s, end_s, width_s, None, None, bins.counts)
    times_s, durations_s = collector.times()
    if not len(times_s):
        return _Collected(0.0, 0.0, 0.0, 0.0, times_s, durations_s, None)
    end_s = float(times_s[-1]) + _REST_S
    return _Collected(collector.requests, float(times_s[0]), end_s, 0.0, times_s, durations_s, None)


def _service(
    names: tuple[str, str], collector: Collector, found: _Collected, start_s: float, routes: Sequence[str]
) -> ImportedService:
    times_s = None if found.times_s is None else found.times_s - start_s
    counts = found.counts
    if counts is not None:
        before = round((found.start_s - start_s) / found.width_s)
        counts = np.concatenate([np.zeros(max(before, 0)), counts])
    return ImportedService(
        *names,
        requests=found.requests,
        durations=collector.durations,
        times_s=times_s,
        durations_s=found.durations_s,
        counts=counts,
        bin_s=found.width_s,
        routes=tuple(collector.routes.shares(routes)),
        statuses=tuple(collector.routes.statuses.tolist()),
    )
