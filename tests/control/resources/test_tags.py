from __future__ import annotations

import pytest

from simulator.control.api_context import ApiSettings
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import IMAGE, Stage, principal
from tests.virtual import run_virtual

A1, A2, B1 = {"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}


def test_every_resource_with_an_arn_has_tags_from_its_creation_on() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.private()
            tags = {"Tags": [A1]}
            vpc = {"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"}
            arns = [
                stage.call("CreateService", ServiceName="more", SourceConfiguration=IMAGE, **tags)["Service"][
                    "ServiceArn"
                ],
                stage.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB", **tags)["Connection"][
                    "ConnectionArn"
                ],
                stage.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName="busy", **tags)[
                    "AutoScalingConfiguration"
                ]["AutoScalingConfigurationArn"],
                stage.call("CreateObservabilityConfiguration", ObservabilityConfigurationName="tracing", **tags)[
                    "ObservabilityConfiguration"
                ]["ObservabilityConfigurationArn"],
                stage.call("CreateVpcConnector", VpcConnectorName="inside", Subnets=["subnet-1"], **tags)[
                    "VpcConnector"
                ]["VpcConnectorArn"],
                stage.call(
                    "CreateVpcIngressConnection",
                    ServiceArn=service,
                    VpcIngressConnectionName="door",
                    IngressVpcConfiguration=vpc,
                    **tags,
                )["VpcIngressConnection"]["VpcIngressConnectionArn"],
            ]
            for arn in arns:
                assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [A1]
                stage.call("TagResource", ResourceArn=arn, Tags=[A2, B1])
                assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [A2, B1]
                stage.call("UntagResource", ResourceArn=arn, TagKeys=["a", "nothing"])
                assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [B1]

    run_virtual(main)


@pytest.mark.parametrize("kind", ["autoscalingconfiguration", "observabilityconfiguration"])
def test_the_built_in_configurations_can_be_tagged_too(kind: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = f"arn:aws:apprunner:us-east-1:123456789012:{kind}/DefaultConfiguration/1/{1:032d}"
            stage.call("TagResource", ResourceArn=arn, Tags=[A1])
            assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [A1]
            listed = stage.call("ListAutoScalingConfigurations")["AutoScalingConfigurationSummaryList"]
            assert len(listed) == 1

    run_virtual(main)


def test_a_service_is_tagged_while_its_operation_runs_and_keeps_the_tags() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = stage.create()
            stage.call("TagResource", ResourceArn=arn, Tags=[A1])
            await stage.settled()
            assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [A1]
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            for operation, request in (
                ("TagResource", {"Tags": [A1]}),
                ("UntagResource", {"TagKeys": ["a"]}),
                ("ListTagsForResource", {}),
            ):
                assert stage.rejected(operation, ResourceArn=arn, **request).code == "InvalidStateException"

    run_virtual(main)


def test_a_missing_or_foreign_resource_cannot_be_tagged() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            partial = "arn:aws:apprunner:us-east-1:123456789012:autoscalingconfiguration/DefaultConfiguration"
            for text in (arn.replace("hello", "absent"), partial):
                assert stage.rejected("ListTagsForResource", ResourceArn=text).code == "ResourceNotFoundException"
            other = principal(account="210987654321")
            assert stage.rejected("ListTagsForResource", other, ResourceArn=arn).code == "ResourceNotFoundException"
            assert stage.rejected("ListTagsForResource", ResourceArn="hello").code == "InvalidRequestException"

    run_virtual(main)


def test_tag_keys_are_unique_and_bounded() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(quotas=Quotas(tags=2))) as stage:
            arn = await stage.running(Tags=[A1])
            for tags, message in (
                ([A1, A2], "more than once"),
                ([{"Value": "1"}], "must have a Key"),
                ([{"Key": "c"}, {"Key": "d"}], "would have 3 tags"),
                ([{"Key": "c"}, {"Key": "d"}, {"Key": "e"}], "must be at most 2"),
            ):
                error = stage.rejected("TagResource", ResourceArn=arn, Tags=tags)
                assert (error.code, message in error.message) == ("InvalidRequestException", True)

    run_virtual(main)
