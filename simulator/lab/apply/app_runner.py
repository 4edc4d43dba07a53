"""Texts for App Runner: commands of the AWS CLI, resources of Terraform and of CloudFormation.

Each text has only what changes. An auto scaling configuration cannot be changed, so another revision of it is created,
which the service then uses (facts 4.1); a revision has all three limits, because those that a call leaves out have
defaults. An update of a service is a deployment.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Final

from simulator.lab.apply.instructions import ApplyInstructions, ApplyText, ApplyTool, comment
from simulator.lab.apply.service_change import APP_RUNNER, ServiceChange, changed_parameters, scaling_of
from simulator.model.health import HealthCheck

_NAME_LENGTH: Final = range(4, 33)  # AutoScalingConfigurationName: 4 to 32 characters (facts 1.6)
MAX_SIZE_QUOTA: Final = 25  # facts 14: MaxSize beyond it needs a higher quota
_POLICIES: Final = frozenset({"app-runner", "fixed"})


def app_runner_instructions(change: ServiceChange) -> ApplyInstructions:
    """Return how to apply a change of a service that then runs on App Runner."""
    notes = tuple(_notes(change))
    if not _can_be_set(change):
        return ApplyInstructions(change.name, APP_RUNNER, change.sentences, notes=notes)
    texts = tuple(_texts(change))
    return ApplyInstructions(change.name, APP_RUNNER, change.sentences, texts, notes)


def configuration_name(service: str) -> str:
    """Return the name of the auto scaling configuration of a service: the service's, made long and short enough."""
    return service[: _NAME_LENGTH.stop - 1] if len(service) in range(4, 41) else f"{service}-scaling"


def _can_be_set(change: ServiceChange) -> bool:
    return change.after.policy.name in _POLICIES and scaling_of(change.after).min_size >= 1


def _texts(change: ServiceChange) -> Iterator[ApplyText]:
    if not (change.scales_otherwise or change.has_other_size or change.checks_otherwise):
        return
    heading = comment(f"{change.name} on App Runner: {', '.join(change.sentences)}.")
    merge = comment("Merge this with the resources that you have; their names here are examples.")
    yield ApplyText(ApplyTool.AWS_CLI, f"{change.name}.apply.sh", f"{heading}{_cli(change)}")
    yield ApplyText(ApplyTool.TERRAFORM, f"{change.name}.apply.tf", f"{heading}{merge}{_terraform(change)}")
    yield ApplyText(ApplyTool.CLOUDFORMATION, f"{change.name}.apply.yaml", f"{heading}{merge}{_cloudformation(change)}")


def _cli(change: ServiceChange) -> str:
    """Return the commands. The second one is not run if the first one fails."""
    query = f"ServiceSummaryList[?ServiceName=='{change.name}'].ServiceArn"
    unknown = (
        f"{change.name} is not among the first 20 services, set it by hand"  # MaxResults (facts 1.6), no paginator
    )
    lines = [
        _command("SERVICE_ARN=$(aws apprunner list-services", f'--query "{query}"', "--output text)"),
        f': "${{SERVICE_ARN:?{unknown}}}" &&',
    ]
    update = ['aws apprunner update-service --service-arn "$SERVICE_ARN"']
    if change.scales_otherwise:
        scaling = scaling_of(change.after)
        lines.append(
            _command(
                "AUTO_SCALING_ARN=$(aws apprunner create-auto-scaling-configuration",
                f"--auto-scaling-configuration-name {configuration_name(change.name)}",
                f"--max-concurrency {scaling.max_concurrency} --min-size {scaling.min_size} "
                f"--max-size {scaling.max_size}",
                "--query AutoScalingConfiguration.AutoScalingConfigurationArn",
                "--output text) &&",
            )
        )
        update.append('--auto-scaling-configuration-arn "$AUTO_SCALING_ARN"')
    if change.has_other_size:
        update.append(f"--instance-configuration {_quoted(_instance(change))}")
    if change.checks_otherwise:
        update.append(f"--health-check-configuration {_quoted(_health_check(change.after.health_check_of_api))}")
    return "\n".join([*lines, _command(*update)]) + "\n"


def _command(*parts: str) -> str:
    return " \\\n  ".join(parts)


def _quoted(block: dict[str, str | int]) -> str:
    """Return a structure as the AWS CLI reads it: in its short form if no value has a character that it uses."""
    if all(re.fullmatch(r"[A-Za-z0-9 ./_-]+", str(value)) for value in block.values()):
        return shlex.quote(",".join(f"{key}={value}" for key, value in block.items()))
    return shlex.quote(json.dumps(block))


def _instance(change: ServiceChange) -> dict[str, str | int]:
    """Return the block with the size in words: old releases of the AWS CLI reject the three characters of `512`."""
    size, role = change.after.size, change.after.instance_role
    block: dict[str, str | int] = {"Cpu": f"{size.vcpu:g} vCPU", "Memory": f"{size.memory_gb:g} GB"}
    return block if role is None else block | {"InstanceRoleArn": role}


def _health_check(check: HealthCheck) -> dict[str, str | int]:
    return {
        "Protocol": check.protocol.value,
        "Path": check.path,
        "Interval": round(check.interval_s),
        "Timeout": round(check.timeout_s),
        "HealthyThreshold": check.healthy_threshold,
        "UnhealthyThreshold": check.unhealthy_threshold,
    }


def _terraform(change: ServiceChange) -> str:
    label = _label(change.name)
    lines: list[str] = []
    arguments: list[str] = []
    if change.scales_otherwise:
        scaling = scaling_of(change.after)
        lines += [
            f'resource "aws_apprunner_auto_scaling_configuration_version" "{label}" {{',
            f"  auto_scaling_configuration_name = {json.dumps(configuration_name(change.name))}",
            "",
            f"  max_concurrency = {scaling.max_concurrency}",
            f"  min_size        = {scaling.min_size}",
            f"  max_size        = {scaling.max_size}",
            "",
            "  # A revision that the service still uses cannot be deleted.",
            "  lifecycle {",
            "    create_before_destroy = true",
            "  }",
            "}",
            "",
        ]
        reference = f"aws_apprunner_auto_scaling_configuration_version.{label}.arn"
        arguments += ["", f"  auto_scaling_configuration_arn = {reference}"]
    if change.has_other_size:
        # The provider compares them with the answer of the API, which has plain units (facts 1.6).
        plain: dict[str, str | int] = {
            "Cpu": str(change.after.size.cpu_units),
            "Memory": str(change.after.size.memory_mb),
        }
        arguments += ["", *_hcl_block("instance_configuration", _instance(change) | plain)]
    if change.checks_otherwise:
        arguments += ["", *_hcl_block("health_check_configuration", _health_check(change.after.health_check_of_api))]
    lines += [
        f'resource "aws_apprunner_service" "{label}" {{',
        "  # The other arguments of your service stay as they are.",
        f"  service_name = {json.dumps(change.name)}",
        *arguments,
        "}",
    ]
    return "\n".join(lines) + "\n"


def _label(name: str) -> str:
    """Return a name of a resource in Terraform, which must not begin with a digit."""
    label = name.replace("-", "_")
    return f"_{label}" if label[0].isdigit() else label


def _hcl_block(name: str, block: dict[str, str | int]) -> list[str]:
    """Return a nested block: the members of the API in lower case, aligned as `terraform fmt` does."""
    named = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): value for key, value in block.items()}
    width = max(map(len, named))
    return [
        f"  {name} {{",
        *(f"    {key:<{width}} = {_hcl(value)}" for key, value in named.items()),
        "  }",
    ]


def _hcl(value: str | int) -> str:
    """Return a value in HCL, in which `${` and `%{` in a text begin an expression."""
    return (
        re.sub(r"([$%])\{", r"\1\1{", json.dumps(value, ensure_ascii=False)) if isinstance(value, str) else str(value)
    )


def _cloudformation(change: ServiceChange) -> str:
    name = "".join(part.capitalize() for part in change.name.split("-"))
    lines = ["Resources:"]
    properties: list[str] = []
    if change.scales_otherwise:
        scaling = scaling_of(change.after)
        lines += [
            f"  {name}Scaling:",
            "    Type: AWS::AppRunner::AutoScalingConfiguration",
            "    Properties:",
            f"      AutoScalingConfigurationName: {json.dumps(configuration_name(change.name))}",
            f"      MaxConcurrency: {scaling.max_concurrency}",
            f"      MinSize: {scaling.min_size}",
            f"      MaxSize: {scaling.max_size}",
        ]
        properties.append(f"      AutoScalingConfigurationArn: !GetAtt {name}Scaling.AutoScalingConfigurationArn")
    if change.has_other_size:
        properties += _yaml_block("InstanceConfiguration", _instance(change))
    if change.checks_otherwise:
        properties += _yaml_block("HealthCheckConfiguration", _health_check(change.after.health_check_of_api))
    lines += [
        f"  {name}:",
        "    Type: AWS::AppRunner::Service",
        "    Properties:",
        "      # The other properties of your service stay as they are.",
        f"      ServiceName: {json.dumps(change.name)}",
        *properties,
    ]
    return "\n".join(lines) + "\n"


def _yaml_block(name: str, block: dict[str, str | int]) -> list[str]:
    return [
        f"      {name}:",
        *(f"        {key}: {json.dumps(value, ensure_ascii=False)}" for key, value in block.items()),
    ]


def _notes(change: ServiceChange) -> Iterator[str]:
    after, scaling = change.after, scaling_of(change.after)
    if after.policy.name not in _POLICIES:
        yield f"App Runner has no setting for the policy {after.policy.name}: this choice cannot be applied there."
    elif scaling.min_size < 1:
        yield "MinSize 0 cannot be applied on App Runner, which keeps at least one instance provisioned."
    elif change.moves:
        yield "The service must exist on App Runner: create it with its image or repository, then paste this."
    if _can_be_set(change) and scaling.max_size > MAX_SIZE_QUOTA:
        yield f"MaxSize {scaling.max_size} needs a quota above {MAX_SIZE_QUOTA} instances a service (Service Quotas)."
    if _can_be_set(change) and change.has_other_size and after.instance_role is None:
        yield (
            "If the service has an instance role, name it beside Cpu and Memory: whether App Runner keeps a role that "
            "an update leaves out is not documented."
        )
    if after.policy.name == "app-runner" and change.before.policy.name == "app-runner":
        for key, _, _ in changed_parameters(change.before.policy, after.policy):
            yield f"{key} is a guess about App Runner's own policy, not a setting: it cannot be applied."
    for key in change.others:
        yield f"{key} is no setting of the service on App Runner: set it where the scenario gets it from."
    if _can_be_set(change) and not change.moves and next(_texts(change), None) is not None:
        yield (
            "The update is a deployment of some minutes, which replaces the instances. It has succeeded when the last "
            "operation of `aws apprunner list-operations` is SUCCEEDED; the service is RUNNING after a rollback too."
        )
