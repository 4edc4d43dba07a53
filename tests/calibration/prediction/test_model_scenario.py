from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.model.calibrated_model import ModelRoute
from simulator.calibration.prediction.model_scenario import ScenarioWithModel, at_rate, model_scenario, scaled_to
from simulator.calibration.prediction.settings import PredictedService
from simulator.model.sizes import InstanceSize
from simulator.scenario.problems import ScenarioError
from tests.calibration.prediction.service_models import model_of

FILE = """
duration: 20s
services:
  web: {application: {simulated: {io: 50ms}}}
  shop: {max_concurrency: 7, application: {simulated: {io: 1ms}}}
traffic: [{service: shop, poisson: {rate: 5/s}}, {service: web, poisson: {rate: 5/s}}]
"""


def test_the_scenario_has_the_settings_the_routes_and_the_application() -> None:
    routes = (
        ModelRoute(name="GET /", path="/", weight=3),
        ModelRoute(name="POST /items", method="POST", path="/items", weight=1, request_bytes=10.4),
    )
    model = model_of({"cpu": "7ms", "io": "5ms"}, routes=routes)
    service = PredictedService(instances=2, max_concurrency=20, size=InstanceSize(512, 1024), duration_s=30, seed=9)
    scenario = at_rate(model_scenario(model, model.application, service), 60)

    shop = scenario.services["shop"]
    assert (shop.min_size, shop.max_size, shop.max_concurrency, shop.size) == (2, 2, 20, InstanceSize(512, 1024))
    assert shop.application.simulated is not None
    assert shop.application.simulated.cpu.distribution.mean == 0.007
    (source,) = scenario.traffic
    assert source.peak_rps == 60
    assert [(kind.method, kind.path, kind.weight, kind.body_bytes) for kind in source.kinds] == [
        ("GET", "/", 3, 0),
        ("POST", "/items", 1, 10),
    ]
    assert (scenario.duration_s, scenario.warm_up_s, scenario.seed) == (30, 5, 9)


def test_a_quota_has_a_processor_for_each_vcpu() -> None:
    application = {"simulated": {"cpu": "5ms", "cpu_quota": {"cores": 2}}}
    assert scaled_to(application, InstanceSize(4096, 8192))["simulated"]["cpu_quota"]["cores"] == 4
    assert scaled_to(application, InstanceSize(256, 512)) == application
    assert application["simulated"]["cpu_quota"] == {"cores": 2}


def test_a_scenario_gets_the_model_in_the_service_of_its_name_or_the_given_one(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(FILE)
    model = model_of({"io": "9ms"})
    for given, name in ((None, "shop"), ("web", "web")):
        spec = ScenarioWithModel(file, model, given).scenario(model.application, {"min_size": 2})
        simulated = spec.services[name].application.simulated
        assert simulated is not None
        assert (spec.services[name].min_size, spec.name) == (2, "two")
        assert simulated.io.distribution.mean == pytest.approx(0.009)
    assert ScenarioWithModel(file, model).scenario(model.application, {}).services["shop"].max_concurrency == 7


def test_a_scenario_with_a_model_is_read_like_the_file(tmp_path: Path) -> None:
    """Words such as `on` are text, as YAML 1.2 has it, and a problem has the line of the file."""
    file = tmp_path / "on.yaml"
    file.write_text("duration: 20s\nservices:\n  on: {cpu: 1 vCPU, environment: {}}\n  web:\n    min_size: 0\n")
    model = model_of({"io": "9ms"})
    with pytest.raises(ScenarioError) as raised:
        ScenarioWithModel(file, model, "on").scenario(model.application, {"max_concurrency": 0})
    found = {(problem.line, problem.path) for problem in raised.value.problems}
    assert found >= {(3, "services.on.max_concurrency"), (5, "services.web.min_size")}, found


def test_a_service_that_the_scenario_does_not_have_is_named(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(FILE)
    with pytest.raises(ValueError, match="service = weg, must be one of web, shop; did you mean `web`"):
        ScenarioWithModel(file, model_of({"io": "9ms"}), "weg")
    file.write_text(FILE.replace("shop", "cart"))
    with pytest.raises(ValueError, match="service = not given, must be one of web, cart"):
        ScenarioWithModel(file, model_of({"io": "9ms"}))
    file.write_text("services: [")
    with pytest.raises(ScenarioError):
        ScenarioWithModel(file, model_of({"io": "9ms"}))
