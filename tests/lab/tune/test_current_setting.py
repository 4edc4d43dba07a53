"""Today's setting from the files of users, as changes to the scenario."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.tune.current_setting import current_changes
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario

APPLICATION = "application: {simulated: {io: 1ms}}"
ONE = f"duration: 1 min\nservices: {{shop: {{max_concurrency: 10, {APPLICATION}}}}}\n"
TWO = f"duration: 1 min\nservices: {{a: {{{APPLICATION}}}, b: {{{APPLICATION}}}}}\n"
TERRAFORM = """\
resource "aws_apprunner_auto_scaling_configuration_version" "s" {
  max_concurrency = 30
  min_size        = 2
}
"""


def _changes(tmp_path: Path, scenario: str, **files: str) -> dict[str, Any]:
    paths = []
    for name, text in files.items():
        path = tmp_path / name.replace("_", ".")
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return current_changes(_scenario(scenario), paths)


def _scenario(text: str) -> ScenarioSpec:
    return read_scenario(text, file="base.yaml")


def test_terraform_is_of_the_only_service(tmp_path: Path) -> None:
    assert _changes(tmp_path, ONE, main_tf=TERRAFORM) == {
        "services.shop.max_concurrency": 30,
        "services.shop.min_size": 2,
    }


def test_answers_of_the_aws_cli_add_up(tmp_path: Path) -> None:
    service = {"ServiceName": "a", "InstanceConfiguration": {"Cpu": "512", "Memory": "1024"}}
    limits = {"MaxConcurrency": 30, "MinSize": 2, "MaxSize": 5}
    found = _changes(tmp_path, TWO, service_json=json.dumps({"Service": service}))
    assert found == {"services.a.cpu": "0.5 vCPU", "services.a.memory": "1 GB"}
    files = {
        "service_json": json.dumps({"Service": service}),
        "limits_json": json.dumps({"AutoScalingConfiguration": limits}),
    }
    found = _changes(tmp_path, ONE, **files)
    assert [found[f"services.shop.{key}"] for key in ("cpu", "max_concurrency", "max_size")] == ["0.5 vCPU", 30, 5]


def test_a_scenario_file_gives_all_settings_also_those_that_it_leaves_out(tmp_path: Path) -> None:
    current = f"duration: 1 min\nservices: {{shop: {{min_size: 3, policy: knative, {APPLICATION}}}}}\n"
    assert _changes(tmp_path, ONE, today_yaml=current) == {
        "services.shop.max_concurrency": 100,
        "services.shop.min_size": 3,
        "services.shop.max_size": 25,
        "services.shop.cpu": 1024,
        "services.shop.memory": 2048,
        "services.shop.policy": "knative",
    }


def test_with_the_changes_the_scenario_has_the_setting(tmp_path: Path) -> None:
    current = f"duration: 1 min\nservices: {{shop: {{min_size: 3, cpu: 512, memory: 1024, {APPLICATION}}}}}\n"
    changed = read_scenario(ONE, changes=_changes(tmp_path, ONE, today_yaml=current)).services["shop"]
    today = read_scenario(current).services["shop"]
    assert (changed.scaling, changed.size, changed.policy) == (today.scaling, today.size, today.policy)


def test_it_must_be_clear_which_service_a_file_is_about(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"main\.tf: service = no name, must be one of a, b"):
        _changes(tmp_path, TWO, main_tf=TERRAFORM)
    with pytest.raises(ValueError, match=r"services\.shop, must be one of a, b"):
        _changes(tmp_path, TWO, today_yaml=ONE)


def test_a_file_without_a_setting_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        _changes(tmp_path, ONE, other_json='{"Service": {"ServiceName": "shop"}}')
