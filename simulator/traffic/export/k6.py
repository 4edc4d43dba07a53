"""The load of a scenario as a script of k6: one k6 scenario for each source, thresholds for checks.

Source: Grafana k6 documentation, "Scenarios", "Executors", "Thresholds". k6 has no random arrivals: its arrival rates
are at equal intervals, and whole numbers per `timeUnit`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, assert_never

import numpy as np

from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.recordings.traces import request_times
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.shape_spec import (
    AtOnceSpec,
    ClosedSpec,
    Curve,
    CurveSpec,
    MmppSpec,
    TraceSpec,
    is_clocked,
)
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.export.k6_requests import FAILED, FOUND, RequestFunction, is_zero, request_function
from simulator.traffic.shapes.curves import Piece, pieces_of

# k6 parses the options of a script before the test; a script with more stages than this cannot be read by people.
STAGES_MAX: Final = 1_000
_UNITS: Final = (("1s", 1), ("1m", 60), ("1h", 3600))
# Virtual users that k6 allocates for each request per second of the peak, and at least.
_USERS_FOR_RATE: Final = 1.0
_USERS_MIN: Final = 10
_MAX_FACTOR: Final = 10


class K6Script(NamedTuple):
    """A script of k6, and sentences about what k6 does otherwise than the scenario."""

    text: str
    notes: tuple[str, ...]


def k6_script(scenario: ScenarioSpec) -> K6Script:
    """Return the load of a scenario as a script of k6.

    The address of the service is the variable BASE_URL; with several services each has its own, BASE_URL_NAME.
    """
    notes: list[str] = []
    several = len(scenario.services) > 1
    scenarios: dict[str, Any] = {}
    functions: list[RequestFunction] = []
    for source in scenario.traffic:
        name = _unused(re.sub(r"[^A-Za-z0-9_]", "_", source.name), scenarios)
        variable = f"BASE_URL_{re.sub('[^A-Z0-9]', '_', source.service.upper())}" if several else "BASE_URL"
        executor = _executor(scenario, source, notes)
        if executor is None:
            continue
        scenarios[name] = {**executor, "exec": f"send_{name}"}
        function = request_function(name, source, variable)
        notes += function.notes
        functions.append(function)
    options: dict[str, Any] = {"maxRedirects": 0, "scenarios": scenarios}
    if thresholds := _thresholds(scenario, notes):
        options["thresholds"] = thresholds
    return K6Script(_text(scenario, options, functions), tuple(dict.fromkeys(notes)))


def _unused(name: str, taken: Iterable[str]) -> str:
    """Return the name with as many underscores as make it a new one."""
    while name in taken:
        name += "_"
    return name


# --- load ----------------------------------------------------------------------------------------------------


def _executor(scenario: ScenarioSpec, source: SourceSpec, notes: list[str]) -> dict[str, Any] | None:
    """Return the executor that sends the requests of a source; None if it sends none."""
    shape = source.shape
    match shape:
        case ClosedSpec():
            return _users(source, shape, source.end_s(scenario.duration_s), notes)
        case AtOnceSpec():
            at_s = source.from_s + shape.at_s * source.time_scale
            requests = max(1, round(shape.requests * source.scale))
            return _at_once(requests, at_s, scenario.duration_s)
        case TraceSpec():
            notes.append(f"{source.name}: recorded times become a rate per second, at equal intervals")
            return _arrivals(_trace_pieces(source, shape, scenario.duration_s), source, notes)
        case CurveSpec():
            return _arrivals(_curve_pieces(scenario, source, shape, notes), source, notes)
        case _:
            assert_never(shape)


def _curve_pieces(scenario: ScenarioSpec, source: SourceSpec, shape: Curve, notes: list[str]) -> list[Piece]:
    """Return the pieces of a rate curve, and note what k6 sends otherwise."""
    if isinstance(shape, MmppSpec):
        notes.append(f"{source.name}: k6 has no random states: the mean rate is sent")
    elif not is_clocked(shape):
        notes.append(f"{source.name}: arrivals at random become arrivals at equal intervals, the only ones of k6")
    return pieces_of(source, scenario.duration_s, rate_factor(scenario.timeline, source.name))


def _trace_pieces(source: SourceSpec, shape: TraceSpec, duration_s: float) -> list[Piece]:
    """Return the rate in each second of the part of a recording that is played."""
    end_s = source.end_s(duration_s)
    times_s = np.concatenate(list(request_times(shape)) or [np.zeros(0)]) * source.time_scale + source.from_s
    times_s = times_s[times_s < end_s]
    first = math.floor(source.from_s)
    counts = np.bincount((times_s - first).astype(np.int64), minlength=1) * source.scale
    return [Piece(first + at, first + at + 1, rate, rate) for at, rate in enumerate(counts.tolist())]


def _arrivals(pieces: Sequence[Piece], source: SourceSpec, notes: list[str]) -> dict[str, Any] | None:
    """Return an executor for the pieces: a constant rate, or stages."""
    pieces = _few(_joined(pieces), source, notes)
    if not pieces:
        return None
    unit, per_unit = _unit(pieces)
    peak_rps = max(max(piece.start_rps, piece.end_rps) for piece in pieces)
    users = max(_USERS_MIN, math.ceil(peak_rps * _USERS_FOR_RATE))
    common = {
        "startTime": _seconds(pieces[0].begin_s),
        "timeUnit": unit,
        "preAllocatedVUs": users,
        "maxVUs": users * _MAX_FACTOR,
    }
    if len(pieces) == 1 and pieces[0].start_rps == pieces[0].end_rps:
        rate, length_s = round(pieces[0].start_rps * per_unit), pieces[0].end_s - pieces[0].begin_s
        return {"executor": "constant-arrival-rate", "rate": rate, "duration": _seconds(length_s), **common}
    stages, rate_rps = [], pieces[0].start_rps
    for piece in pieces:
        if piece.start_rps != rate_rps:
            stages.append({"duration": "0s", "target": round(piece.start_rps * per_unit)})
        stages.append({"duration": _seconds(piece.end_s - piece.begin_s), "target": round(piece.end_rps * per_unit)})
        rate_rps = piece.end_rps
    start = round(pieces[0].start_rps * per_unit)
    return {"executor": "ramping-arrival-rate", "startRate": start, "stages": stages, **common}


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces with neighbours of the same constant rate joined."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        level = piece.start_rps == piece.end_rps
        if last is not None and level and last.start_rps == last.end_rps == piece.start_rps:
            joined[-1] = last._replace(end_s=piece.end_s)
        elif not piece.is_empty:
            joined.append(piece)
    return joined


def _few(pieces: list[Piece], source: SourceSpec, notes: list[str]) -> list[Piece]:
    """Return at most `STAGES_MAX` pieces, each the mean rate of as many neighbours."""
    if len(pieces) <= STAGES_MAX:
        return pieces
    each = math.ceil(len(pieces) / STAGES_MAX)
    notes.append(
        f"{source.name}: {len(pieces):,} changes of the rate are more than {STAGES_MAX:,}: means of {each} are sent"
    )
    found = []
    for at in range(0, len(pieces), each):
        group = pieces[at : at + each]
        requests = sum((piece.start_rps + piece.end_rps) / 2 * (piece.end_s - piece.begin_s) for piece in group)
        mean_rps = requests / (group[-1].end_s - group[0].begin_s)
        found.append(Piece(group[0].begin_s, group[-1].end_s, mean_rps, mean_rps))
    return found


def _unit(pieces: Sequence[Piece]) -> tuple[str, int]:
    """Return the shortest unit of time in which all rates are whole numbers, or an hour."""
    rates = [rate for piece in pieces for rate in (piece.start_rps, piece.end_rps)]
    for unit, seconds in _UNITS:
        if all(abs(rate * seconds - round(rate * seconds)) < 1e-9 * max(1.0, rate * seconds) for rate in rates):
            return unit, seconds
    return _UNITS[-1]


def _users(source: SourceSpec, shape: ClosedSpec, end_s: float, notes: list[str]) -> dict[str, Any]:
    start = {"startTime": _seconds(source.from_s)}
    length_s = end_s - source.from_s
    if shape.begin == "think_time" and not is_zero(shape.think_time):
        notes.append(f"{source.name}: users of k6 begin with a request, not with a think time")
    if shape.iterations is not None or shape.shared_iterations is not None:
        executor = "per-vu-iterations" if shape.shared_iterations is None else "shared-iterations"
        iterations = shape.iterations if shape.shared_iterations is None else shape.shared_iterations
        users = {"vus": shape.users_max, "iterations": iterations, "maxDuration": _seconds(length_s)}
        return {"executor": executor, **users, **start}
    if not shape.stages:
        return {"executor": "constant-vus", "vus": shape.users, "duration": _seconds(length_s), **start}
    stages = [{"duration": _seconds(stage.duration_s), "target": stage.target} for stage in shape.stages]
    rest_s = length_s - sum(stage.duration_s for stage in shape.stages)
    if rest_s > 0:
        stages.append({"duration": _seconds(rest_s), "target": shape.stages[-1].target})
    return {"executor": "ramping-vus", "startVUs": shape.users, "stages": stages, **start}


def _at_once(requests: int, at_s: float, end_s: float) -> dict[str, Any]:
    """Return an executor in which each user sends one request, for which it has until the end of the run."""
    return {
        "executor": "per-vu-iterations",
        "vus": requests,
        "iterations": 1,
        "startTime": _seconds(at_s),
        "maxDuration": _seconds(max(1.0, end_s - at_s)),
    }


def _seconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{seconds:.0f}s"


# --- checks and text --------------------------------------------------------------------------------------------


def _thresholds(scenario: ScenarioSpec, notes: list[str]) -> dict[str, list[str]]:
    """Return checks about all requests as thresholds; others are named in the notes."""
    found: dict[str, list[str]] = {}
    for check in scenario.checks:
        threshold = _threshold(check)
        if threshold is None:
            notes.append(f"the check `{check.text}` has no threshold of k6")
        else:
            found.setdefault(threshold[0], []).append(threshold[1])
    return found


def _threshold(check: CheckExpression) -> tuple[str, str] | None:
    """Return metric and threshold of k6; None for a check about a part of the requests or about another metric."""
    if check.service is not None or check.tags or check.share is not None:
        return None
    limit = f"{check.operator}{check.limit:g}"
    if check.metric == "error_rate":
        return "http_req_failed", f"rate{limit}"
    if check.metric == "requests":
        return "http_reqs", f"count{limit}"
    figures = {"mean": "avg", "max": "max", "min": "min"}
    figure = figures.get(check.metric, "")
    if check.metric == "latency" and check.quantile is not None:
        figure = f"p({check.quantile * 100:g})"
    return ("http_req_duration", f"{figure}{check.operator}{check.limit * 1000:g}") if figure else None


def _text(scenario: ScenarioSpec, options: dict[str, Any], functions: Sequence[RequestFunction]) -> str:
    has_rows = any(each.needs_rows for each in functions)
    several = len(scenario.services) > 1
    names = (
        [f"BASE_URL_{re.sub('[^A-Z0-9]', '_', name.upper())}" for name in scenario.services]
        if several
        else ["BASE_URL"]
    )
    usage = " ".join(f"-e {name}=http://127.0.0.1:8080" for name in names)
    return "\n".join(
        [
            f"// The load of the scenario {scenario.name}. Run it with: k6 run {usage} FILE",
            "import http from 'k6/http';",
            "import { sleep } from 'k6';",
            *(["import exec from 'k6/execution';", "import { SharedArray } from 'k6/data';"] if has_rows else []),
            "",
            *(f"const {name} = __ENV.{name};" for name in names),
            "",
            f"export const options = {json.dumps(options, indent=2)};",
            "",
            *([FAILED] if any(each.needs_failed for each in functions) else []),
            *([FOUND] if any(each.needs_found for each in functions) else []),
            *(each.text for each in functions),
        ]
    )
