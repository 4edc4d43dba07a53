"""Observations of which tests know every value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from simulator.calibration.observation.observation import (
    LimitFacts,
    LoadStage,
    MachineFacts,
    ObservationKind,
    ObservedRoute,
    ServiceObservation,
    StartTimes,
)
from simulator.calibration.observation.tables import InstanceSamples, ObservedRequests, UnloadedRequests
from simulator.model.sizes import InstanceSize


def requests(count: int = 4, **columns: Any) -> ObservedRequests:
    """Return requests at 0.5, 1.5, ... s that took 0.1 s, alternating between two routes."""
    given = {
        "sent_s": np.arange(count) + 0.5,
        "latency_s": np.full(count, 0.1),
        "status": np.full(count, 200),
        "route": np.arange(count) % 2,
        "late_s": np.zeros(count),
    }
    return ObservedRequests.of(**{**given, **columns})


def observation(**changes: Any) -> ServiceObservation:
    """Return an observation of two stages, with known and unknown values."""
    samples = InstanceSamples.of(at_s=[1.0, 2.0], cpu_s=[0.25, np.nan], in_flight=[0.5, 3.0])
    loads = (
        LoadStage(1, 1.0, 4.0, 1.0, requests(service_s=[0.05, np.nan, 1 / 3, 0.0]), samples, cpu_s=0.5),
        LoadStage(3, 2.0, 4.0, 0.0, requests(2, status=[0, 503]), others_share=0.25, ended_by="error storm"),
    )
    made = ServiceObservation(
        kind=ObservationKind.STEPPED,
        target="image shop:1",
        routes=(ObservedRoute("GET /items/{id}", 3.0, "/items/1"), ObservedRoute("POST /orders", 1.0, body_bytes=120)),
        loads=loads,
        size=InstanceSize(1024, 2048),
        max_concurrency=200,
        starts=(StartTimes(1.5, launch_s=0.25, listening_s=1.0, first_check_s=0.25, cpu_s=0.75), StartTimes(2.0)),
        wakes=(0.125, 0.5),
        memory_at_rest_bytes=52_428_800.0,
        machine=MachineFacts(2, "a model: x", 0.5, 1.25),
        limits=LimitFacts("cgroup v1", 0.1, cpu_limited=True),
        made_at="2026-11-30T15:00:00+00:00",
        seed=7,
        notes=("Café: the machine was busy.",),
    )
    return replace(made, **changes)


def unloaded(count: int = 4, **columns: Any) -> UnloadedRequests:
    """Return requests that were sent one at a time, between two routes in turn; the CPU time of the last is unknown."""
    given = {
        "route": np.arange(count) % 2,
        "latency_s": np.full(count, 0.1),
        "cpu_s": [*np.full(count - 1, 1 / 3), np.nan],
        "throttled_s": np.zeros(count),
        "status": np.full(count, 200),
    }
    return UnloadedRequests.of(**{**given, **columns})
