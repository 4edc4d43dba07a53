"""Plans requests that are sent one at a time: how often each route is requested, and the pause after each response."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import Column

# Of the budget of an observation, and at most so long: beyond it the loads tell more.
_SHARE: Final = 0.2
_LONGEST_S: Final = 60.0
_SHORTEST_S: Final = 6.0
_WARM_UP_SHARE: Final = 0.1
_WARM_UP_MIN_S: Final = 1.0
# What an application does after its response ends in the pause, and so does most of what it is throttled for.
_PAUSE_S: Final = (0.020, 1.0)
# At most this share of the instance's vCPUs is in use on average, so that its CPU quota seldom stops a request.
_CPU_USE: Final = 0.5
_ROUNDS: Final = 20


@dataclass(frozen=True, slots=True)
class UnloadedPlan:
    """How requests are sent one at a time.

    Requests are sent for `seconds`, of which those of the first `warm_up_s` are left out. `pause_s`: mean time from a
    response until the next request. `weights`: of the routes among the requests.
    """

    seconds: float
    warm_up_s: float
    pause_s: float
    weights: tuple[float, ...]


def unloaded_s(budget_s: float) -> float:
    """Return for how many seconds of a budget requests are sent one at a time; 0 if it is too small for them."""
    seconds = min(_SHARE * budget_s, _LONGEST_S)
    return seconds if seconds >= _SHORTEST_S else 0.0


def unloaded_plan(light: LoadStage, routes: int, vcpu: float, seconds: float) -> UnloadedPlan:
    """Return the plan for a service that was observed at the light load `light`.

    A route with a long latency is requested less often, because each of its requests takes more of the time: the
    standard errors of the means have the least sum of squares if the number of requests is inversely proportional to
    the root of their duration. Weights among the users' requests do not matter, so rare routes are known as well.
    """
    requests = light.settled.rows(light.settled.served)
    latency_s = requests.latency_s - requests.late_s
    overall_s = float(latency_s.mean()) if len(latency_s) else 0.0
    by_route = np.array([_mean(latency_s[requests.route == route], overall_s) for route in range(routes)])
    # The CPU time of a route is taken to be in proportion to its latency. If it is unknown it is at most all of it.
    cpu_s = light.cpu_s / len(light.settled) if len(light.settled) else math.nan
    cpu_share = min(vcpu, 1.0) if math.isnan(cpu_s) or overall_s <= 0 else cpu_s / overall_s
    pause_s = _PAUSE_S[0]
    for _ in range(_ROUNDS):  # the shares depend on the pause, and the pause on the shares
        mean_s = float(_shares(by_route + pause_s) @ by_route)
        pause_s = min(max(cpu_share * mean_s / (_CPU_USE * vcpu) - mean_s, _PAUSE_S[0]), _PAUSE_S[1])
    return UnloadedPlan(
        seconds=seconds,
        warm_up_s=max(_WARM_UP_MIN_S, _WARM_UP_SHARE * seconds),
        pause_s=pause_s,
        weights=tuple(_shares(by_route + pause_s).tolist()),
    )


def _mean(values: Column, otherwise: float) -> float:
    return float(values.mean()) if len(values) else otherwise


def _shares(duration_s: Column) -> Column:
    shares = 1 / np.sqrt(duration_s)
    of_one: Column = shares / shares.sum()
    return of_one
