from __future__ import annotations

from typing import Any

from simulator.control.api_context import ApiSettings
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

ARN = "ObservabilityConfigurationArn"
DEFAULT = "arn:aws:apprunner:us-east-1:123456789012:observabilityconfiguration/DefaultConfiguration"
XRAY = {"Vendor": "AWSXRAY"}


def create(stage: Stage, name: str = "tracing", **request: Any) -> dict[str, Any]:
    answer = stage.call("CreateObservabilityConfiguration", ObservabilityConfigurationName=name, **request)
    view: dict[str, Any] = answer["ObservabilityConfiguration"]
    return view


def test_revisions_are_created_described_and_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = create(stage), create(stage, TraceConfiguration=XRAY)
            assert "TraceConfiguration" not in first
            assert (second["TraceConfiguration"], second["ObservabilityConfigurationRevision"]) == (XRAY, 2)
            assert (second["Status"], second["Latest"]) == ("ACTIVE", True)
            listed = stage.call("ListObservabilityConfigurations", ObservabilityConfigurationName="tracing")
            assert [each[ARN] for each in listed["ObservabilityConfigurationSummaryList"]] == [second[ARN]]
            deleted = stage.call("DeleteObservabilityConfiguration", ObservabilityConfigurationArn=second[ARN])
            view = deleted["ObservabilityConfiguration"]
            assert (view["Status"], view["Latest"], "DeletedAt" in view) == ("INACTIVE", False, True)
            name = first[ARN].rsplit("/", 2)[0]
            found = stage.call("DescribeObservabilityConfiguration", ObservabilityConfigurationArn=name)
            assert found["ObservabilityConfiguration"][ARN] == first[ARN]

    run_virtual(main)


def test_the_built_in_configuration_traces_and_its_name_is_reserved() -> None:
    async def main() -> None:
        async with Stage() as stage:
            found = stage.call("DescribeObservabilityConfiguration", ObservabilityConfigurationArn=DEFAULT)
            assert found["ObservabilityConfiguration"]["TraceConfiguration"] == XRAY
            name = {"ObservabilityConfigurationName": "DefaultConfiguration"}
            assert "reserved" in stage.rejected("CreateObservabilityConfiguration", **name).message
            error = stage.rejected("DeleteObservabilityConfiguration", ObservabilityConfigurationArn=DEFAULT)
            assert error.code == "InvalidRequestException"

    run_virtual(main)


def test_a_service_with_observability_on_has_the_built_in_one_or_its_own() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running(ObservabilityConfiguration={"ObservabilityEnabled": True})
            assert stage.service(arn)["ObservabilityConfiguration"][ARN] == f"{DEFAULT}/1/{1:032d}"
            own = create(stage, TraceConfiguration=XRAY)
            block = {"ObservabilityEnabled": True, ARN: own[ARN].rsplit("/", 1)[0]}
            stage.call("UpdateService", ServiceArn=arn, ObservabilityConfiguration=block)
            await stage.settled()
            assert stage.service(arn)["ObservabilityConfiguration"][ARN] == own[ARN]
            error = stage.rejected("DeleteObservabilityConfiguration", ObservabilityConfigurationArn=own[ARN])
            assert "It's used by one or more services." in error.message
            assert error.explained.endswith("(Used by: hello)")
            off = {"ObservabilityEnabled": False}
            error = stage.rejected("UpdateService", ServiceArn=arn, ObservabilityConfiguration=off | {ARN: own[ARN]})
            assert "only when ObservabilityEnabled is true" in error.message
            stage.call("UpdateService", ServiceArn=arn, ObservabilityConfiguration=off)
            await stage.settled()
            stage.call("DeleteObservabilityConfiguration", ObservabilityConfigurationArn=own[ARN])

    run_virtual(main)


def test_the_quotas_apply() -> None:
    async def main() -> None:
        quotas = Quotas(observability_names=1, observability_revisions=2)
        async with Stage(settings=ApiSettings(quotas=quotas)) as stage:
            create(stage)
            create(stage)
            for name in ("tracing", "more"):
                error = stage.rejected("CreateObservabilityConfiguration", ObservabilityConfigurationName=name)
                assert error.code == "ServiceQuotaExceededException"

    run_virtual(main)
