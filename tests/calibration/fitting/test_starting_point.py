"""Closed forms from which a fit begins, and requests that were alone."""

from __future__ import annotations

import pytest

from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.fit_stage import NotCalibrated, fit_stages
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.fitting.light_load import alone, fitted_laws
from simulator.calibration.fitting.starting_point import capacity, cpu_means_s, light_latency_s
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
