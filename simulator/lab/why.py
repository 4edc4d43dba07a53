"""Why there were so many instances: the decision that was in force at a moment of a run, in one sentence.

Reads the report that `simulator run --json` wrote. Only decisions that changed the wish are in it, so the last one
before a moment is the one in force.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from simulator.model.units import duration_text, parse_duration
from simulator.replay.report_schema import DecisionPart, Report, ServicePart

_CLOCK: Final = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)")


def parse_moment(text: str) -> float:
    """Seconds of the run from `12:03:06` (hours, minutes, seconds), `03:06`, or a duration such as `90s`.

    Raises:
        ValueError: when it is neither.
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
    """Raises ValueError, with the file, unless it is a report of `simulator run --json`."""
    try:
        return Report.model_validate_json(file.read_bytes())
    except OSError as error:
        msg = f"run = {str(file)!r}, must be a file that can be read: {error.strerror}"
        raise ValueError(msg) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        msg = f"run = {str(file)!r}, must be what `simulator run --json` writes: {place}: {first['msg']}"
        raise ValueError(msg) from error


def why(report: Report, at_s: float, service: str | None = None) -> list[str]:
    """A sentence for each service, or for `service` alone.

    Raises:
        ValueError: for a moment that is not in the run, or an unknown service.
    """
    if not 0 <= at_s <= report.run.ended_s:
        msg = f"time = {clock_text(at_s)}, must be within the run: 0:00:00 to {clock_text(report.run.ended_s)}"
        raise ValueError(msg)
    names = [part.name for part in report.services]
    if service is not None and service not in names:
        msg = f"service = {service!r}, must be one of {', '.join(names)}"
        raise ValueError(msg)
    return [_sentence(part, at_s) for part in report.services if service in {None, part.name}]


def clock_text(at_s: float) -> str:
    """`12:03:06`; tenths where there are some."""
    tenths = round(at_s * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    seconds = f"{rest // 10:02d}" if rest % 10 == 0 else f"{rest / 10:04.1f}"
    return f"{hours}:{minutes:02d}:{seconds}"


def _sentence(service: ServicePart, at_s: float) -> str:
    earlier = [decision for decision in service.decisions if decision.at_s <= at_s]
    if not earlier:
        return _before_the_first(service, at_s)
    decision = earlier[-1]
    ago = "" if decision.at_s == at_s else f", {duration_text(at_s - decision.at_s)} before"
    verb = "raised" if decision.desired > decision.before else "lowered"
    parts = [
        f"At {clock_text(at_s)} {service.name} wanted {_instances(decision.desired)}: ",
        f"at {clock_text(decision.at_s)}{ago} {decision.policy} saw {_seen(decision)}, computed {decision.formula}",
        f", clamped it by {'; '.join(decision.clamps)}," if decision.clamps else "",
        f" and {verb} the wish from {decision.before} to {decision.desired}, because {decision.reason}",
        _fulfilled(decision),
        ".",
    ]
    return "".join(parts)


def _before_the_first(service: ServicePart, at_s: float) -> str:
    wish = service.decisions[0].before if service.decisions else service.min_size
    first = f" (the first change came at {clock_text(service.decisions[0].at_s)})" if service.decisions else ""
    return (
        f"At {clock_text(at_s)} {service.name} wanted {_instances(wish)}, as at its start: "
        f"{service.policy} had not changed its wish{first}."
    )


def _seen(decision: DecisionPart) -> str:
    seen = [f"{name} = {'nothing' if value is None else f'{value:.4g}'}" for name, value in decision.inputs.items()]
    return ", ".join(seen) or "nothing that it told"


def _fulfilled(decision: DecisionPart) -> str:
    if decision.desired <= decision.before:
        return ""
    if decision.ready_after_s is None:
        return "; so many were not ready before the wish was taken back or the run ended"
    if decision.ready_after_s == 0:
        return "; so many were ready already"
    return f"; so many were ready {duration_text(decision.ready_after_s)} later"


def _instances(count: int) -> str:
    return f"{count} instance{'s' * (count != 1)}"
