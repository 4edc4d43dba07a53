"""The times of requests without load, measured and as the model has them.

The model is played as `simulator observe` measures: one request at a time, through the same load balancer to one
instance of the observed size. So both contain the same parts, such as the wait for a downstream resource.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.unloaded.measured_times import quantiles_of
from simulator.calibration.model.calibrated_model import CalibratedModel, UnloadedTimes
from simulator.calibration.observation.tables import Column, UnloadedRequests
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.unloaded.plan import UnloadedPlan
from simulator.calibration.observing.unloaded.run import UnloadedRun
from simulator.calibration.prediction.model_scenario import scaled_to

_REQUESTS: Final = 1000  # of each route, in the run of the model
_LONGEST_S: Final = 3600.0
_WARM_UP_S: Final = 1.0
_PAUSE_S: Final = 0.05


class RouteTimes(NamedTuple):
    """The times of a route's requests without load."""

    measured: UnloadedTimes
    modelled: UnloadedTimes


def played_times(model: CalibratedModel, seed: int) -> list[RouteTimes]:
    """Return the times of each route whose CPU time was measured; the model is played for it.

    Raises:
        ScenarioError: if the model is not valid.
        BrokenRun: if the run failed.
    """
    known = {each.route: each for each in model.fit.unloaded if each.cpu_s and each.rest_s}
    places = {place: known[route.name] for place, route in enumerate(model.routes) if route.name in known}
    if not places:
        return []
    requests = _played(model, list(places.values()), seed)
    times = []
    for place, measured in places.items():
        own = requests.rows((requests.route == place) & requests.served)
        if len(own):
            rest_s = own.latency_s - own.cpu_s - _stopped_s(own, model.size.vcpu)
            modelled = UnloadedTimes(
                route=measured.route,
                count=len(own),
                cpu_s=quantiles_of(own.cpu_s),
                rest_s=quantiles_of(np.maximum(rest_s, 0.0)),
            )
            times.append(RouteTimes(measured, modelled))
    return times


def _played(model: CalibratedModel, measured: list[UnloadedTimes], seed: int) -> UnloadedRequests:
    routes = tuple(
        RouteLoad(
            route.path,
            route.method,
            request_bytes=round(route.request_bytes),
            response_bytes=round(route.response_bytes),
            name=route.name,
        )
        for route in model.routes
    )
    application = scaled_to(model.application, model.size)
    service = ObservedService.of_application(application, model.size, routes, target=model.name)
    mean_s = float(np.mean([np.mean(each.cpu_s) + np.mean(each.rest_s) for each in measured]))
    seconds = min(_WARM_UP_S + len(routes) * _REQUESTS * (mean_s + _PAUSE_S), _LONGEST_S)
    plan = UnloadedPlan(seconds, _WARM_UP_S, _PAUSE_S, (1 / len(routes),) * len(routes))
    return UnloadedRun(service, plan, seed, None).play().requests


def _stopped_s(requests: UnloadedRequests, vcpu: float) -> Column:
    """Return for how long each request of the model was stopped, or slowed on a part of a vCPU."""
    slowed_s = requests.cpu_s * (1 / min(1.0, vcpu) - 1)
    stopped: Column = np.where(np.isfinite(requests.throttled_s), requests.throttled_s, slowed_s)
    return stopped
