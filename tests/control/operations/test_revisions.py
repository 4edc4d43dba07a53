"""Revisions for the workload: the wanted one, the last deployed one, and the built-in configurations."""

from __future__ import annotations

from dataclasses import replace

from simulator.control.operations.revisions import (
    auto_scaling_of,
    built_in_auto_scaling,
    default_arn,
    deployed_revision,
    observability_of,
    wanted_revision,
)
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.arn import AUTO_SCALING, OBSERVABILITY
from tests.control.api_stage import IMAGE, Stage
from tests.virtual import run_virtual

ACCOUNT, REGION = "123456789012", "us-east-1"


def test_built_in_configurations_are_found_in_every_account_and_unknown_ones_are_not() -> None:
    async def main() -> None:
        async with Stage() as stage:
            registry = stage.registry
            scaling = auto_scaling_of(registry, str(default_arn(AUTO_SCALING, ACCOUNT, REGION)))
            assert scaling == built_in_auto_scaling(ACCOUNT, REGION)
            tracing = observability_of(registry, str(default_arn(OBSERVABILITY, ACCOUNT, REGION)))
            assert tracing is not None
            assert tracing.vendor == "AWSXRAY"
            other = str(default_arn(AUTO_SCALING, ACCOUNT, REGION)).replace("/1/", "/2/")
            assert auto_scaling_of(registry, other) is None

    run_virtual(main)


def test_during_an_update_the_wanted_revision_differs_from_the_deployed_one() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.step_s = 10
            arn = await stage.running()
            changed = {**IMAGE["ImageRepository"], "ImageConfiguration": {"Port": "9000"}}
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration={**IMAGE, "ImageRepository": changed})
            service = stage.registry.get(ServiceResource, arn)
            assert service is not None
            wanted, deployed = wanted_revision(stage.registry, service), deployed_revision(stage.registry, service)
            assert (deployed.number, wanted.number) == (1, 2)
            assert replace(deployed, version="") == stage.workload.running[arn]
            await stage.settled()
            assert stage.workload.running[arn].number == 2

    run_virtual(main)
