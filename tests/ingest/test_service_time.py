from __future__ import annotations

import numpy as np
import yaml

from simulator.ingest.duration_histogram import DurationHistogram
from simulator.ingest.service_time import service_time
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.world.random_streams import RandomStreams


def law_of(values: np.ndarray) -> tuple[DistributionSpec, str]:
    durations = DurationHistogram()
    durations.add(values)
    text, fit = service_time(durations)
    return DistributionSpec.model_validate(yaml.safe_load(text)), fit


def test_log_normal_durations_are_written_as_such() -> None:
    spec, fit = law_of(RandomStreams(1).stream("durations").lognormal(np.log(0.08), 0.6, 200_000))

    assert spec.lognormal is not None
    assert spec.lognormal.median_s is not None
    assert abs(spec.lognormal.median_s / 0.08 - 1) < 0.02
    assert fit.startswith("log-normal, within ")


def test_two_kinds_of_requests_are_written_as_their_quantiles() -> None:
    values = np.concatenate([np.full(700, 0.010), np.full(300, 2.0)])
    spec, _ = law_of(values)

    assert spec.empirical is not None
    listed = np.array(spec.empirical)
    assert len(listed) == 20
    assert (listed < 0.1).sum() == 14
    np.testing.assert_allclose(listed.mean(), values.mean(), rtol=0.01)


def test_equal_durations_are_written() -> None:
    spec, _ = law_of(np.full(10, 0.25))

    assert spec.empirical is not None
    np.testing.assert_allclose(spec.empirical, 0.25, rtol=0.006)
