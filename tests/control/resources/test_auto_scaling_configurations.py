from __future__ import annotations

from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.principal import Principal
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import ALICE, Stage, principal
from tests.virtual import run_virtual

ARN = "AutoScalingConfigurationArn"
NAME = "AutoScalingConfigurationName"
DEFAULT = "arn:aws:apprunner:us-east-1:123456789012:autoscalingconfiguration/DefaultConfiguration"


def create(stage: Stage, name: str = "busy", who: Principal = ALICE, **numbers: Any) -> dict[str, Any]:
    answer = stage.call("CreateAutoScalingConfiguration", who, AutoScalingConfigurationName=name, **numbers)
    view: dict[str, Any] = answer["AutoScalingConfiguration"]
    return view


def describe(stage: Stage, arn: str) -> dict[str, Any]:
    view: dict[str, Any] = stage.call("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=arn)[
        "AutoScalingConfiguration"
    ]
    return view


def listed(stage: Stage, **request: Any) -> list[tuple[str, int]]:
    answer = stage.call("ListAutoScalingConfigurations", **request)["AutoScalingConfigurationSummaryList"]
    return [(each[NAME], each["AutoScalingConfigurationRevision"]) for each in answer]


def test_the_defaults_and_the_lower_case_status() -> None:
    async def main() -> None:
        async with Stage() as stage:
            view = create(stage)
            assert (view["MaxConcurrency"], view["MinSize"], view["MaxSize"]) == (100, 1, 25)
            assert (view["Status"], view["Latest"], view["AutoScalingConfigurationRevision"]) == ("active", True, 1)
            assert (view["HasAssociatedService"], view["IsDefault"]) == (False, False)
            assert view[ARN].startswith("arn:aws:apprunner:us-east-1:123456789012:autoscalingconfiguration/busy/1/")

    run_virtual(main)


def test_the_same_name_again_is_the_next_revision() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = create(stage, MaxSize=3), create(stage, MaxSize=4)
            assert second["AutoScalingConfigurationRevision"] == 2
            assert (describe(stage, first[ARN])["Latest"], describe(stage, second[ARN])["Latest"]) == (False, True)
            name = first[ARN].rsplit("/", 2)[0]
            assert describe(stage, name)["MaxSize"] == 4
            assert describe(stage, f"{name}/1")["MaxSize"] == 3
            assert listed(stage) == [("busy", 2), ("DefaultConfiguration", 1)]
            assert listed(stage, LatestOnly=False, AutoScalingConfigurationName="busy") == [("busy", 2), ("busy", 1)]

    run_virtual(main)


def test_a_deleted_revision_is_inactive_and_the_one_before_is_the_latest() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = create(stage), create(stage)
            name = first[ARN].rsplit("/", 2)[0]
            deleted = stage.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=name)
            view = deleted["AutoScalingConfiguration"]
            assert (view[ARN], view["Status"], view["Latest"]) == (second[ARN], "inactive", False)
            assert view["DeletedAt"] == stage.now()
            assert describe(stage, name)[ARN] == first[ARN]
            assert describe(stage, second[ARN])["Status"] == "inactive"
            error = stage.rejected("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=second[ARN])
            assert error.code == "InvalidRequestException"
            assert "The auto scaling configuration you specified has been deleted" in error.message
            # the next number of the active ones (facts 19.5)
            assert create(stage)["AutoScalingConfigurationRevision"] == 2
            await stage.passes(3600)
            error = stage.rejected("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=second[ARN])
            assert error.code == "ResourceNotFoundException"

    run_virtual(main)


def test_all_revisions_are_deleted_by_name_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = create(stage), create(stage)
            request = {"DeleteAllRevisions": True}
            error = stage.rejected("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=first[ARN], **request)
            assert "must end with the name" in error.message
            name = first[ARN].rsplit("/", 2)[0]
            stage.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=name, **request)
            assert [describe(stage, each[ARN])["Status"] for each in (first, second)] == ["inactive", "inactive"]
            assert listed(stage) == [("DefaultConfiguration", 1)]

    run_virtual(main)


@pytest.mark.case("P36")
def test_the_default_is_for_new_services_and_cannot_be_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            old = await stage.running("old1")
            view = create(stage, MinSize=2)
            changed = stage.call("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=view[ARN])
            assert changed["AutoScalingConfiguration"]["IsDefault"]
            assert not describe(stage, DEFAULT)["IsDefault"]
            new = await stage.running("new1")
            summaries = [stage.service(arn)["AutoScalingConfigurationSummary"] for arn in (old, new)]
            assert [each[NAME] for each in summaries] == ["DefaultConfiguration", "busy"]
            assert [each["IsDefault"] for each in summaries] == [False, True]
            stage.call("DeleteService", ServiceArn=new)
            await stage.settled()
            error = stage.rejected("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=view[ARN])
            assert error.message == "You can't delete a reserved auto scaling configuration"
            stage.call("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=DEFAULT)
            stage.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=view[ARN])

    run_virtual(main)


@pytest.mark.case("P9")
def test_a_configuration_in_use_or_needed_for_a_rollback_is_not_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = create(stage), create(stage)
            arn = await stage.running(AutoScalingConfigurationArn=first[ARN])
            stage.call("UpdateService", ServiceArn=arn, AutoScalingConfigurationArn=second[ARN])
            for each in (first, second):
                assert describe(stage, each[ARN])["HasAssociatedService"]
                error = stage.rejected("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=each[ARN])
                assert error.message == (
                    "You can't delete the auto scaling configuration. It's used by one or more services. "
                    "To delete it, update the services to use other auto scaling configurations."
                )
                assert error.explained.endswith("(Used by: hello)")
            await stage.settled()
            stage.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=first[ARN])
            services = stage.call("ListServicesForAutoScalingConfiguration", AutoScalingConfigurationArn=second[ARN])
            assert services["ServiceArnList"] == [arn]

    run_virtual(main)


def test_a_service_given_a_name_has_its_latest_revision_until_it_is_updated() -> None:
    async def main() -> None:
        async with Stage() as stage:
            name = create(stage)[ARN].rsplit("/", 2)[0]
            arn = await stage.running(AutoScalingConfigurationArn=name)
            create(stage)
            summary = stage.service(arn)["AutoScalingConfigurationSummary"]
            assert summary["AutoScalingConfigurationRevision"] == 1
            stage.call("UpdateService", ServiceArn=arn, AutoScalingConfigurationArn=name)
            await stage.settled()
            summary = stage.service(arn)["AutoScalingConfigurationSummary"]
            assert summary["AutoScalingConfigurationRevision"] == 2

    run_virtual(main)


def test_a_missing_configuration_is_rejected() -> None:
    async def main() -> None:
        async with Stage() as stage:
            name = create(stage)[ARN].rsplit("/", 2)[0]
            full = describe(stage, name)[ARN]
            stage.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=name)
            for arn in (name, full, f"{name}/9"):
                arn_error = stage.rejected("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
                assert arn_error.code in {"ResourceNotFoundException", "InvalidRequestException"}
                request = {"ServiceName": "hello", "SourceConfiguration": {}}
                error = stage.rejected("CreateService", **request, AutoScalingConfigurationArn=arn)
                assert error.code == "InvalidRequestException"

    run_virtual(main)


def test_the_quotas_count_names_and_active_revisions() -> None:
    async def main() -> None:
        quotas = Quotas(auto_scaling_names=2, auto_scaling_revisions=2)
        async with Stage(settings=ApiSettings(quotas=quotas)) as stage:
            for name in ("busy", "busy", "calm", "DefaultConfiguration"):
                create(stage, name)
            for name in ("more", "busy", "DefaultConfiguration"):
                error = stage.rejected("CreateAutoScalingConfiguration", AutoScalingConfigurationName=name)
                assert error.code == "ServiceQuotaExceededException"
            create(stage, "busy", principal(region="eu-west-1"))
            stage.call(
                "DeleteAutoScalingConfiguration",
                AutoScalingConfigurationArn=DEFAULT.replace("DefaultConfiguration", "busy"),
            )
            create(stage, "busy")

    run_virtual(main)


def test_the_built_in_configuration_exists_from_the_start_and_cannot_be_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            assert describe(stage, DEFAULT)["IsDefault"]
            view = create(stage)
            stage.call("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=view[ARN])
            error = stage.rejected("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=DEFAULT)
            assert error.code == "InvalidRequestException"

    run_virtual(main)


def test_a_minimum_above_the_maximum_is_rejected() -> None:
    async def main() -> None:
        async with Stage() as stage:
            numbers = {"MinSize": 5, "MaxSize": 4}
            error = stage.rejected("CreateAutoScalingConfiguration", AutoScalingConfigurationName="busy", **numbers)
            assert error.message == "MinSize = 5, must not exceed MaxSize = 4."

    run_virtual(main)


@pytest.mark.case("P33")
@pytest.mark.parametrize("kind", ["AutoScalingConfiguration", "ObservabilityConfiguration"])
def test_a_new_revision_counts_the_active_ones_only(kind: str) -> None:
    async def main() -> None:
        async with Stage() as stage:

            def made() -> dict[str, Any]:
                view: dict[str, Any] = stage.call(f"Create{kind}", **{f"{kind}Name": "again"})[kind]
                return view

            def gone(view: dict[str, Any]) -> None:
                stage.call(f"Delete{kind}", **{f"{kind}Arn": view[f"{kind}Arn"]})

            first = made()
            gone(first)
            second = made()
            assert (first[f"{kind}Revision"], second[f"{kind}Revision"]) == (1, 1)
            assert first[f"{kind}Arn"] != second[f"{kind}Arn"]
            third = made()
            gone(third)
            fourth = made()
            assert (third[f"{kind}Revision"], fourth[f"{kind}Revision"]) == (2, 2)
            gone(second)  # the first of two is deleted: the next number still follows the last one
            assert made()[f"{kind}Revision"] == 3
            # A full ARN finds the deleted revision, a partial one the active revision with the same number.
            found = stage.call(f"Describe{kind}", **{f"{kind}Arn": third[f"{kind}Arn"]})[kind]
            assert found["Status"].lower() == "inactive"
            partial = third[f"{kind}Arn"].rpartition("/")[0]
            assert stage.call(f"Describe{kind}", **{f"{kind}Arn": partial})[kind][f"{kind}Arn"] == fourth[f"{kind}Arn"]

    run_virtual(main)
