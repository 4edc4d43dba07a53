"""Commands for other platforms of AWS: read by a shell, and checked against the API's models of botocore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.validate import validate_parameters

from simulator.lab.apply.apply import apply_instructions
from simulator.lab.apply.instructions import ApplyTool
from tests.lab.apply.services import called, options, scenario, text_of

LIMITS = {"min_size": 3, "max_size": 9}


def _calls(folder: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    """Return the input of each operation that the printed commands call; the API's model accepts it."""
    (found,) = apply_instructions(scenario(), scenario(**settings))
    requests = {}
    for words in called(text_of(found, ApplyTool.AWS_CLI), folder):
        model = botocore.session.get_session().get_service_model(words[0])
        operation = next(name for name in model.operation_names if xform_name(name, "-") == words[1])
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        by_option = {f"--{xform_name(member, '-')}": member for member in shape.members}
        request = {
            by_option[option]: _value(shape.members[by_option[option]].type_name, text)
            for option, text in options(words).items()
        }
        validate_parameters(request, shape)
        requests[operation] = request
    return requests


def _value(kind: str, text: str) -> Any:
    if kind == "integer":
        return int(text)
    if kind != "structure":
        return text
    if text.startswith("{"):
        return json.loads(text)
    pairs = dict(pair.split("=") for pair in text.split(","))
    return {key: int(value) if value.isdigit() else value for key, value in pairs.items()}


def test_express_mode_gets_its_scaling_target(tmp_path: Path) -> None:
    policy = {"name": "ecs-express", "metric": "memory", "target": 0.5}
    found = _calls(tmp_path, platform="ecs-express", policy=policy, cpu=2048, memory=4096, **LIMITS)
    update = found["UpdateExpressGatewayService"]
    assert (update["cpu"], update["memory"]) == ("2048", "4096")
    assert update["scalingTarget"] == {
        "minTaskCount": 3,
        "maxTaskCount": 9,
        "autoScalingMetric": "AVERAGE_MEMORY",
        "autoScalingTargetValue": 50,
    }


def test_a_service_on_fargate_gets_its_limits_and_its_policy(tmp_path: Path) -> None:
    policy = {"name": "target-tracking", "target": 0.55, "scale_in": False, "scale_out_cooldown": "60s"}
    found = _calls(tmp_path, policy=policy, **LIMITS)
    target = found["RegisterScalableTarget"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 9)
    assert found["PutScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 55.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
        "DisableScaleIn": True,
    }


def test_a_function_gets_its_memory_and_a_reservation(tmp_path: Path) -> None:
    found = _calls(tmp_path, platform="lambda", memory=3072, max_size=50)
    assert found["UpdateFunctionConfiguration"]["MemorySize"] == 3072
    assert found["PutFunctionConcurrency"]["ReservedConcurrentExecutions"] == 50


def test_a_function_that_needs_the_whole_account_has_no_reservation(tmp_path: Path) -> None:
    assert list(_calls(tmp_path, platform="lambda", max_size=1000)) == ["UpdateFunctionConfiguration"]


def test_provisioned_concurrency_is_scaled_by_its_utilisation(tmp_path: Path) -> None:
    found = _calls(tmp_path, policy={"name": "lambda-provisioned", "target_utilisation": 0.6}, **LIMITS)
    assert found["RegisterScalableTarget"]["MaxCapacity"] == 9
    assert found["PutScalingPolicy"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == pytest.approx(0.6)


def test_managed_instances_get_their_environments(tmp_path: Path) -> None:
    found = _calls(tmp_path, platform="lambda-managed", max_concurrency=32, **LIMITS)
    limits = {"MinExecutionEnvironments": 3, "MaxExecutionEnvironments": 9}
    assert found["PutFunctionScalingConfig"]["FunctionScalingConfig"] == limits
    assert found["PutFunctionScalingConfig"]["Qualifier"] == "$LATEST.PUBLISHED"
    (provider,) = found["UpdateFunctionConfiguration"]["CapacityProviderConfig"].values()
    assert provider["PerExecutionEnvironmentMaxConcurrency"] == 32
