from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import ServiceSettings, cpu_text, memory_text, merged
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.scenario.problems import ScenarioError

SERVICE = {
    "Service": {
        "ServiceName": "shop",
        "ServiceId": "8fe1e10304f84fd2b0df550fe98a71fa",
        "InstanceConfiguration": {"Cpu": "2048", "Memory": "4096"},
        "AutoScalingConfigurationSummary": {"AutoScalingConfigurationName": "many"},
    }
}
SCALING = {
    "AutoScalingConfiguration": {
        "AutoScalingConfigurationName": "many", "MaxConcurrency": 40, "MinSize": 2, "MaxSize": 9,
    }
}  # fmt: skip
STATE = {
    "format_version": "1.0",
    "terraform_version": "1.9.0",
    "values": {
        "root_module": {
            "resources": [
                {
                    "type": "aws_apprunner_service",
                    "values": {
                        "service_name": "shop",
                        "instance_configuration": [{"cpu": "1 vCPU", "memory": "2 GB"}],
                    },
                }
            ],
            "child_modules": [
                {
                    "resources": [
                        {
                            "type": "aws_apprunner_auto_scaling_configuration_version",
                            "values": {"max_concurrency": 40, "min_size": 2, "max_size": 9},
                        }
                    ]
                }
            ],
        }
    },
}
TERRAFORM = """
resource "aws_apprunner_auto_scaling_configuration_version" "many" {
  auto_scaling_configuration_name = "many"
  max_concurrency = 40 # measured
  max_size        = var.most
  min_size        = 2
}
resource "aws_apprunner_service" "shop" {
  service_name = "shop"
  instance_configuration {
    cpu    = "1024"
    memory = "2048"
  }
}
"""


def read(tmp_path: Path, content: object) -> ServiceSettings:
    path = tmp_path / "settings"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=4))
    file = InputFile(path)
    assert is_settings(file)
    return settings_of(file)


def test_the_answers_of_the_aws_cli_are_merged(tmp_path: Path) -> None:
    both = merged([read(tmp_path, SERVICE), read(tmp_path, SCALING)])

    assert both == ServiceSettings("shop", 40, 2, 9, "2 vCPU", "4 GB")


def test_a_state_of_terraform_has_its_modules(tmp_path: Path) -> None:
    assert read(tmp_path, STATE) == ServiceSettings("shop", 40, 2, 9, "1 vCPU", "2 GB")


def test_plain_values_of_terraform_are_read_and_expressions_are_not(tmp_path: Path) -> None:
    assert read(tmp_path, TERRAFORM) == ServiceSettings("shop", 40, 2, None, "1 vCPU", "2 GB")


def test_a_file_without_settings_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="no setting of a service, must be one with MaxConcurrency"):
        read(tmp_path, {"terraform_version": "1.9.0", "values": {}})


@pytest.mark.parametrize(
    "content",
    [
        {"AutoScalingConfiguration": "MaxConcurrency", "x": {"MaxConcurrency": 1}},
        {"terraform_version": "1.9.0", "values": {"root_module": {"resources": [1]}}},
    ],
)
def test_an_entry_of_another_type_is_a_problem_of_the_file(tmp_path: Path, content: object) -> None:
    with pytest.raises(ScenarioError, match="an entry that cannot be read"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("given", "cpu", "memory"),
    [("256", "0.25 vCPU", "0.25 GB"), ("4 vCPU", "4 vCPU", None), ("0.5 GB", None, "0.5 GB"), ("many", None, None)],
)
def test_sizes_are_written_in_both_units_of_the_api(given: str, cpu: str | None, memory: str | None) -> None:
    assert (cpu_text(given), memory_text(given)) == (cpu, memory)
