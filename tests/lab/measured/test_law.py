"""Laws that are fitted to measured times, compared with numpy on the same sample."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from simulator.lab.measured.law import Law, law_spec, law_yaml, shares
from simulator.model.text.document import parse_document
from simulator.records.histogram import Histogram
from simulator.scenario.sections.distribution_spec import DistributionSpec
from simulator.world.random_streams import RandomStreams


def recorded(values_s: NDArray[np.float64]) -> Histogram:
    times = Histogram()
    times.record(values_s)
    return times


def sample(n: int = 7001) -> NDArray[np.float64]:
    return RandomStreams(5).stream("law").lognormal(-2.3, 0.5, n)


def test_the_values_have_the_mean_and_the_percentiles_of_the_sample() -> None:
    values_s = sample()
    law_s = shares(recorded(values_s))
    assert float(law_s.mean()) == pytest.approx(float(values_s.mean()), rel=0.003)
    by_hand = [float(part.mean()) for part in np.array_split(np.sort(values_s), len(law_s))]
    assert law_s.tolist() == pytest.approx(by_hand, rel=0.02)
    for quantile in (0.5, 0.95):
        exact_s = float(np.quantile(values_s, quantile))
        assert float(np.quantile(law_s, quantile, method="inverted_cdf")) == pytest.approx(exact_s, rel=0.04)


def test_fewer_times_than_values_are_shared_among_them() -> None:
    law_s = shares(recorded(np.array([0.1, 0.4])))
    assert law_s.tolist() == pytest.approx([0.1] * 15 + [0.4] * 15, rel=0.004)


def test_the_text_is_read_as_the_same_law() -> None:
    law_s = shares(recorded(sample())).tolist()
    text = law_yaml(law_s)
    assert "\n" not in text
    value = parse_document(f"value: {text}").data["value"]
    spec = DistributionSpec.model_validate(value)
    assert spec == law_spec(law_s)
    assert spec.distribution.mean == pytest.approx(float(np.mean(law_s)), rel=1e-3)
    assert law_yaml([0.1360004, 0.136]) == "136ms", "equal times are a constant"


def test_a_law_without_cpu_is_moved_onto_the_measured_times() -> None:
    io = DistributionSpec.model_validate("100ms")
    law = Law.of(DistributionSpec.model_validate(0), io, RandomStreams(1).stream("draws"))
    measured, modelled = recorded(sample()), recorded(np.full(500, 0.1))
    for moved in (law.moved(measured, modelled), law.without_cpu(measured)):
        assert not moved.cpu_s.any()
        assert moved.io_s.tolist() == pytest.approx(shares(measured).tolist(), abs=5e-4)


def test_cpu_time_stays_unless_measured_times_are_too_short_for_it() -> None:
    cpu, io = DistributionSpec.model_validate("80ms"), DistributionSpec.model_validate("20ms")
    law = Law.of(cpu, io, RandomStreams(1).stream("draws"))
    modelled = recorded(np.full(500, 0.1))
    longer = law.moved(recorded(np.full(500, 0.15)), modelled)
    assert longer.cpu_s.tolist() == law.cpu_s.tolist()
    assert longer.io_s.tolist() == pytest.approx([0.07] * len(longer.io_s), abs=1e-3)
    shorter = law.moved(recorded(np.full(500, 0.05)), modelled)
    assert shorter.cpu_s.tolist() == pytest.approx([0.04] * len(shorter.cpu_s), rel=0.01)
    assert shorter.io_s.tolist() == pytest.approx([0.01] * len(shorter.io_s), rel=0.01)
