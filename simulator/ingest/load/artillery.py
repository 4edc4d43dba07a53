"""Load scripts of Artillery: phases of arriving users, and the flow of each.

Source: Artillery's documentation, "Test scripts": arrivalRate users a second, rampTo, arrivalCount, pause; a flow of
requests and pauses (`think`, in seconds). Arrivals do not wait for answers, so they are an open load.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.plan import LoadPlan, LoadRequest, LoadSource, path_of, seconds_text
from simulator.ingest.service_time import UNKNOWN_TIME
from simulator.model.text.units import parse_duration

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_TEMPLATE = re.compile(r"\{\{\s*(.*?)\s*\}\}")


def is_artillery(file: InputFile) -> bool:
    """Return True for a test script of Artillery in YAML or JSON."""
    text = file.head.decode(errors="replace")
    return "phases" in text and ("arrivalRate" in text or "arrivalCount" in text) and "config" in text


def artillery_plan(file: InputFile) -> LoadPlan:
    """Return the load of a script.

    Raises:
        ScenarioError: if it cannot be read.
    """
    try:
        script = yaml.safe_load(b"".join(file.parts()))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 1 if mark is None else mark.line + 1
        raise file.problem(line, "file", getattr(error, "problem", None) or "not YAML", "YAML or JSON") from error
    config = script.get("config") if isinstance(script, dict) else None
    phases = config.get("phases") if isinstance(config, dict) else None
    if not isinstance(phases, list) or not phases:
        raise file.problem(1, "config.phases", repr(phases), "a list of phases")
    sources, at_s = [], 0.0
    for number, phase in enumerate(phases):
        source, length_s = _source(file, number, phase, at_s)
        if source is not None:
            sources.append(source)
        at_s += length_s
    requests, dropped = _requests(file, script.get("scenarios"))
    guessed = [f"the service time, {UNKNOWN_TIME}: a load script does not have it"]
    if len(sources) > 1 and requests:
        guessed.append("each phase sends the same flow")
    return LoadPlan(
        title="a script of Artillery",
        sources=tuple(sources),
        length_s=at_s,
        requests=tuple(requests),
        kept=tuple(f"{source.name}: {source.shape}" for source in sources),
        guessed=tuple(guessed),
        dropped=("bodies, headers, captures, conditions", *dropped),
    )


def _source(file: InputFile, number: int, phase: Any, at_s: float) -> tuple[LoadSource | None, float]:
    """Return the source of a phase, None for a pause, and the length of the phase in seconds."""
    place = f"config.phases.{number}"
    if not isinstance(phase, dict):
        raise file.problem(1, place, repr(phase), "an object")
    if "pause" in phase:
        return None, _seconds(file, f"{place}.pause", phase["pause"])
    length_s = _seconds(file, f"{place}.duration", phase.get("duration"))
    name = str(phase.get("name", f"phase-{number + 1}"))
    if "arrivalCount" in phase:
        rate = _number(file, f"{place}.arrivalCount", phase["arrivalCount"]) / length_s if length_s else 0.0
        shape = f"clock: {{rate: {rate:.9g}/s}}"
    else:
        rate = _number(file, f"{place}.arrivalRate", phase.get("arrivalRate", 0))
        shape = f"clock: {{rate: {rate:g}/s}}"
        if "rampTo" in phase:
            end = _number(file, f"{place}.rampTo", phase["rampTo"])
            shape = f"ramp: {{start: {rate:.9g}/s, end: {end:.9g}/s, over: {seconds_text(length_s)}, spacing: clock}}"
    return LoadSource(name, shape, at_s, at_s + length_s), length_s


def _seconds(file: InputFile, place: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    try:
        return parse_duration(value)
    except ValueError:
        raise file.problem(1, place, repr(value), "seconds, or a duration such as 5 min") from None


def _number(file: InputFile, place: str, value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    raise file.problem(1, place, repr(value), "a number, at least 0")


def _requests(file: InputFile, scenarios: Any) -> tuple[list[LoadRequest], list[str]]:
    """Return the flow of the first scenario, and a sentence about others."""
    listed = [each for each in scenarios if isinstance(each, dict)] if isinstance(scenarios, list) else []
    calls: list[tuple[str, str]] = []
    pauses_s: list[float] = []
    for step in (listed[0].get("flow") or []) if listed else []:
        for verb, given in step.items() if isinstance(step, dict) else ():
            if verb in _METHODS and isinstance(given, dict):
                calls.append((verb.upper(), path_of(_TEMPLATE.sub(r"{\1}", str(given.get("url", "/"))))))
                pauses_s.append(0.0)
            elif verb == "think" and calls:
                pauses_s[-1] += _seconds(file, "think", given)
    found = [
        LoadRequest(method, path, seconds_text(pause_s) if pause_s else "")
        for (method, path), pause_s in zip(calls, pauses_s, strict=True)
    ]
    return found, [f"{len(listed) - 1} further scenarios of the script"] if len(listed) > 1 else []
