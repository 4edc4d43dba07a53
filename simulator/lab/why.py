"""Explains a run: its verdict, and the number of instances at a moment, which is the decision in force in one sentence.

Reads a report that `simulator run --json` wrote: the decisions that changed the desired count, and the policy's inputs
and results between them (one evaluation per time step), so an unchanged count is explained too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import simulator
from simulator.model.text.problems import one_of
from simulator.model.text.quantities import count_text, latency_text, time_text
from simulator.model.text.units import parse_duration
from simulator.model.text.versions import DocumentFormat
from simulator.model.text.written_document import WrittenDocument
from simulator.report.background.part import BackgroundPart
from simulator.report.decisions import DecisionPart, LookPart
from simulator.report.downstream import DownstreamPart
from simulator.report.schema import REPORT_VERSION, Report
from simulator.report.verdict.part import CausePart, ServiceVerdictPart

_DOCUMENT: Final = WrittenDocument(
    Report,
    DocumentFormat("report_version", REPORT_VERSION, simulator.__version__, "run the scenario again"),
    "run",
    option="run",
)
_OUTCOMES: Final = {"rejected": "were rejected", "failed": "failed", "slow": "were slow"}
_CLOCK: Final = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)", re.ASCII)


def parse_moment(text: str) -> float:
    """Return the seconds of the run for `12:03:06` (hours, minutes, seconds), `03:06`, or `90s`.

    Raises:
        ValueError: for any other text.
    """
    match = _CLOCK.fullmatch(text.strip())
    if match:
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
    try:
        return parse_duration(text)
    except ValueError as error:
        msg = f"time = {text!r}, must be a moment of the run, such as 12:03:06, 03:06 or 90s"
        raise ValueError(msg) from error


def read_report(file: Path) -> Report:
    """Read a report from a file.

    Raises:
        ValueError: if `simulator run --json` did not write the file; the message names the file.
    """
    return _DOCUMENT.read(file)


def parse_report(text: bytes, file: str) -> Report:
    """Parse the text of a report. `file`, the name of its source, appears in error messages.

    Raises:
        OtherVersion: for a report of another version.
        ValueError: for any other document.
    """
    return _DOCUMENT.parse(text, file)


class Scaled(Protocol):
    """The data of a service that an explanation needs. Services of a report and services that are running have it."""

    @property
    def name(self) -> str: ...
    @property
    def policy(self) -> str: ...
    @property
    def min_size(self) -> int: ...
    @property
    def decisions(self) -> list[DecisionPart]: ...
    @property
    def looks(self) -> list[LookPart]: ...


def why(report: Report, at_s: float, service: str | None = None) -> list[str]:
    """Return one sentence per service of the report, or one for the named service; then the last events of downstream
    resources, and what was measured otherwise than the file models it.

    Raises:
        ValueError: for a moment outside the run, or an unknown service.
    """
    if not 0 <= at_s <= report.run.ended_s:
        msg = f"time = {clock_text(at_s)}, must be within the run: 0:00:00 to {clock_text(report.run.ended_s)}"
        raise ValueError(msg)
    sentences = explain(report.services, at_s, service)
    notes = [note for note in report.notes if note.kind == "service time" and service in {None, note.service}]
    return [
        *sentences,
        *(line for part in report.downstream for line in _last_event(f"Downstream {part.name}", part, at_s)),
        *(
            line
            for part in report.background
            if service in {None, part.service}
            for line in _last_event(part.service, part, at_s)
        ),
        *(f"{note.service}: {note.text}." for note in notes),
    ]


def verdict_lines(report: Report, service: str | None = None) -> list[str]:
    """Return the verdict of the run, or that about one service, and its causes with their numbers of requests.

    Raises:
        ValueError: for an unknown service, or a report without a verdict.
    """
    if report.verdict is None:
        msg = "run = without a verdict, must be a report with one: run the scenario again, or name a moment"
        raise ValueError(msg)
    names = [part.service for part in report.verdict.services]
    if service is not None and service not in names:
        msg = f"service = {service!r}, must be {one_of(service, names)}"
        raise ValueError(msg)
    parts = [part for part in report.verdict.services if service in {None, part.service}]
    return [
        report.verdict.text if service is None else parts[0].text,
        *(line for part in parts for line in _causes(part)),
    ]


def _causes(part: ServiceVerdictPart) -> list[str]:
    return [f"{part.service}: {cause.kind}: {_cause(cause)}." for cause in part.causes]


def _cause(cause: CausePart) -> str:
    return (
        f"{count_text(cause.requests)} requests {_OUTCOMES[cause.outcome]} from {clock_text(cause.begin_s)} to "
        f"{clock_text(cause.end_s)}, because {cause.text}"
    )


def losses_at(report: Report, at_s: float, service: str | None = None) -> list[str]:
    """Return a sentence for each cause by which requests were lost or slow around the moment."""
    parts = [] if report.verdict is None else report.verdict.services
    return [
        f"{part.service}: around this time requests {_OUTCOMES[cause.outcome]}, because {cause.text}."
        for part in parts
        if service in {None, part.service}
        for cause in part.causes
        if cause.begin_s <= at_s <= cause.end_s
    ]


def explain(
    services: Sequence[Scaled], at_s: float, service: str | None = None, clock: Callable[[float], str] | None = None
) -> list[str]:
    """Return one sentence per service, or one for the named service. `clock` is the moment as text.

    Raises:
        ValueError: for an unknown service.
    """
    names = [part.name for part in services]
    if service is not None and service not in names:
        msg = f"service = {service!r}, must be {one_of(service, names) if names else 'one that scales; none does'}"
        raise ValueError(msg)
    told = _Explanation(at_s, clock or clock_text)
    return [told.sentence(part) for part in services if service in {None, part.name}]


def _last_event(name: str, part: DownstreamPart | BackgroundPart, at_s: float) -> list[str]:
    """Describe the last event of a downstream resource or of background work, which may have caused the decisions."""
    events = [event for event in part.events if event.at_s <= at_s]
    if not events:
        return []
    when = _Explanation(at_s, clock_text).looked(events[-1].at_s)
    return [f"{name}: {when} {events[-1].line.rstrip('.')}."]


def clock_text(at_s: float) -> str:
    """Format seconds as `12:03:06`, with tenths of a second if there are any."""
    tenths = round(at_s * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    seconds = f"{rest // 10:02d}" if rest % 10 == 0 else f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{seconds}"


@dataclass(frozen=True, slots=True)
class _Explanation:
    """Builds the sentences about a moment. `clock` is the moment as text."""

    at_s: float
    clock: Callable[[float], str]

    def sentence(self, service: Scaled) -> str:
        changes = [decision for decision in service.decisions if decision.at_s <= self.at_s]
        looks = [look for look in service.looks if look.at_s <= self.at_s]
        if looks and (not changes or changes[-1].at_s < looks[-1].at_s):
            return self._unchanged(service, looks[-1], changes[-1] if changes else None)
        if not changes:
            return self._before_the_first(service)
        decision = changes[-1]
        verb = "raised" if decision.desired > decision.before else "lowered"
        return (
            f"At {self.clock(self.at_s)} the desired count of {service.name} was {_instances(decision.desired)}: "
            f"{self.looked(decision.at_s)} {decision.policy} {_account(decision)} and {verb} the desired count "
            f"from {decision.before} to {decision.desired}, because {decision.reason}{_fulfilled(decision)}."
        )

    def _unchanged(self, service: Scaled, look: LookPart, change: DecisionPart | None) -> str:
        since = f"since {self.clock(change.at_s)}" if change is not None else "unchanged since its start"
        return (
            f"At {self.clock(self.at_s)} the desired count of {service.name} was {_instances(look.desired)}, {since}: "
            f"{self.looked(look.at_s)} {service.policy} {_account(look)} and changed nothing, because {look.reason}."
        )

    def _before_the_first(self, service: Scaled) -> str:
        desired = service.decisions[0].before if service.decisions else service.min_size
        looks = [look.at_s for look in service.looks[:1]] + [decision.at_s for decision in service.decisions[:1]]
        first = f" (its first evaluation was at {self.clock(min(looks))})" if looks else ""
        return (
            f"At {self.clock(self.at_s)} the desired count of {service.name} was {_instances(desired)}, unchanged "
            f"since its start: {service.policy} had not decided yet{first}."
        )

    def looked(self, looked_s: float) -> str:
        ago = "" if looked_s == self.at_s else f", {time_text(self.at_s - looked_s)} before"
        return f"at {self.clock(looked_s)}{ago}"


def _account(look: DecisionPart | LookPart) -> str:
    """Describe the policy's inputs, the computed count, and the limits applied to it."""
    clamps = f", clamped it by {'; '.join(look.clamps)}," if look.clamps else ""
    return f"saw {_seen(look)}, computed {look.formula}{clamps}"


def _seen(decision: DecisionPart | LookPart) -> str:
    seen = [f"{name} = {'nothing' if value is None else f'{value:.4g}'}" for name, value in decision.inputs.items()]
    return ", ".join(seen) or "no reported inputs"


def _fulfilled(decision: DecisionPart) -> str:
    if decision.desired <= decision.before:
        return ""
    if decision.ready_after_s is None:
        return "; that many were not ready before the desired count was lowered or the run ended"
    if decision.ready_after_s == 0:
        return "; that many were ready already"
    return f"; that many were ready {latency_text(decision.ready_after_s)} later"


def _instances(count: int) -> str:
    return f"{count} instance{'s' * (count != 1)}"
