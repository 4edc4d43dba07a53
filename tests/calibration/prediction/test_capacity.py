from __future__ import annotations

import math

import pytest

from simulator.calibration.model.calibrated_model import ModelSize, ObservedRange
from simulator.calibration.prediction import capacity, draws
from simulator.calibration.prediction.capacity import predict_capacity, runs_of_capacity
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.settings import PredictedService
from simulator.calibration.prediction.tables import headline
from tests.calibration.prediction.service_models import exponential, model_of


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 6)
    monkeypatch.setattr(capacity, "SHARES", (0.5, 1.0))


def blocked(load: float, slots: int) -> float:
    return load**slots / math.factorial(slots) / sum(load**n / math.factorial(n) for n in range(slots + 1))


def test_max_concurrency_limits_the_rate_as_erlangs_formula_says() -> None:
    model = model_of({"io": exponential(0.040)})
    service = PredictedService(max_concurrency=3, duration_s=25)
    found = predict_capacity(model, service, parse_objectives("error_rate < 10 %"))

    assert found.capacity is not None
    assert found.capacity.highest is not None
    # Erlang's formula at the rate that was found; in 6 runs of 20 s at 30/s the median is exact to some percent
    assert blocked(found.capacity.highest.value * 0.040, 3) == pytest.approx(0.10, rel=0.2)
    assert found.capacity.rate_rps is not None
    assert found.capacity.rate_rps <= found.capacity.highest.low
    assert [row.rate_rps for row in found.rates][1] == found.capacity.rate_rps
    assert found.rates[0].meets == pytest.approx(1)
    assert headline(found).startswith("MaxConcurrency 3 carries ")
    assert "extrapolated" not in headline(found)


def test_the_answer_says_if_its_rate_was_not_observed() -> None:
    observed = ObservedRange(rate_max_rps=3, sizes=(ModelSize(cpu_units=1024, memory_mb=2048),))
    model = model_of({"io": exponential(0.040)}, observed=observed)
    service = PredictedService(max_concurrency=3, duration_s=12)
    found = predict_capacity(model, service, parse_objectives("error_rate < 10 %"))
    assert headline(found).endswith("), extrapolated: an instance was observed up to 3.00/s.")


def test_a_latency_limit_of_a_single_worker_is_that_of_m_m_1() -> None:
    """p95 = ln 20 / (mu - lambda), so the rate with p95 = 100 ms is mu - 30."""
    found = predict_capacity(
        model_of({"io": exponential(0.010), "workers": 1}),
        PredictedService(max_concurrency=200, duration_s=25),
        parse_objectives("p95 < 100 ms"),
    )
    assert found.capacity is not None
    assert found.capacity.highest is not None
    assert found.capacity.highest.value == pytest.approx(100 - math.log(20) / 0.1, rel=0.1)


def test_the_default_slo_is_saturation() -> None:
    """A single worker: p95 is five times that without load (with a rate near 0) at 80 % of its rate."""
    found = predict_capacity(
        model_of({"io": exponential(0.010), "workers": 1}), PredictedService(max_concurrency=200, duration_s=25)
    )
    assert found.slo_is_default
    assert found.slo.startswith("p95 < ")
    assert found.capacity is not None
    assert found.capacity.highest is not None
    # The light load is 5 % of the highest rate, so the limit is 5 ln 20 / 95 and the rate 100 - 19.
    assert found.capacity.highest.value == pytest.approx(81, rel=0.1)


def test_an_slo_that_no_rate_meets_is_told_with_the_measured_figure() -> None:
    model = model_of({"io": "50ms"})
    found = predict_capacity(model, PredictedService(duration_s=12), parse_objectives("p50 < 20 ms"))
    assert found.capacity is not None
    assert (found.capacity.rate_rps, found.meets) == (None, False)
    assert "p50 is 50." in headline(found)
    assert headline(found).startswith("No rate meets the SLO p50 < 20 ms")


def test_a_latency_that_no_rate_exceeds_is_not_the_only_limit() -> None:
    """A served request takes 40 ms at any rate; by Erlang's formula 1 % fail at a load of 0.46 of three slots."""
    model = model_of({"io": "40ms"})
    found = predict_capacity(model, PredictedService(max_concurrency=3, duration_s=30), parse_objectives("p95 < 1 s"))
    assert found.slo == "p95 < 1 s, error_rate < 1 %"
    assert found.capacity is not None
    assert found.capacity.highest is not None
    assert blocked(found.capacity.highest.value * 0.040, 3) == pytest.approx(0.01, rel=0.5)


def test_the_number_of_runs_is_estimated_for_the_progress() -> None:
    model, played = model_of({"io": exponential(0.040)}), 0

    def advance() -> None:
        nonlocal played
        played += 1

    service = PredictedService(max_concurrency=2, duration_s=12)
    predict_capacity(model, service, parse_objectives("error_rate < 10 %"), advance)
    assert 0.5 < played / runs_of_capacity(model, service) < 2
