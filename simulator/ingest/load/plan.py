"""The load of a script as the sources and checks of a scenario, written as YAML."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from simulator.ingest.service_time import UNKNOWN_TIME

_WIDTH: Final = 120
UNKNOWN_TIME_S: Final = 0.1
"""The guess of `UNKNOWN_TIME` in seconds, for the length of a load whose users end by themselves."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """A request. `think`: the distribution of the pause behind it, as YAML; empty for none.

    `weight`: its share among the requests of a mix, of which each is sent alone; None: requests are sent one after the
    other, as a session.
    """

    method: str
    path: str
    think: str = ""
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class LoadSource:
    """A source of requests: its name, its shape as YAML in one line, its start, and its end (None: with the shape).

    `requests`: its own; None: those of the plan.
    """

    name: str
    shape: str
    from_s: float = 0.0
    until_s: float | None = None
    requests: tuple[LoadRequest, ...] | None = None


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


def seconds_text(seconds: float) -> str:
    """Return a time for a scenario, with all its digits."""
    return f"{seconds:.9g}s"


def path_of(address: str) -> str:
    """Return the path of an address, or of a path, without its query."""
    try:
        path = urlsplit(address).path
    except ValueError:  # brackets that are no address of IPv6
        path = address.partition("?")[0]
    return path if path.startswith("/") else f"/{path}"


def plan_text(plan: LoadPlan, name: str, file: str, settings: dict[str, str | int], source_code: str = "") -> str:
    """Return the scenario file of a plan. `file`: the name of the script; `settings`: of the service, by their keys.

    `source_code`: the section of the real application; empty for none.
    """
    lines = [
        f"# Load of {file}: {plan.title}.",
        "version: 1",
        f"name: {json.dumps(name)}",
        f"duration: {max(1, math.ceil(plan.length_s - 1e-6))}s",
        "",
        "services:",
        "  web:",
        *(f"    {key}: {value}" for key, value in settings.items()),
        "    application:",
        f"      simulated: {{io: {UNKNOWN_TIME}}}  # a guess: a load script does not have service times",
        *([f"      {source_code}"] if source_code else []),
        "",
        "traffic:",
    ]
    for each in _named(plan.sources):
        lines.append(f"  - name: {each.name}")
        if each.from_s:
            lines.append(f"    from: {each.from_s:.9g}s")
        if each.until_s is not None:
            lines.append(f"    until: {each.until_s:.9g}s")
        lines += _wrapped(each.shape)
        lines += [*_requests(plan.requests if each.requests is None else each.requests)]
    if plan.checks:
        lines += ["", "checks:", *(f"  - {check}" for check in plan.checks)]
    return "\n".join(lines) + "\n"


def _wrapped(shape: str) -> list[str]:
    return textwrap.wrap(
        shape,
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _named(sources: Iterable[LoadSource]) -> list[LoadSource]:
    """Return the sources with names that a scenario accepts, each once."""
    named: dict[str, LoadSource] = {}
    for each in sources:
        label = re.sub(r"[^A-Za-z0-9_.-]+", "-", each.name).strip("_.-") or "load"
        name, number = label, 1
        while name in named:
            number += 1
            name = f"{label}-{number}"
        named[name] = replace(each, name=name)
    return list(named.values())


def _requests(requests: tuple[LoadRequest, ...]) -> list[str]:
    if not requests:
        return []
    if any(each.weight is not None for each in requests):
        return ["    requests:", *(f"      - {{{_of(each)}, weight: {each.weight or 1.0:.9g}}}" for each in requests)]
    if len(requests) == 1 and not requests[0].think:
        return [f"    requests: [{{{_of(requests[0])}}}]"]
    think = (f", think_time: {each.think}" if each.think else "" for each in requests)
    return ["    session:", *(f"      - {{{_of(each)}{pause}}}" for each, pause in zip(requests, think, strict=True))]


def _of(request: LoadRequest) -> str:
    return f"path: {json.dumps(request.path)}, method: {request.method}"
