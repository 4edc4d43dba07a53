"""The Terraform text, applied by the provider's calls (facts 15.3) to the control plane in virtual time.

Then the service has the settings, and a run with the settings that DescribeService answers is the run of the scenario
that was promised.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.control.operations.time_profile import APP_RUNNER
from simulator.lab.apply.app_runner import app_runner_instructions
from simulator.lab.apply.instructions import ApplyTool
from simulator.lab.apply.service_change import ServiceChange
from simulator.model.resources.api_error import ApiError
from simulator.scenario.scenario import load_scenario
from simulator.sdk.scenario import Scenario
from tests.api.replayed import MINUTE_S, Aws, terraform_waits
from tests.api.test_terraform import service_created, service_settled
from tests.lab.apply.services import terraform, text_of
from tests.virtual import run_virtual

SCENARIO = """\
duration: 1 min
services:
  shop: {max_concurrency: 2, min_size: 1, max_size: 2, application: {simulated: {cpu: 2ms, io: 80ms}}}
traffic: [{poisson: {rate: 60/s}}]
checks: [p95 < 300 ms, error_rate < 0.1 %]
"""
CHANGES = {"max_concurrency": 20, "min_size": 2, "max_size": 8, "cpu": "0.5 vCPU", "memory": "1 GB"}
AUTO_SCALING = "aws_apprunner_auto_scaling_configuration_version"


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return file


def _change(file: Path) -> ServiceChange:
    return ServiceChange("shop", load_scenario(file).services["shop"], load_scenario(file, CHANGES).services["shop"])


async def _configured(aws: Aws, arguments: dict[str, Any]) -> str:
    """Create an auto scaling configuration as the provider does; return its ARN."""
    made = aws.call(
        "CreateAutoScalingConfiguration",
        AutoScalingConfigurationName=arguments["auto_scaling_configuration_name"],
        MaxConcurrency=arguments["max_concurrency"],
        MinSize=arguments["min_size"],
        MaxSize=arguments["max_size"],
    )
    arn = str(made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"])
    await terraform_waits(lambda: _status(aws, arn), pending=(), target={"active"}, timeout_s=2 * MINUTE_S)
    return arn


def _status(aws: Aws, arn: str) -> str:
    told = aws.call("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
    return str(told["AutoScalingConfiguration"]["Status"])


def _described(aws: Aws, arn: str) -> dict[str, Any]:
    """Return the settings of the service by their keys in a scenario, from the answers of the API."""
    service = aws.call("DescribeService", ServiceArn=arn)["Service"]
    used = service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
    limits = aws.call("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=used)["AutoScalingConfiguration"]
    instance = service["InstanceConfiguration"]
    return {
        "max_concurrency": limits["MaxConcurrency"],
        "min_size": limits["MinSize"],
        "max_size": limits["MaxSize"],
        "cpu": int(instance["Cpu"]),
        "memory": int(instance["Memory"]),
    }


def test_terraform_applies_the_text_and_the_service_behaves_as_promised(file: Path) -> None:
    resources = terraform(text_of(app_runner_instructions(_change(file)), ApplyTool.TERRAFORM))
    before = {"auto_scaling_configuration_name": "shop", "max_concurrency": 2, "min_size": 1, "max_size": 2}
    found: dict[str, Any] = {}

    async def main() -> None:
        async with Aws(APP_RUNNER) as aws:
            old = await _configured(aws, before)
            arn = await service_created(aws, AutoScalingConfigurationArn=old)
            # A changed argument replaces the configuration: by create_before_destroy the old one is deleted last.
            assert resources[AUTO_SCALING]["lifecycle"] == [{"create_before_destroy": True}]
            with pytest.raises(ApiError, match="It's used by one or more services"):
                aws.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=old)
            new = await _configured(aws, resources[AUTO_SCALING])
            service = resources["aws_apprunner_service"]
            assert service["auto_scaling_configuration_arn"] == f"${{{AUTO_SCALING}.shop.arn}}"
            (instance,) = service["instance_configuration"]
            size = {"Cpu": instance["cpu"], "Memory": instance["memory"]}
            aws.call("UpdateService", ServiceArn=arn, AutoScalingConfigurationArn=new, InstanceConfiguration=size)
            await service_settled(aws, arn)
            aws.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=old)
            await terraform_waits(
                lambda: _status(aws, old), pending={"active"}, target={"inactive"}, timeout_s=2 * MINUTE_S
            )
            found.update(_described(aws, arn))

    run_virtual(main)
    assert found == {"max_concurrency": 20, "min_size": 2, "max_size": 8, "cpu": 512, "memory": 1024}
    today = Scenario(file)
    promised, applied = today.change(CHANGES).run(), today.change(found).run()
    assert not today.run().passed
    assert applied.passed
    assert applied.report.services == promised.report.services
