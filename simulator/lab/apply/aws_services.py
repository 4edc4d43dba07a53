"""Commands of the AWS CLI for the other platforms of AWS: ECS Express Mode, ECS on Fargate, Lambda.

The members of each structure are those of the API's models in botocore, which the tests check.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.lab.apply.instructions import ApplyText, ApplyTool, comment
from simulator.lab.apply.service_change import ServiceChange, scaling_of
from simulator.rules.policies.aws.ecs_express import EcsExpressParameters
from simulator.rules.policies.aws.lambda_provisioned import LambdaProvisionedParameters
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters

_EXPRESS_METRICS: Final[Mapping[str, str]] = {
    "cpu": "AVERAGE_CPU",
    "memory": "AVERAGE_MEMORY",
    "requests-per-target": "REQUEST_COUNT_PER_TARGET",
}
_TRACKED_METRICS: Final[Mapping[str, str]] = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
}
# An account has 1,000 (policies P8), of which 100 must stay without a reservation (lambda/latest/dg/
# configuration-concurrency; memory): a function that needs more has no reservation.
_RESERVED_MAX: Final = 900
_EXPRESS_TARGET: Final = 0.6
_EXPRESS_REQUESTS: Final = 60.0


def ecs_express_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the update of an Express Mode service."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, EcsExpressParameters) or parameters.metric not in _EXPRESS_METRICS:
        return
    scaling, size = scaling_of(change.after), change.after.size
    is_count = parameters.metric == "requests-per-target"
    target = parameters.target or (_EXPRESS_REQUESTS if is_count else _EXPRESS_TARGET)
    block = {
        "minTaskCount": scaling.min_size,
        "maxTaskCount": scaling.max_size,
        "autoScalingMetric": _EXPRESS_METRICS[parameters.metric],
        "autoScalingTargetValue": round(target if is_count else 100 * target),
    }
    yield _script(
        change,
        "SERVICE_ARN=arn:aws:ecs:REGION:ACCOUNT:service/default/" + change.name,
        _command(
            'aws ecs update-express-gateway-service --service-arn "$SERVICE_ARN"',
            f"--cpu {size.cpu_units} --memory {size.memory_mb}",
            f"--scaling-target {_json(block)}",
        ),
    )


def ecs_fargate_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the scalable target and the target tracking policy of an ECS service."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, TargetTrackingParameters) or parameters.metric not in _TRACKED_METRICS:
        return
    scaling = scaling_of(change.after)
    target = parameters.target or parameters.target_utilisation
    policy = {
        "TargetValue": round(100 * target, 2),
        "PredefinedMetricSpecification": {"PredefinedMetricType": _TRACKED_METRICS[parameters.metric]},
        "ScaleOutCooldown": round(parameters.scale_out_cooldown_s),
        "ScaleInCooldown": round(parameters.scale_in_cooldown_s),
        "DisableScaleIn": not parameters.scale_in,
    }
    scalable = (
        "--service-namespace ecs --scalable-dimension ecs:service:DesiredCount",
        f"--resource-id service/CLUSTER/{change.name}",
    )
    yield _script(
        change,
        _command(
            "aws application-autoscaling register-scalable-target",
            *scalable,
            f"--min-capacity {scaling.min_size} --max-capacity {scaling.max_size} &&",
        ),
        _command(
            f"aws application-autoscaling put-scaling-policy --policy-name {change.name}-{parameters.metric}",
            *scalable,
            "--policy-type TargetTrackingScaling",
            f"--target-tracking-scaling-policy-configuration {_json(policy)}",
        ),
    )


def lambda_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the memory and the concurrency of a function, and its provisioned concurrency if the policy scales it."""
    scaling, parameters = scaling_of(change.after), change.after.policy.parameters
    name = f"--function-name {change.name}"
    if isinstance(parameters, LambdaProvisionedParameters):
        scalable = (
            "--service-namespace lambda --scalable-dimension lambda:function:ProvisionedConcurrency",
            f"--resource-id function:{change.name}:ALIAS",
        )
        tracked = {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}
        policy = {"TargetValue": parameters.target_utilisation, "PredefinedMetricSpecification": tracked}
        yield _script(
            change,
            f"aws lambda update-function-configuration {name} --memory-size {change.after.size.memory_mb} &&",
            _command(
                "aws application-autoscaling register-scalable-target",
                *scalable,
                f"--min-capacity {scaling.min_size} --max-capacity {scaling.max_size} &&",
            ),
            _command(
                f"aws application-autoscaling put-scaling-policy --policy-name {change.name}",
                *scalable,
                "--policy-type TargetTrackingScaling",
                f"--target-tracking-scaling-policy-configuration {_json(policy)}",
            ),
        )
        return
    memory = f"aws lambda update-function-configuration {name} --memory-size {change.after.size.memory_mb}"
    if scaling.max_size > _RESERVED_MAX:
        yield _script(change, memory)
        return
    reserve = _command(
        f"aws lambda put-function-concurrency {name}", f"--reserved-concurrent-executions {scaling.max_size}"
    )
    yield _script(change, f"{memory} &&", reserve)


def lambda_managed_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the environments of a function on managed instances, and the requests of each."""
    scaling = scaling_of(change.after)
    limits = f"MinExecutionEnvironments={scaling.min_size},MaxExecutionEnvironments={scaling.max_size}"
    provider = {
        "LambdaManagedInstancesCapacityProviderConfig": {
            "CapacityProviderArn": "arn:aws:lambda:REGION:ACCOUNT:capacity-provider:NAME",
            "PerExecutionEnvironmentMaxConcurrency": scaling.max_concurrency,
        }
    }
    name = f"--function-name {change.name}"
    yield _script(
        change,
        _command(
            f"aws lambda update-function-configuration {name} --memory-size {change.after.size.memory_mb}",
            f"--capacity-provider-config {_json(provider)} &&",
        ),
        _command(
            f"aws lambda put-function-scaling-config {name} --qualifier '$LATEST.PUBLISHED'",
            f"--function-scaling-config {limits}",
        ),
    )


def _script(change: ServiceChange, *commands: str) -> ApplyText:
    heading = comment(f"{change.name} on {change.platform}: {', '.join(change.sentences)}.")
    names = comment("Replace the words in capitals.") if any(_has_capitals(each) for each in commands) else ""
    return ApplyText(
        ApplyTool.AWS_CLI, f"{change.name}.apply.sh", "\n".join([heading + names + commands[0], *commands[1:], ""])
    )


def _has_capitals(command: str) -> bool:
    return any(word in command for word in ("REGION", "CLUSTER", "ALIAS"))


def _command(*parts: str) -> str:
    return " \\\n  ".join(parts)


def _json(block: Mapping[str, Any]) -> str:
    return shlex.quote(json.dumps(block))
