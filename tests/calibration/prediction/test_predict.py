"""Predictions against closed forms of queueing theory, and against runs of a known model."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import ModelParameter, ModelRoute, ModelSize, ObservedRange
from simulator.calibration.prediction import draws
from simulator.calibration.prediction.draws import Draw
from simulator.calibration.prediction.extrapolation import Beyond
from simulator.calibration.prediction.model_scenario import ScenarioWithModel
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.predict import NO_MEMBERS, Predictor, predict, predict_scenario
from simulator.calibration.prediction.settings import PredictedService
from simulator.model.sizes import InstanceSize
from simulator.world.random_streams import RandomStreams
from tests.calibration.prediction.service_models import exponential, figure, model_of


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draws, "DRAWS_MIN", 12)


SHORT = PredictedService(max_concurrency=200, duration_s=25)


@pytest.mark.usefixtures("few_draws")
def test_a_single_worker_is_an_m_m_1_queue() -> None:
    """Its time in system is exponential with rate mu - lambda, so every quantile is known."""
    row = predict(model_of({"io": exponential(0.010), "workers": 1}), SHORT, [50]).rates[0]
    for name, share in (("p50_s", 0.5), ("p95_s", 0.95)):
        found = figure(row, name)
        # 20 s are 1000 requests of a queue with utilisation 0.5: medians of 12 runs are exact to some percent
        assert found.value == pytest.approx(-math.log(1 - share) / (100 - 50), rel=0.1)
        assert found.low < -math.log(1 - share) / 50 < found.high


@pytest.mark.usefixtures("few_draws")
def test_shared_processors_have_the_mean_of_m_g_1_processor_sharing_and_the_cpu_of_the_load() -> None:
    """The mean number in an M/G/1-PS system is rho / (1 - rho), whatever the distribution of the work."""
    row = predict(model_of({"cpu": {"uniform": {"low": "1ms", "high": "19ms"}}}), SHORT, [60]).rates[0]
    assert figure(row, "in_flight").value == pytest.approx(0.6 / 0.4, rel=0.15)
    assert figure(row, "cpu").value == pytest.approx(0.6, rel=0.04)


@pytest.mark.usefixtures("few_draws")
def test_requests_above_max_concurrency_are_rejected_as_erlangs_formula_says() -> None:
    service = PredictedService(max_concurrency=3, duration_s=25)
    row = predict(model_of({"io": exponential(0.040)}), service, [50]).rates[0]
    load = 50 * 0.040
    blocked = load**3 / 6 / sum(load**n / math.factorial(n) for n in range(4))
    for name in ("error_rate", "rejected_rate"):
        assert figure(row, name).value == pytest.approx(blocked, rel=0.1)


@pytest.mark.usefixtures("few_draws")
def test_two_instances_and_twice_the_processors_carry_twice_the_load_at_the_same_utilisation() -> None:
    model = model_of({"cpu": exponential(0.010)})
    sizes = InstanceSize(2048, 4096)
    one = predict(model, SHORT, [30]).rates[0]
    several = (
        predict(model, PredictedService(instances=2, duration_s=25), [60]).rates[0],
        predict(model, PredictedService(size=sizes, duration_s=25), [60]).rates[0],
    )
    for other in several:
        assert figure(other, "cpu").value == pytest.approx(figure(one, "cpu").value, rel=0.06)


@pytest.mark.slow
def test_95_of_100_runs_of_a_true_model_are_within_the_interval() -> None:
    """The truth is drawn as the members are: what the observation left open, and chance in a run, are both covered."""
    rng, contained, trials = RandomStreams(5).stream("truth"), 0, 150
    service = PredictedService(duration_s=12, warm_up_s=2)
    for trial in range(trials):
        means_s = 0.030 * np.exp(rng.normal(0, 0.06, 21))
        members = [{"io": exponential(mean_s)} for mean_s in means_s[:20]]
        truth = model_of({"io": exponential(means_s[20])})
        p50_s = figure(predict(model_of(members[0], members), service, [20]).rates[0], "p50_s")
        run = Predictor(truth, service, 20, 1).run(Draw(0, 10_000 + trial, 1), 20, ())
        assert run.p50_s is not None
        contained += p50_s.contains(run.p50_s)
    # 40 draws of 20 members: the expected share is 0.95 or slightly less; standard deviation 1.8 %
    assert 0.89 <= contained / trials <= 0.99


@pytest.mark.usefixtures("few_draws")
def test_what_exceeds_the_observation_is_named() -> None:
    observed = ObservedRange(
        rate_max_rps=30, utilization_max=0.3, in_flight_max=0.5, sizes=(ModelSize(cpu_units=1024, memory_mb=2048),)
    )
    model = model_of({"cpu": exponential(0.010)}, observed=observed)
    inside, outside = predict(model, PredictedService(duration_s=12), [20, 60]).rates
    assert inside.beyond == ()
    assert outside.beyond == (Beyond.RATE, Beyond.CPU, Beyond.IN_FLIGHT)

    other = predict(model, PredictedService(size=InstanceSize(512, 1024), duration_s=12, instances=2), [50])
    assert other.rates[0].beyond == (Beyond.IN_FLIGHT,)  # the CPU of another size is not comparable
    told = "extrapolation: instances of 0.5 vCPU / 1 GB were not observed (1 vCPU / 2 GB)"
    assert any(text.startswith(told) for text in other.warnings)
    assert NO_MEMBERS in other.warnings


@pytest.mark.usefixtures("few_draws")
def test_the_parameter_that_the_interval_comes_from_is_named() -> None:
    members = [{"io": exponential(0.02), "cpu": f"{1 + n / 10}ms"} for n in range(20)]
    parameters = [
        ModelParameter(name=name, unit="s", value=low, low=low, high=high, how="fitted", key=("simulated", name))
        for name, low, high in (("io", 0.02, 0.02), ("cpu", 0.001, 0.003))
    ]
    model = model_of(members[0], members, parameters)
    prediction = predict(model, PredictedService(duration_s=12), [200])
    assert [effect.name for effect in prediction.effects] == ["cpu"]
    assert figure(prediction.rates[0], "cpu").parameters_share == pytest.approx(1, abs=0.1)


@pytest.mark.usefixtures("few_draws")
def test_the_probability_of_the_slo_is_that_of_the_runs() -> None:
    model = model_of({"io": exponential(0.010), "workers": 1})
    never, always = (
        predict(model, PredictedService(duration_s=12), [20], parse_objectives(text))
        for text in ("p95 < 1 ms", "p95 < 9 s")
    )
    assert (never.rates[0].meets, never.meets) == (0, False)
    assert always.rates[0].meets == pytest.approx(1)
    assert always.meets
    (objective,) = never.rates[0].objectives
    assert objective.figure == never.rates[0].figures["p95_s"]


@pytest.mark.usefixtures("few_draws")
def test_a_scenario_is_predicted_with_the_model_in_it(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        "duration: 12s\nwarm_up: 2s\nservices: {web: {max_concurrency: 3, application: {simulated: {}}}}\n"
        "traffic: [{poisson: {rate: 50/s}, requests: [{path: /}, {path: /other}]}]\n"
    )
    model = model_of({"io": exponential(0.040)})
    prediction = predict_scenario(model, ScenarioWithModel(file, model), {}, parse_objectives("error_rate < 1 %"))
    (row,) = prediction.rates
    assert figure(row, "rejected_rate").value == pytest.approx(
        4 / 3 / (1 + 2 + 2 + 4 / 3), rel=0.15
    )  # Erlang's formula for 3 slots, load 2
    assert (row.rate_rps, row.meets, prediction.max_concurrency) == (None, 0, 3)
    assert prediction.warnings[0].startswith("extrapolation: requests for /other were not observed")

    more = predict_scenario(model, ScenarioWithModel(file, model), {"max_concurrency": 20})
    assert figure(more.rates[0], "rejected_rate").value == 0


@pytest.mark.usefixtures("few_draws")
def test_a_route_has_the_work_of_its_path() -> None:
    routes = [ModelRoute(name=f"GET {path}", path=path, weight=1) for path in ("/", "/slow")]
    model = model_of({"io": "1ms", "paths": {"/slow": {"io": "200ms"}}}, routes=routes)
    row = predict(model, PredictedService(duration_s=12), [20]).rates[0]
    assert figure(row, "p99_s").value == pytest.approx(0.2, rel=0.004)
