"""The mix of routes of a scenario's traffic, or of a recording in one of the formats of `simulator import`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, assert_never

from simulator.calibration.observing.observed_service import RouteLoad
from simulator.ingest.imported import import_files
from simulator.ingest.settings import ImportSettings
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.scenario.sections.shape_spec import AtOnceSpec, ClosedSpec, CurveSpec, TraceSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.traffic.shapes.curves import curve_of

_PLACEHOLDER: Final = re.compile(r"\{[^}/]*\}")
_SCENARIO_SUFFIXES: Final = frozenset({".yaml", ".yml"})


def route_mix(path: Path) -> tuple[RouteLoad, ...]:
    """Return the routes of a scenario file or of a recording, weighted by their requests.

    Raises:
        ScenarioError: if the file cannot be read.
        ValueError: if it has no requests over HTTP, or several sources, one of them without a rate.
    """
    is_scenario = path.suffix in _SCENARIO_SUFFIXES
    routes = tuple(_of_scenario(load_scenario(path))) if is_scenario else _of_recording(path)
    if not routes:
        msg = f"traffic = {path}, must be a scenario with traffic or a recording of requests with paths"
        raise ValueError(msg)
    return _merged(routes)


def _of_scenario(scenario: ScenarioSpec) -> Iterator[RouteLoad]:
    for source in scenario.traffic:
        total = sum(kind.weight for kind in source.kinds)
        requests = _requests_of(scenario, source)
        for kind in source.kinds:
            yield RouteLoad(
                path=kind.path,
                method=kind.method,
                weight=requests * kind.weight / total,
                body=kind.body,
                headers=dict(kind.headers),
                request_bytes=kind.request_size_bytes,
                response_bytes=kind.response_size_bytes,
            )


def _requests_of(scenario: ScenarioSpec, source: SourceSpec) -> float:
    """Return the expected number of requests of a source; 1 if it is the only one."""
    shape = source.shape
    match shape:
        case CurveSpec():
            factor = rate_factor(scenario.timeline, source.name)
            return float(curve_of(source, scenario.duration_s, factor).total)
        case AtOnceSpec() | ClosedSpec() | TraceSpec():
            if len(scenario.traffic) == 1:
                return 1.0
            msg = (
                f"traffic = {source.shape_name} of the source {source.name}, must be a rate where a scenario has "
                "several sources: the number of its requests is not known before a run; give the routes with --route"
            )
            raise ValueError(msg)
        case _:
            assert_never(shape)


def _of_recording(path: Path) -> tuple[RouteLoad, ...]:
    services = import_files([path], ImportSettings(everything=True)).services
    return tuple(
        RouteLoad(
            path=_PLACEHOLDER.sub("1", share.path),  # a template stands for requests with any value
            method=share.method,
            weight=share.requests,
            name=f"{share.method} {share.path}",
        )
        for service in services
        for share in service.routes
        if share.requests > 0
    )


def _merged(routes: Sequence[RouteLoad]) -> tuple[RouteLoad, ...]:
    """Return the routes with one entry for each name, whose weight is the sum."""
    weights: dict[str, float] = {}
    first: dict[str, RouteLoad] = {}
    for route in routes:
        name = route.observed.name
        weights[name] = weights.get(name, 0.0) + route.weight
        first.setdefault(name, route)
    return tuple(replace(route, weight=weights[name]) for name, route in first.items())
