"""Load scripts of k6: executors, stages and thresholds of the options; methods, paths and pauses of the script.

Sources: Grafana k6 documentation, "Scenarios" and its executors, "Thresholds". The options are read as a literal of
JavaScript, or as JSON from `k6 inspect SCRIPT`, which evaluates expressions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from simulator.ingest.formats.json_document import starts_with
from simulator.ingest.input_file import InputFile
from simulator.ingest.load.js_literal import Expression, LiteralError, literal
from simulator.ingest.load.k6_script import DEFAULT, ScriptIteration, iterations
from simulator.ingest.load.plan import LoadPlan, LoadSource, seconds_text
from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_duration

_OPTIONS: Final = re.compile(r"export\s+(?:const|let|var)\s+options\s*(?::\s*\w+\s*)?=")
_IMPORT: Final = re.compile(r"""from\s+['"]k6(?:/http)?['"]|require\(['"]k6""")
_THRESHOLD: Final = re.compile(r"(p\(([\d.]+)\)|avg|med|max|rate|count)\s*(<=?|>=?)\s*([\d.]+)")
_INSPECTED: Final = ("executor", "stages", "vus", "iterations", "scenarios")

ARRIVAL: Final = ("constant-arrival-rate", "ramping-arrival-rate")
USERS: Final = ("constant-vus", "ramping-vus", "shared-iterations", "per-vu-iterations")
EXECUTORS: Final = (*ARRIVAL, *USERS)
# How long k6 lets iterations finish and users ramp down, by default: it sends nothing new in that time.
_ITERATIONS_S: Final = 600.0


class _Unreadable(ValueError):
    """An option that cannot be read: its place, its text, and what is expected."""

    def __init__(self, place: str, found: str, expected: str) -> None:
        super().__init__(place, found, expected)
        self.place, self.found, self.expected = place, found, expected


def is_k6(file: InputFile) -> bool:
    """Return True for a script of k6, or for the options that `k6 inspect` prints."""
    head = file.head.decode(errors="replace")
    return bool(_IMPORT.search(head) and _OPTIONS.search(head)) or (
        starts_with(file, *_INSPECTED) and '"userAgent"' in head and '"discardResponseBodies"' in head
    )


def k6_plan(file: InputFile) -> LoadPlan:
    """Return the load of a script.

    Raises:
        ScenarioError: if its options cannot be read without running it.
    """
    text = b"".join(file.parts()).decode(errors="replace")
    found = _OPTIONS.search(text)
    try:
        options = json.loads(text) if found is None else literal(text, found.end())
        return _plan(_object("options", options), "" if found is None else text)
    except LiteralError as error:
        line = text.count("\n", 0, error.at) + 1
        raise file.problem(line, "options", str(error), "an object literal; `k6 inspect` prints it as JSON") from error
    except json.JSONDecodeError as error:
        raise file.problem(error.lineno, "file", error.msg, "JSON as `k6 inspect` prints it") from error
    except _Unreadable as error:
        line = _line_of(text, error.place)
        raise file.problem(line, error.place, error.found, error.expected) from error


def _line_of(text: str, place: str) -> int:
    at = text.find(place.rpartition(".")[2])
    return 1 if at < 0 else text.count("\n", 0, at) + 1


def _plan(options: dict[str, Any], script: str) -> LoadPlan:
    scenarios = options.get("scenarios")
    found = iterations(script)
    if isinstance(scenarios, dict) and scenarios:
        given = {name: _object(f"scenarios.{name}", each) for name, each in scenarios.items()}
        sources = [_source(name, each, found) for name, each in given.items()]
    else:
        sources = [_source("default", _shortcut(options), found, "options")]
    requests = tuple(dict.fromkeys(request for source in sources for request in source.requests or ()))
    checks, dropped = _checks(options.get("thresholds"))
    length_s = max(source.until_s or 0.0 for source in sources)
    unread = dict.fromkeys(f"the pause {text}: an expression" for each in found.values() for text in each.unread)
    guessed = [f"the service time, {UNKNOWN_TIME}: a load script does not have it"]
    if any(source.shape.startswith("closed") for source in sources):
        guessed.append("users wait for each answer, so their rate depends on the service time")
    if any(len(source.requests or ()) > 1 for source in sources):
        guessed.append("the calls of the script, in their order, are a session: conditions and loops are not read")
    return LoadPlan(
        title="a script of k6",
        sources=tuple(sources),
        length_s=length_s,
        requests=requests,
        checks=tuple(checks),
        kept=tuple(f"{source.name}: {source.shape}" for source in sources),
        guessed=tuple(guessed),
        dropped=("bodies, headers, checks of responses, setup and teardown", *unread, *dropped),
    )


def _shortcut(options: dict[str, Any]) -> dict[str, Any]:
    """Return the scenario that k6 makes of `vus`, `duration`, `iterations` and `stages`."""
    if options.get("stages"):
        return {"executor": "ramping-vus", "startVUs": options.get("vus") or 1, "stages": options["stages"]}
    if options.get("iterations"):
        return {
            "executor": "shared-iterations",
            "vus": options.get("vus") or 1,
            "iterations": options["iterations"],
        } | ({"maxDuration": options["duration"]} if options.get("duration") else {})
    if options.get("duration"):
        return {"executor": "constant-vus", "vus": options.get("vus") or 1, "duration": options["duration"]}
    raise _Unreadable("options", "no load", "scenarios, stages, iterations, or vus with duration")


def _source(
    name: str, scenario: dict[str, Any], functions: Mapping[str, ScriptIteration], parent: str = "scenarios"
) -> LoadSource:
    place = f"{parent}.{name}" if parent == "scenarios" else parent
    executor = scenario.get("executor")
    if executor not in EXECUTORS:
        raise _Unreadable(f"{place}.executor", _shown(executor), one_of(str(executor), EXECUTORS))
    start_s = _seconds(f"{place}.startTime", scenario.get("startTime", "0s"))
    function = scenario.get("exec", DEFAULT)
    if functions and function not in functions:
        raise _Unreadable(f"{place}.exec", _shown(function), f"a function of the script: {', '.join(functions)}")
    iteration = functions.get(function, ScriptIteration())
    shape, length_s = _shape(place, str(executor), scenario)
    if iteration.rest and shape.startswith("closed"):
        shape = f"{shape.removesuffix('}')}, think_time: {iteration.rest}}}"
    return LoadSource(name, shape, start_s, start_s + length_s, iteration.requests)


def _shape(place: str, executor: str, scenario: dict[str, Any]) -> tuple[str, float]:
    """Return the shape of a source as YAML, and its length in seconds."""
    if executor == "constant-arrival-rate":
        length_s = _seconds(f"{place}.duration", scenario.get("duration"))
        return f"clock: {{rate: {_rate(place, scenario, 'rate')}}}", length_s
    if executor == "ramping-arrival-rate":
        unit_s = _seconds(f"{place}.timeUnit", scenario.get("timeUnit", "1s"))
        stages, length_s = _stages(place, scenario, lambda target: f"{target / unit_s:.9g}/s")
        return (
            f"stages: {{start: {_rate(place, scenario, 'startRate', 0)}, spacing: clock, stages: [{stages}]}}",
            length_s,
        )
    if executor == "ramping-vus":
        stages, length_s = _stages(place, scenario, lambda target: f"{target:.0f}")
        users = _whole(f"{place}.startVUs", scenario.get("startVUs", 1))
        return f"closed: {{users: {users}, begin: request, stages: [{stages}]}}", length_s
    users = _whole(f"{place}.vus", scenario.get("vus", 1))
    if executor == "constant-vus":
        return f"closed: {{users: {users}, begin: request}}", _seconds(f"{place}.duration", scenario.get("duration"))
    iterations = _whole(f"{place}.iterations", scenario.get("iterations", 1))
    key = "shared_iterations" if executor == "shared-iterations" else "iterations"
    length_s = _seconds(f"{place}.maxDuration", scenario.get("maxDuration", f"{_ITERATIONS_S:g}s"))
    return f"closed: {{users: {users}, begin: request, {key}: {iterations}}}", length_s


def _stages(place: str, scenario: dict[str, Any], target_text: Any) -> tuple[str, float]:
    stages = scenario.get("stages")
    if not isinstance(stages, list) or not stages:
        raise _Unreadable(f"{place}.stages", _shown(stages), "a list of {duration, target}")
    texts, length_s = [], 0.0
    for number, stage in enumerate(stages):
        each = _object(f"{place}.stages.{number}", stage)
        seconds = _seconds(f"{place}.stages.{number}.duration", each.get("duration"))
        target = _whole(f"{place}.stages.{number}.target", each.get("target"))
        texts.append(f"{{duration: {seconds_text(seconds)}, target: {target_text(target)}}}")
        length_s += seconds
    return ", ".join(texts), length_s


def _rate(place: str, scenario: dict[str, Any], key: str, default: int | None = None) -> str:
    rate = _whole(f"{place}.{key}", scenario.get(key, default))
    return f"{rate / _seconds(f'{place}.timeUnit', scenario.get('timeUnit', '1s')):.9g}/s"


def _object(place: str, value: Any) -> dict[str, Any]:
    """Return the members of an object that are set: `k6 inspect` prints null for all others."""
    if not isinstance(value, dict):
        raise _Unreadable(place, _shown(value), "an object; `k6 inspect` evaluates expressions")
    return {key: each for key, each in value.items() if each is not None}


def _whole(place: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _Unreadable(place, _shown(value), "a whole number, at least 0; `k6 inspect` evaluates expressions")
    return value


def _seconds(place: str, value: Any) -> float:
    """Return a duration of k6: `1m30s`, or milliseconds as a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000
    try:
        return parse_duration(value if isinstance(value, str) else None)
    except ValueError:
        raise _Unreadable(
            place, _shown(value), "a duration such as 1m30s; `k6 inspect` evaluates expressions"
        ) from None


def _shown(value: Any) -> str:
    return value.text if isinstance(value, Expression) else "missing" if value is None else repr(value)


def _checks(thresholds: Any) -> tuple[list[str], list[str]]:
    """Return the thresholds as checks, and sentences about those without an equivalent."""
    checks, dropped = [], []
    for metric, given in (thresholds if isinstance(thresholds, dict) else {}).items():
        for each in given if isinstance(given, list) else [given]:
            text = each.get("threshold") if isinstance(each, dict) else each
            check = _check(metric, str(text))
            if check:
                checks.append(check)
            else:
                dropped.append(f"the threshold {metric}: {text}")
    return checks, dropped


def _check(metric: str, threshold: str) -> str:
    found = _THRESHOLD.fullmatch(threshold.strip())
    if found is None:
        return ""
    name, level, operator, limit = found.groups()
    if metric == "http_req_duration":
        figure = {"avg": "mean", "med": "p50", "max": "max"}.get(name, f"p{level}" if level else "")
        return f"{figure} {operator} {limit} ms" if figure else ""
    if metric == "http_req_failed" and name == "rate":
        return f"error_rate {operator} {float(limit) * 100:g} %"
    return f"requests {operator} {limit}" if metric == "http_reqs" and name == "count" else ""
