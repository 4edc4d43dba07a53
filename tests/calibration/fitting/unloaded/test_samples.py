"""The times of requests that were sent one at a time."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.fitting.unloaded.samples import unloaded_samples
from simulator.calibration.observation.observation import (
    LimitFacts,
    MachineFacts,
    ObservationKind,
    ObservedRoute,
    ServiceObservation,
)
from simulator.calibration.observation.tables import UnloadedRequests
from simulator.model.sizes import InstanceSize

NAN = float("nan")
COUNT = 20


def observation(**columns: float) -> ServiceObservation:
    """Return an observation of one route at a quarter of a vCPU, with equal requests."""
    values = {"route": 0, "latency_s": 0.2, "cpu_s": 0.01, "throttled_s": 0.0, "status": 200, **columns}
    return ServiceObservation(
        kind=ObservationKind.STEPPED,
        target="a service",
        routes=(ObservedRoute("GET /"),),
        loads=(),
        unloaded=UnloadedRequests(**{name: np.full(COUNT, value) for name, value in values.items()}),
        size=InstanceSize(256, 512),
        limits=LimitFacts("simulated", 0.1, cpu_limited=True),
        machine=MachineFacts(cores=2),
        is_virtual=True,
    )


def rest_s(given: ServiceObservation) -> list[float]:
    found = unloaded_samples([given])
    assert found is not None
    return [float(each) for each in found.routes[0].rest_s]


def test_the_rest_is_the_latency_without_cpu_time_and_throttled_time() -> None:
    assert rest_s(observation(cpu_s=0.03, throttled_s=0.07)) == pytest.approx([0.1] * COUNT)


def test_without_a_quota_the_share_of_a_vcpu_makes_the_cpu_time_last_longer() -> None:
    given = dataclasses.replace(observation(), limits=LimitFacts())
    assert rest_s(given) == pytest.approx([0.2 - 0.04] * COUNT)


def test_if_the_throttled_time_is_unknown_only_requests_within_the_quota_have_a_rest() -> None:
    """A period of 100 ms allows 25 ms."""
    assert rest_s(observation(cpu_s=0.02, throttled_s=NAN)) == pytest.approx([0.18] * COUNT)
    assert unloaded_samples([observation(cpu_s=0.03, throttled_s=NAN)]) is None


def test_a_real_machine_adds_throttled_time_over_its_cpus() -> None:
    given = observation(cpu_s=0.02, throttled_s=0.05)
    assert unloaded_samples([dataclasses.replace(given, is_virtual=False)]) is None
    found = unloaded_samples([dataclasses.replace(observation(), is_virtual=False)])
    assert found is not None
    assert found.is_live


def test_requests_that_failed_are_left_out() -> None:
    assert unloaded_samples([observation(status=500)]) is None


def test_without_cpu_times_the_latencies_are_known() -> None:
    found = unloaded_samples([observation(cpu_s=NAN, throttled_s=NAN)])
    assert found is not None
    assert (len(found.routes[0].cpu_s), len(found.routes[0].latency_s)) == (0, COUNT)


def test_an_observation_without_such_requests_has_no_samples() -> None:
    assert unloaded_samples([dataclasses.replace(observation(), unloaded=None)]) is None
