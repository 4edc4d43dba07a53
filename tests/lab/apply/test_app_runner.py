"""Texts for App Runner: read by a shell, a parser of HCL and one of YAML, they say what the settings are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.apply.app_runner import app_runner_instructions, configuration_name
from simulator.lab.apply.instructions import ApplyTool
from simulator.model.sizes import SUPPORTED, parse_cpu, parse_memory
from tests.lab.apply.services import called, change, options, template, terraform, text_of

AUTO_SCALING = "aws_apprunner_auto_scaling_configuration_version"
SERVICE = "aws_apprunner_service"

NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
SIZES = st.sampled_from([{"cpu": cpu, "memory": memory} for cpu, all_ in SUPPORTED.items() for memory in all_])
LIMITS = st.tuples(st.integers(1, 200), st.integers(1, 25), st.integers(0, 40)).map(
    lambda each: {"max_concurrency": each[0], "min_size": each[1], "max_size": each[1] + each[2]}
)
PATHS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12).map(lambda text: f"/{text}")
CHECKS = st.builds(
    lambda path, interval_s: {"health_check": {"protocol": "HTTP", "path": path, "interval": f"{interval_s}s"}},
    PATHS,
    st.integers(1, 20),
)
SETTINGS = st.builds(lambda limits, size, check: limits | size | check, LIMITS, SIZES, CHECKS)


def test_the_commands_create_a_revision_and_give_it_to_the_service(tmp_path: Path) -> None:
    texts = app_runner_instructions(change(before={}, after={"max_concurrency": 40, "min_size": 2}))
    listing, creation, update = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path)
    assert listing[:2] == ["apprunner", "list-services"]
    assert options(listing)["--query"] == "ServiceSummaryList[?ServiceName=='shop'].ServiceArn"
    assert creation[:2] == ["apprunner", "create-auto-scaling-configuration"]
    limits = {"--max-concurrency": "40", "--min-size": "2", "--max-size": "25"}
    assert options(creation).items() >= limits.items()
    assert update[:2] == ["apprunner", "update-service"]
    assert options(update) == {
        "--service-arn": "arn:of:list-services",
        "--auto-scaling-configuration-arn": "arn:of:create-auto-scaling-configuration",
    }


def test_a_service_is_not_updated_if_the_revision_could_not_be_created(tmp_path: Path) -> None:
    texts = app_runner_instructions(change(before={}, after={"max_concurrency": 40}))
    calls = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path, fails="create-auto-scaling-configuration")
    assert [words[1] for words in calls] == ["list-services", "create-auto-scaling-configuration"]


def test_no_revision_is_created_if_the_service_is_not_found(tmp_path: Path) -> None:
    texts = app_runner_instructions(change(before={}, after={"max_concurrency": 40}))
    calls = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path, fails="list-services")
    assert [words[1] for words in calls] == ["list-services"]


def test_only_what_changes_is_in_the_texts(tmp_path: Path) -> None:
    texts = app_runner_instructions(change(before={}, after={"cpu": 2048, "memory": 4096}))
    _, update = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path)
    assert options(update) == {
        "--service-arn": "arn:of:list-services",
        "--instance-configuration": "Cpu=2 vCPU,Memory=4 GB",
    }
    assert terraform(text_of(texts, ApplyTool.TERRAFORM)) == {
        SERVICE: {"service_name": "shop", "instance_configuration": [{"cpu": "2048", "memory": "4096"}]}
    }
    assert template(text_of(texts, ApplyTool.CLOUDFORMATION)) == {
        "Shop": {
            "Type": "AWS::AppRunner::Service",
            "Properties": {"ServiceName": "shop", "InstanceConfiguration": {"Cpu": "2 vCPU", "Memory": "4 GB"}},
        }
    }


@given(NAMES, SETTINGS)
def test_terraform_and_cloudformation_have_the_settings(name: str, settings: dict[str, Any]) -> None:
    before = {"max_concurrency": 201 - settings["max_concurrency"], "min_size": 1, "max_size": 25}
    other_size = {"cpu": 256, "memory": 512} if settings["cpu"] != 256 else {"cpu": 512, "memory": 1024}
    texts = app_runner_instructions(change(name, before=before | other_size, after=settings))
    check = settings["health_check"]
    limits = [settings[key] for key in ("max_concurrency", "min_size", "max_size")]
    size = [str(settings["cpu"]), str(settings["memory"])]

    resources = terraform(text_of(texts, ApplyTool.TERRAFORM))
    configuration = resources[AUTO_SCALING]
    assert [configuration[key] for key in ("max_concurrency", "min_size", "max_size")] == limits
    assert configuration["lifecycle"] == [{"create_before_destroy": True}]
    service = resources[SERVICE]
    assert list(service["instance_configuration"][0].values()) == size
    assert service["health_check_configuration"][0]["path"] == check["path"]
    assert f"{service['health_check_configuration'][0]['interval']}s" == check["interval"]

    parts = template(text_of(texts, ApplyTool.CLOUDFORMATION))
    ((scaling, of_scaling), (_, of_service)) = parts.items()
    assert scaling.isalnum()
    assert [of_scaling["Properties"][key] for key in ("MaxConcurrency", "MinSize", "MaxSize")] == limits
    properties = of_service["Properties"]
    assert properties["AutoScalingConfigurationArn"] == {"Fn::GetAtt": [scaling, "AutoScalingConfigurationArn"]}
    cpu, memory = properties["InstanceConfiguration"].values()
    assert [str(parse_cpu(cpu)), str(parse_memory(memory))] == size
    # The limits of both in the API's model (botocore): 4 to 9 and 4 to 6 characters.
    assert 4 <= len(cpu) <= 9
    assert 4 <= len(memory) <= 6
    assert properties["HealthCheckConfiguration"]["Path"] == check["path"]
    assert properties["ServiceName"] == name


@given(NAMES)
def test_the_name_of_the_configuration_is_one_that_the_api_accepts(name: str) -> None:
    assert 4 <= len(configuration_name(name)) <= 32
    assert configuration_name(name).startswith(name[:32])


def test_a_structure_with_special_characters_reaches_the_program_unchanged(tmp_path: Path) -> None:
    role = "arn:aws:iam::123456789012:role/team,a=b"
    path = "/it's $HOME `x`"
    after = {"instance_role": role, "cpu": 512, "memory": 1024, "health_check": {"path": path, "protocol": "HTTP"}}
    texts = app_runner_instructions(change(before={"instance_role": role}, after=after))
    *_, update = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path)
    given_ = options(update)
    instance = {"Cpu": "0.5 vCPU", "Memory": "1 GB", "InstanceRoleArn": role}
    assert json.loads(given_["--instance-configuration"]) == instance
    assert json.loads(given_["--health-check-configuration"])["Path"] == path


def test_a_fixed_number_of_instances_is_the_least_and_the_greatest(tmp_path: Path) -> None:
    texts = app_runner_instructions(change(before={}, after={"policy": {"name": "fixed", "instances": 7}}))
    _, creation, _ = called(text_of(texts, ApplyTool.AWS_CLI), tmp_path)
    assert options(creation).items() >= {"--min-size": "7", "--max-size": "7"}.items()


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ({}, {"platform": "app-runner", "policy": "knative"}, "no setting for the policy knative"),
        ({}, {"max_size": 30}, "MaxSize 30 needs a quota above 25"),
        ({}, {"cpu": 512, "memory": 1024}, "If the service has an instance role"),
        ({}, {"policy": {"name": "app-runner", "window": "30s"}}, "window is a guess about App Runner's own policy"),
        ({}, {"request_timeout": "30s"}, "request_timeout is no setting of the service on App Runner"),
        ({"policy": "knative"}, {}, "The service must exist on App Runner"),
        ({}, {"max_concurrency": 5}, "The update is a deployment of some minutes"),
    ],
)
def test_what_a_text_cannot_say_is_a_note(before: dict[str, Any], after: dict[str, Any], note: str) -> None:
    notes = app_runner_instructions(change(before=before, after=after)).notes
    assert any(note in each for each in notes), notes


def test_a_policy_that_app_runner_does_not_have_gives_no_text() -> None:
    after = {"platform": "app-runner", "policy": "knative", "max_concurrency": 5}
    assert app_runner_instructions(change(before={}, after=after)).texts == ()


def test_the_sentence_names_each_change_with_both_values() -> None:
    after = {"max_concurrency": 40, "cpu": 512, "memory": 1024}
    assert app_runner_instructions(change(before={}, after=after)).sentence == (
        "shop: MaxConcurrency 100 to 40, size 1 vCPU / 2 GB to 0.5 vCPU / 1 GB."
    )
