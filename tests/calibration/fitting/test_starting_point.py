"""Closed forms from which a fit begins, and requests that were alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.figures.statistics import StageStatistics
from simulator.calibration.fitting.fit_stage import NotCalibrated, fit_stages
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.light_load import alone, fitted_laws
from simulator.calibration.fitting.starting_point import (
    capacity,
    cpu_means_s,
    evened,
    light_latency_s,
    under_load,
)
from simulator.calibration.observation.observation import ObservationKind, ServiceObservation
from tests.calibration.fitting.known_services import observed

SERVICE = ModelCandidate(AppStructure(), (TimeLaw(Family.GAMMA, 0.015, 0.6),), (TimeLaw(Family.LOGNORMAL, 0.06, 0.4),))


@pytest.fixture(scope="module")
def observation() -> ServiceObservation:
    return observed(SERVICE, 1)


def test_capacity_and_cpu_time_follow_from_saturation_and_use(observation: ServiceObservation) -> None:
    stages = fit_stages([observation])
    found = capacity(stages)
    assert found.is_saturated
    assert found.throughput_rps == pytest.approx(1 / 0.015, rel=0.05)
    assert found.utilization == pytest.approx(1.0, abs=0.02)
    assert cpu_means_s(stages, light_latency_s(stages, 1)) == pytest.approx([0.015], rel=0.02)


def test_an_overloaded_instance_is_saturated_though_its_answers_are_errors() -> None:
    (stage,) = fit_stages([observed(SERVICE, 1, fractions=(1.15,), failure_share=0.3)])
    found = capacity([stage])
    assert found.is_saturated
    assert found.throughput_rps == pytest.approx(1 / 0.015, rel=0.05)
    (light,) = fit_stages([observed(SERVICE, 1, fractions=(0.5,), failure_share=0.3)])
    assert not capacity([light]).is_saturated


def test_laws_of_requests_that_were_alone_have_the_mean_times(observation: ServiceObservation) -> None:
    stages = fit_stages([observation])
    laws = fitted_laws(alone(stages, 0), 0.015, 1.0, None)
    # the mean of the requests that were alone is shorter: the likelihood corrects it
    assert laws.io.mean_s == pytest.approx(0.06, rel=0.1)


def test_observations_that_cannot_be_fitted_are_refused_with_the_reason() -> None:
    few = observed(SERVICE, 1, fractions=(0.01,), stage_s=10.0)
    with pytest.raises(
        NotCalibrated, match=r"no load stage can be fitted: stage 1 has \d+ successful answers after its"
    ):
        fit_stages([few])
    failing = observed(SERVICE, 1, fractions=(0.5,), failure_share=1.0)
    with pytest.raises(NotCalibrated, match=r"stage 1 has no successful answer among \d+ requests"):
        fit_stages([failing])
    log = ServiceObservation(ObservationKind.ACCESS_LOG, "a log", failing.routes, failing.loads)
    with pytest.raises(NotCalibrated, match="is of the kind access-log, must be stepped"):
        fit_stages([log])


def test_evened_cpu_times_are_closer_with_the_same_mean_and_latencies() -> None:
    cpu = (TimeLaw(Family.LOGNORMAL, 0.012, 6.0), TimeLaw(Family.GAMMA, 0.001, 0.2), TimeLaw(Family.GAMMA, 0.006, 0.2))
    io = (TimeLaw(Family.UNIFORM, 0.04, 0.1), TimeLaw(Family.CONSTANT, 0.02), TimeLaw(Family.CONSTANT, 0.02))
    start, mix = ModelCandidate(AppStructure(), cpu, io), np.array([0.5, 0.3, 0.2])
    found = evened(start, mix)
    mean_s = 0.5 * 0.012 + 0.3 * 0.001 + 0.2 * 0.006
    assert sum(share * law.mean_s for share, law in zip(mix, found.cpu, strict=True)) == pytest.approx(mean_s)
    ratio = found.cpu[0].mean_s / found.cpu[1].mean_s
    assert ratio == pytest.approx((0.012 / 0.001) ** 0.5)
    assert found.cpu[0].cv == 1.0  # a spread of 6 is seldom right, and the search does not leave it
    for before, after in zip(zip(cpu, io, strict=True), zip(found.cpu, found.io, strict=True), strict=True):
        assert after[0].mean_s + after[1].mean_s == pytest.approx(before[0].mean_s + before[1].mean_s)


def test_a_route_that_is_seldom_alone_has_the_latencies_of_the_lightest_stages() -> None:
    """One request of thirty is of the second route: fewer than thirty were alone, and a heavy stage has enough."""
    two = ModelCandidate(AppStructure(), SERVICE.cpu * 2, SERVICE.io * 2)
    stages = fit_stages([observed(two, 1, weights=(29.0, 1.0), fractions=(0.1, 0.3, 1.15))])
    found = alone(stages, 1).latency_s
    heavy = stages[-1]
    assert len(found) >= 24
    assert np.median(found) < 0.5 * np.median(heavy.latency_s[heavy.is_measured & (heavy.route == 1)])
    # the whole light stages come first
    light = np.concatenate([stage.latency_s[stage.is_measured & (stage.route == 1)] for stage in stages[:2]])
    assert set(light) <= set(found)


def test_a_stage_in_real_time_that_is_overloaded_is_compared_by_its_throughput() -> None:
    # five seconds, so that none is rejected
    made = dataclasses.replace(observed(SERVICE, 1, fractions=(0.5, 1.5), stage_s=5.0), is_virtual=False)
    light, heavy = fit_stages([made])
    assert (light.is_overloaded, heavy.is_overloaded) == (False, True)
    figures = StageStatistics(heavy)
    answered = int((heavy.is_measured & (heavy.at_s + heavy.latency_s < heavy.duration_s)).sum())
    assert figures.measured()[-2] == pytest.approx(np.log(answered))
    assert figures.floors[-2] < 0.02
    assert figures.floors[0] > 0.4
    virtual = dataclasses.replace(heavy, resolution_s=0.0)
    assert len(StageStatistics(virtual).measured()) == len(figures.measured()) - 1
    light_virtual = dataclasses.replace(light, resolution_s=0.0)
    assert len(StageStatistics(light).measured()) == len(StageStatistics(light_virtual).measured())


def test_cpu_times_of_requests_alone_in_real_time_are_those_of_the_busiest_stages(
    observation: ServiceObservation,
) -> None:
    alone_ = [dataclasses.replace(SERVICE.cpu[0], mean_s=1.3 * 0.015)]
    (law,) = under_load(fit_stages([observation]), alone_)
    assert law.mean_s == pytest.approx(0.015, rel=0.02)
    assert law.cv == SERVICE.cpu[0].cv
