"""The load of a script as the sources and checks of a scenario, written as YAML."""

from __future__ import annotations

import json
from dataclasses import dataclass

from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.model.text.units import duration_text


@dataclass(frozen=True, slots=True)
class LoadSource:
    """A source of requests: its name, its shape as YAML in one line, its start, and its end (None: with the shape)."""

    name: str
    shape: str
    from_s: float = 0.0
    until_s: float | None = None


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request that every source sends; several are sent one after the other, as a session."""

    method: str
    path: str
    think_s: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """What was read from a load script. `length_s`: until the last source has ended.

    `checks`: expressions of a scenario. `kept`, `guessed`, `dropped`: sentences for the summary.
    """

    title: str
    sources: tuple[LoadSource, ...]
    length_s: float
    requests: tuple[LoadRequest, ...] = ()
    checks: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def plan_text(plan: LoadPlan, name: str, file: str, settings: dict[str, str | int]) -> str:
    """Return the scenario file of a plan. `file`: the name of the script; `settings`: of the service, by their keys."""
    lines = [
        f"# Load of {file}: {plan.title}.",
        "version: 1",
        f"name: {json.dumps(name)}",
        f"duration: {max(plan.length_s, 1.0):.0f}s",
        "",
        "services:",
        "  web:",
        *(f"    {key}: {value}" for key, value in settings.items()),
        "    application:",
        f"      simulated: {{io: {UNKNOWN_TIME}}}  # a guess: a load script does not have service times",
        "",
        "traffic:",
    ]
    for each in plan.sources:
        lines.append(f"  - name: {each.name}")
        if each.from_s:
            lines.append(f"    from: {each.from_s:g}s")
        if each.until_s is not None:
            lines.append(f"    until: {each.until_s:g}s")
        lines += [f"    {each.shape}", *_requests(plan.requests)]
    if plan.checks:
        lines += ["", "checks:", *(f"  - {check}" for check in plan.checks)]
    return "\n".join(lines) + "\n"


def _requests(requests: tuple[LoadRequest, ...]) -> list[str]:
    if not requests:
        return []
    if len(requests) == 1 and not requests[0].think_s:
        (only,) = requests
        return [f"    requests: [{{path: {json.dumps(only.path)}, method: {only.method}}}]"]
    lines = ["    session:"]
    for each in requests:
        think = f", think_time: {duration_text(each.think_s)}" if each.think_s else ""
        lines.append(f"      - {{path: {json.dumps(each.path)}, method: {each.method}{think}}}")
    return lines
