from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, load_scenario

MODEL = {
    "version": 1,
    "application": {
        "simulated": {"cpu": "15ms", "workers": 8},
        "downstream": {"db": {"connections": 100, "pool": 5, "service": "4ms"}},
    },
}


def scenario(folder: Path, application: str, model: object = MODEL) -> ScenarioSpec:
    (folder / "shop.model.json").write_text(model if isinstance(model, str) else json.dumps(model))
    file = folder / "shop.yaml"
    file.write_text(
        f"duration: 5s\nservices:\n  web:\n    application: {application}\ntraffic: [{{poisson: {{rate: 1/s}}}}]\n"
    )
    return load_scenario(file)


def test_an_application_is_that_of_the_model_file_beside_the_scenario(tmp_path: Path) -> None:
    told = scenario(tmp_path, "{model: shop.model.json}")
    application = told.services["web"].application
    assert application.simulated is not None
    assert application.simulated.cpu.distribution.mean == pytest.approx(0.015)
    assert application.simulated.workers == 8
    assert application.downstream["db"].pool == 5
    assert told.files == [tmp_path / "shop.yaml", tmp_path / "shop.model.json"]


def test_keys_of_the_scenario_replace_those_of_the_model(tmp_path: Path) -> None:
    application = scenario(tmp_path, "{model: shop.model.json, simulated: {workers: 4}}").services["web"].application
    assert application.simulated is not None
    assert application.simulated.cpu.distribution.mean == pytest.approx(0.015)
    assert application.simulated.workers == 4


def test_the_instances_beyond_the_real_ones_run_the_model(tmp_path: Path) -> None:
    mixed = "{model: shop.model.json, real_instances: 2, process: {command: web}%s}"
    assert scenario(tmp_path, mixed % "").services["web"].application.further_are_simulated
    measured = scenario(tmp_path, mixed % ", further_instances: measured")
    assert not measured.services["web"].application.further_are_simulated


def test_a_deployed_version_may_have_a_model_too(tmp_path: Path) -> None:
    scenario(tmp_path, "{simulated: {}}")
    file = tmp_path / "shop.yaml"
    file.write_text(file.read_text() + "timeline: [{at: 1s, deploy: {application: {model: shop.model.json}}}]\n")
    (event,) = load_scenario(file).timeline
    assert event.deploy is not None
    assert event.deploy.application is not None
    assert event.deploy.application.simulated is not None
    assert event.deploy.application.simulated.workers == 8


@pytest.mark.parametrize(
    ("application", "model", "expected"),
    [
        ("{model: other.model.json}", MODEL, "a model file of `simulator calibrate`, .*: No such file or directory"),
        ("{model: 5}", MODEL, "application.model = 5, must be a model file"),
        ("{model: shop.model.json}", "{", "it is not JSON"),
        ("{model: shop.model.json}", {"application": {}}, "its application is a mapping, without a simulated one"),
        ("{model: shop.model.json}", [], "its application is nothing"),
        (
            "{model: shop.model.json}",
            {"application": {"simulated": {"cpu": "long"}}},
            "application = long, must be a duration",
        ),
        ("{model: shop.model.json, simulated: fast}", MODEL, "application.simulated = fast, must be a mapping"),
        ("{model: shop.model.json, downstream: [db]}", MODEL, "application.downstream = a list, must be a mapping"),
    ],
)
def test_a_file_that_is_no_model_is_a_problem_at_its_place(
    tmp_path: Path, application: str, model: object, expected: str
) -> None:
    with pytest.raises(ScenarioError, match=expected) as found:
        scenario(tmp_path, application, model)
    assert f"{tmp_path / 'shop.yaml'}:4:" in str(found.value)
