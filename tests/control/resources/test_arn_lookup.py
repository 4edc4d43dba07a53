"""Lookup of resources by their ARN."""

from __future__ import annotations

from simulator.control.resources.arn_lookup import resource_of
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

HERE = "arn:aws:apprunner:us-east-1:123456789012"


def test_a_resource_of_any_kind_is_found_by_its_full_arn_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.running()
            connection = stage.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            built_in = [
                f"{HERE}:{kind}configuration/DefaultConfiguration/1/{1:032d}"
                for kind in ("autoscaling", "observability")
            ]
            for arn in (service, connection["Connection"]["ConnectionArn"], *built_in):
                found = resource_of(stage.registry, arn)
                assert found is not None
                assert found.arn == arn
            for text in (f"{HERE}:service/hello", f"{HERE}:vpcconnector/a/1/2", "hello", f"{HERE}:cluster/a/1"):
                assert resource_of(stage.registry, text) is None

    run_virtual(main)
