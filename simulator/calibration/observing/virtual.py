"""Observes a simulated application in virtual time, by the same levels and the same path as a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.calibration.observation.observation import ServiceObservation
from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.observer import BUDGET_S, Observer
from simulator.lab.backend_names import AUTO
from simulator.model.sizes import InstanceSize


def observe_virtually(
    application: Mapping[str, Any],
    size: InstanceSize,
    routes: Sequence[RouteLoad],
    seed: int,
    *,
    service: Mapping[str, Any] | None = None,
    budget_s: float = BUDGET_S,
    rates: Sequence[float] = (),
    level_s: float = 20.0,
    unloaded_s: float | None = None,
    wakes: bool = True,
    backend: str = AUTO,
    target: str = "a simulated application",
) -> ServiceObservation:
    """Return the observation of a simulated application.

    Args:
        application: the section `application` of a scenario file, with `simulated` and perhaps `downstream`.
        size: of the instance.
        routes: the requests, with their weights.
        seed: of the arrivals and of the application.
        service: further keys of the service in a scenario file.
        budget_s: virtual time for all levels.
        rates: requests/s of the levels, each measured for `level_s`; empty: levels are found as for a real service.
        level_s: see `rates`.
        unloaded_s: virtual time in which requests are sent one at a time; None: a share of the budget, or none with
            `rates`.
        wakes: whether wakes are measured.
        backend: `compiled`, `event-loop`, or `auto` for the faster one; the result is the same.
        target: name of the application in the observation.

    Raises:
        ScenarioError: if a scenario file could not have these sections.
        ValueError: if the backend cannot play the application.
        UnusableService: if the application fails at light load.
    """
    observed = ObservedService.of_application(application, size, tuple(routes), target=target, service=service)
    return Observer(
        observed,
        seed,
        budget_s=budget_s,
        rates=tuple(rates),
        level_s=level_s,
        unloaded_s=unloaded_s,
        wakes=wakes,
        backend=backend,
    ).observe()
