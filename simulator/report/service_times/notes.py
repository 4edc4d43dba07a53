"""The notes of a report about service times: which ones differ, what follows from it, and what to set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.model.text.quantities import count_text, digits_text, latency_text, ratio_text
from simulator.report.notes import NotePart
from simulator.report.service_times.part import RouteServiceTimePart, ServiceTimesPart

_NAMES: Final = {"p50": "median", "mean": "mean", "p95": "p95"}  # the first one that differs is in the sentence
_PERCENT: Final = 100.0


def service_time_notes(part: ServiceTimesPart) -> list[NotePart]:
    """Return a note for each service whose measured and modelled service times differ by more than chance."""
    services = dict.fromkeys(route.service for route in part.routes if route.differs)
    return [
        NotePart(service=each, policy="", kind="service time", text=". ".join(_sentences(part, each)))
        for each in services
    ]


def _sentences(part: ServiceTimesPart, service: str) -> Iterator[str]:
    whole, *paths = (route for route in part.routes if route.service == service)
    measured, modelled = whole.measured, whole.modelled
    yield (
        f"Measured service time of real instances: median {latency_text(measured.p50_s)}, p95 "
        f"{latency_text(measured.p95_s)}, mean {latency_text(measured.mean_s)} ({count_text(measured.requests)} "
        f"requests). The simulated application of the file in virtual time: median {latency_text(modelled.p50_s)}, p95 "
        f"{latency_text(modelled.p95_s)}, mean {latency_text(modelled.mean_s)}"
    )
    named = [(each.path or "All requests", _difference(each)) for each in (whole, *paths) if each.differs]
    yield ", ".join(f"{where}: {difference}" for where, difference in named)
    yield from _effect(part, service, next(each for each in (whole, *paths) if each.differs))
    if settings := [f"`{'.'.join(law.setting)}`" for law in part.laws if law.service == service]:
        yield f"Set {' and '.join(settings)} to what was measured (`--measured-service-time F.yaml` writes the file)"
    elif service in part.no_law:
        yield f"The measured times cannot be written as a law: {part.no_law[service]}"


def _difference(route: RouteServiceTimePart) -> str:
    """Return the first figure that differs, in words: `the median is 32 % longer (chance explains 3.4 %)`."""
    name, ours, theirs = _first(route)
    chance = f"(chance explains {digits_text(route.chance * _PERCENT, 2)} %)"
    if theirs == 0:
        return f"the {_NAMES[name]} is {latency_text(ours)} longer {chance}"
    return (
        f"the {_NAMES[name]} is {digits_text(abs(ours / theirs - 1) * _PERCENT, 2)} % "
        f"{'longer' if ours > theirs else 'shorter'} {chance}"
    )


def _first(route: RouteServiceTimePart) -> tuple[str, float, float]:
    """Return the first figure that differs: its name, as measured, and as modelled."""
    name = next(name for name in _NAMES if name in route.differs)
    ours, theirs = (float(getattr(figures, f"{name}_s")) for figures in (route.measured, route.modelled))
    return name, ours, theirs


def _effect(part: ServiceTimesPart, service: str, route: RouteServiceTimePart) -> Iterator[str]:
    name, ours, theirs = _first(route)
    who = "The slowest requests are answered" if name == "p95" else "Simulated instances answer"
    answer = f"{who} too {'fast' if ours > theirs else 'slowly'} in virtual time"
    rejected = next((each for each in part.rejected if each.service == service), None)
    if rejected is None or rejected.measured is None or rejected.modelled is None:
        yield answer
        return
    corrected = "" if rejected.corrected is None else f", with the measured times {ratio_text(rejected.corrected)}"
    yield (
        f"{answer}: {ratio_text(rejected.modelled)} of the requests are rejected there{corrected}, and "
        f"{ratio_text(rejected.measured)} in this run"
    )
