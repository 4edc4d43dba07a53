"""Checks the recordings of a scenario before a run: their errors, and notes on how they are read.

Every command and the Python API call this first, so that an invalid row is reported in the same way everywhere and for
every backend. Each change to a recording and each omitted part is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.model.text.units import duration_text
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.recordings import traces
from simulator.scenario.sections.base_model import RATE_MAX_RPS
from simulator.scenario.sections.shape_spec import BinsSpec, TraceSpec
from simulator.scenario.sections.timeline_spec import EventSpec
from simulator.scenario.sections.traffic_spec import SourceSpec

# The last request of a recording is usually a little before its end, so a gap below this share of the played span does
# not make it a recording that ends early.
_REST_MIN: Final = 0.05
# Repeating each recorded request more often than this makes a different load.
COPIES_MAX: Final = 1000


def recording_problems(source: SourceSpec, duration_s: float) -> list[Problem]:
    """Return the errors in the file of a recorded source; none for other sources."""
    try:
        list(_notes(source, duration_s))
    except ScenarioError as error:
        return list(error.problems)
    return []


def recording_notes(traffic: Sequence[SourceSpec], duration_s: float) -> list[str]:
    """Return notes on how recorded traffic is played.

    Raises:
        ScenarioError: if a recording cannot be played.
    """
    return list(dict.fromkeys(note for source in traffic for note in _notes(source, duration_s)))


def too_much(source: SourceSpec, timeline: Sequence[EventSpec]) -> str:
    """Return the `scale` that is needed if the source sends more than can be played; empty otherwise.

    Raises:
        ScenarioError: for a recording that cannot be read.
    """
    factor = max(rate_factor(timeline, source.name).factors)
    if source.trace is not None:
        return "" if source.scale * factor <= COPIES_MAX else f"at most {COPIES_MAX:g}, with factors of the timeline"
    peak_rps = source.peak_rps * factor
    if source.bins is not None:
        counts = traces.bin_counts(source.bins)
        peak_rps = float(counts.max(initial=0)) / source.bins.bin_s * source.scale / source.time_scale * factor
    if peak_rps <= RATE_MAX_RPS:
        return ""
    return (
        f"lower: with it, time_scale and the timeline's factors the peak is {peak_rps:g}/s, at most {RATE_MAX_RPS:g}/s"
    )


def _notes(source: SourceSpec, duration_s: float) -> Iterator[str]:
    if source.bins is not None:
        yield from _of_bins(source, source.bins, duration_s)
    elif source.trace is not None:
        yield from _of_trace(source, source.trace, duration_s)


def _of_bins(source: SourceSpec, bins: BinsSpec, duration_s: float) -> Iterator[str]:
    for note in traces.bin_notes(bins):
        yield f"{bins.file}: {note}"
    played_s, length_s = _played_s(source, duration_s), len(traces.bin_counts(bins)) * bins.bin_s
    if length_s > played_s:
        yield _goes_on(bins, played_s, f"the last {duration_text(length_s - played_s)} of it are not played")
    elif length_s < played_s:
        yield _ends_early(source, bins, length_s)


def _of_trace(source: SourceSpec, trace: TraceSpec, duration_s: float) -> Iterator[str]:
    played_s = _played_s(source, duration_s)
    survey = traces.trace_survey(trace, played_s)
    if survey.out_of_order:
        rows = "1 row is" if survey.out_of_order == 1 else f"{survey.out_of_order} rows are"
        yield f"{trace.file}: {rows} out of order: the recording is sorted by time"
    if survey.goes_on:
        yield _goes_on(trace, played_s, "what comes later is not played")
    elif played_s - survey.length_s > _REST_MIN * played_s:
        yield _ends_early(source, trace, survey.length_s)


def _played_s(source: SourceSpec, duration_s: float) -> float:
    """Return how many seconds of the recording, in its own time, are played in the run."""
    return max(0.0, source.end_s(duration_s) - source.from_s) / source.time_scale


def _goes_on(spec: BinsSpec | TraceSpec, played_s: float, rest: str) -> str:
    return f"{spec.file}: the run has room for {duration_text(played_s)} of the recording; {rest}"


def _ends_early(source: SourceSpec, spec: BinsSpec | TraceSpec, length_s: float) -> str:
    at_s = source.from_s + length_s * source.time_scale
    return f"{spec.file}: the recording ends {duration_text(at_s)} into the run; {source.name} sends nothing after that"
