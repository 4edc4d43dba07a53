"""The result of an observation as lines for a terminal of 80 columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulator.calibration.observation.observation import LoadStage, ServiceObservation, StartTimes
from simulator.calibration.observing.level_search import figures_of
from simulator.calibration.observing.notes import count_of
from simulator.model.text.quantities import NOTHING, bytes_text, latency_text, rate_text, ratio_text

HEADER: Final = (
    f"{'level':>5} {'offered':>9} {'served':>9} {'p50':>8} {'p95':>8} {'errors':>7} {'CPU':>6} {'memory':>8}  note"
)
_NOTE_WIDTH: Final = 10


def observation_lines(made: ServiceObservation) -> Iterator[str]:
    """Yield the table of the levels in the order of their rates, then what else was observed."""
    vcpu = 1.0 if made.size is None else made.size.vcpu
    yield f"{made.target}, one instance{'' if made.size is None else f' of {made.size}'}"
    yield HEADER
    for stage in sorted(made.loads, key=lambda stage: stage.rate_rps):
        yield level_line(stage, vcpu)
    yield from _alone_lines(made)
    yield f"start    {_starts_text(made.starts)}"
    if made.wakes:
        yield f"wake     {latency_text(float(np.median(made.wakes)))} for a request to the idle instance"
    if made.memory_at_rest_bytes is not None:
        yield f"memory   {bytes_text(made.memory_at_rest_bytes)} at rest"
    for note in made.notes:
        yield f"note     {note}"


def level_line(stage: LoadStage, vcpu: float) -> str:
    """Return the row of a level."""
    figures = figures_of(stage)
    answered = stage.settled.rows(stage.settled.served).latency_s
    p50, p95 = (None, None) if not len(answered) else map(float, np.quantile(answered, (0.5, 0.95)))
    cpu = NOTHING if math.isnan(stage.cpu_s) else ratio_text(figures.cpu_share(vcpu))
    memory = NOTHING if math.isnan(stage.memory_peak_bytes) else bytes_text(stage.memory_peak_bytes)
    return (
        f"{stage.number:>5} {rate_text(stage.rate_rps):>9} {rate_text(figures.served_rps):>9} {latency_text(p50):>8} "
        f"{latency_text(p95):>8} {ratio_text(figures.error_share):>7} {cpu:>6} {memory:>8}  {_note(stage)}"
    ).rstrip()


def _note(stage: LoadStage) -> str:
    reason = stage.ended_by.partition(":")[0]
    return ("client late" if stage.is_client_late else reason)[: _NOTE_WIDTH + 1]


def _alone_lines(made: ServiceObservation) -> Iterator[str]:
    """Yield a line for each route that was requested one request at a time: how long its requests take alone."""
    if made.unloaded is None:
        return
    for number, route in enumerate(made.routes):
        requests = made.unloaded.rows(made.unloaded.served & (made.unloaded.route == number))
        if not len(requests):
            continue
        cpu_s = requests.cpu_s[~np.isnan(requests.cpu_s)]
        cpu = f", CPU {latency_text(float(cpu_s.mean()))} +- {latency_text(float(cpu_s.std()))}" if len(cpu_s) else ""
        p50_s = float(np.median(requests.latency_s))
        yield f"alone    {route.name}: {count_of(len(requests), 'request')}, p50 {latency_text(p50_s)}{cpu}"


def _starts_text(starts: Sequence[StartTimes]) -> str:
    if not starts:
        return "not observed"
    totals = [start.total_s for start in starts]
    parts = [
        (name, float(np.nanmedian([getattr(start, field) for start in starts])))
        for name, field in (("launch", "launch_s"), ("listening", "listening_s"), ("first check", "first_check_s"))
        if not all(math.isnan(getattr(start, field)) for start in starts)
    ]
    detail = ", ".join(f"{name} {latency_text(seconds)}" for name, seconds in parts)
    spread = f"{latency_text(min(totals))} to {latency_text(max(totals))}"
    return f"{latency_text(float(np.median(totals)))} ({spread} in {count_of(len(starts), 'start')}): {detail}"
