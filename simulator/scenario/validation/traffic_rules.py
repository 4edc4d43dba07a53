"""Rules between the traffic of a scenario and its duration, its checks and its applications."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.model.text import units
from simulator.scenario.check_expression import parse_check
from simulator.scenario.check_metrics import METRICS
from simulator.scenario.document import Document, Path
from simulator.scenario.problems import Problem, nearest
from simulator.scenario.validation.downstream_rules import resource_names
from simulator.scenario.validation.raw_access import items, mapping, seconds, services, tried

STATES_MAX: Final = 500_000


def traffic_problems(document: Document) -> Iterator[Problem]:
    """Yield every violated rule."""
    yield from _changes_of_state(document)
    yield from _check_services(document)
    yield from _paths(document)


def _changes_of_state(document: Document) -> Iterator[Problem]:
    """Verify that the changes of state of bursty traffic fit into memory."""
    duration = seconds(document.data.get("duration"))
    for index, source in items(document, "traffic"):
        states = mapping(source.get("mmpp")).get("states")
        for place, state in enumerate(states if isinstance(states, list) else []):
            stay = seconds(mapping(state).get("stay"))
            if stay and duration is not None and stay * STATES_MAX < duration:
                path: Path = ("traffic", index, "mmpp", "states", place, "stay")
                shortest = units.duration_text(duration / STATES_MAX)
                yield document.problem(path, f"at least {shortest}: {STATES_MAX} states a run")


def _check_services(document: Document) -> Iterator[Problem]:
    """Verify that services, sources, paths and names in checks exist in the file."""
    services_known = [str(name) for name in mapping(document.data.get("services"))]
    sources = [source for _, source in items(document, "traffic")]
    sources_known = [str(source["name"]) for source in sources if "name" in source]
    requests = [request for source in sources for request in _requests_of(source)]
    known = {
        "service": services_known,
        "source": sources_known,
        "path": sorted({str(request.get("path", "/")) for request in requests} or {"/"}),
        "downstream": resource_names(document),
        "name": sorted({str(request["name"]) for request in requests if "name" in request}),
    }
    known["path"] += [path.partition("?")[0] for path in known["path"] if "?" in path]
    checks = document.data.get("checks")
    for index, given in enumerate(checks if isinstance(checks, list) else []):
        check = tried(parse_check, given)
        if check is None or not services_known:
            continue
        if check.service is not None and check.service not in services_known:
            near = nearest(check.service, [*services_known, *sources_known])
            if check.service not in sources_known:
                expected = f"about one of the services {', '.join(services_known)}"
                expected += f" or sources {', '.join(sources_known)}" * bool(sources_known)
                yield document.problem(("checks", index), expected, near=near)
            elif METRICS[check.metric].of_service:
                yield document.problem(("checks", index), f"about a service: sources share its {check.metric}")
        for tag, value in check.tags:
            if value not in known.get(tag, (value,)):  # web_acl_rules.py checks the names of rules
                kind = "downstream resource" if tag == "downstream" else f"{tag} of the traffic"
                expected = f"about a {kind}: {', '.join(known[tag]) or 'none has one'}"
                yield document.problem(("checks", index), expected, near=nearest(value, known[tag]))


def _paths(document: Document) -> Iterator[Problem]:
    """Verify that a source requests each path that has a cost of its own; otherwise the path may be misspelt."""
    for name, service in services(document):
        given = mapping(mapping(mapping(service.get("application")).get("simulated")).get("paths"))
        asked = {
            str(request.get("path", "/")).partition("?")[0]
            for _, source in items(document, "traffic")
            if source.get("service") == name
            for request in _requests_of(source)
        }
        for path in given:
            if asked and path not in asked:
                place: Path = ("services", name, "application", "simulated", "paths", str(path))
                expected = f"a path of the traffic to it: {', '.join(sorted(asked))}"
                yield document.problem(place, expected, found=str(path), near=nearest(path, asked))


def _requests_of(source: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    given = source.get("session") or source.get("requests")
    yield from (request for request in given if isinstance(request, dict)) if isinstance(given, list) else ({},)
