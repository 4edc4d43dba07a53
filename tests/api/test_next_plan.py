"""What a client compares with its configuration: responses contain no values that were not set.

Terraform's next plan reads Describe responses into blocks. A block that its schema does not compute (facts 15.3, 19.5)
shows a change if the response contains it and the configuration does not, or vice versa. CloudFormation's drift
detection compares the same members. Each entry below is such a block: its path, and a value for it.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final

import pytest

from tests.api.replayed import Aws
from tests.control.api_stage import IMAGE
from tests.control.resources.sources import CODE, ECR
from tests.virtual import run_virtual

KEY: Final = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
Place = tuple[str, ...]

# optional blocks and attributes of aws_apprunner_service that are not computed, by their path in the API
BLOCKS: Final[dict[Place, Any]] = {
    ("EncryptionConfiguration",): {"KmsKey": KEY},
    ("ObservabilityConfiguration",): {"ObservabilityEnabled": False},
    ("SourceConfiguration", "ImageRepository", "ImageConfiguration"): {"Port": "80"},
    ("InstanceConfiguration", "InstanceRoleArn"): "arn:aws:iam::123456789012:role/app",
}
# values in the block of an image's or the code's settings
SETTINGS: Final[dict[str, Any]] = {
    "RuntimeEnvironmentVariables": {"A": "b"},
    "RuntimeEnvironmentSecrets": {"C": "/shop/c"},
    "StartCommand": "run",
}
ROLE: Final = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/app"}


def set_at(block: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """Return a copy of `block` with `value` at the path `place`."""
    head, *rest = place
    inside = set_at(block.get(head, {}), tuple(rest), value) if rest else value
    return block | {head: inside}


def at(block: dict[str, Any], place: Place) -> Any:
    for part in place:
        block = block.get(part, {}) if isinstance(block, dict) else {}
    return block


@pytest.mark.case("P34")
@pytest.mark.parametrize("number", range(len(BLOCKS) + 1))
def test_a_block_of_a_service_is_described_if_it_was_given(number: int) -> None:
    async def main() -> None:
        async with Aws() as aws:
            for count, given in enumerate(combinations(BLOCKS, number)):
                request: dict[str, Any] = {"ServiceName": f"shop-{count}", "SourceConfiguration": IMAGE}
                for place in given:
                    request = set_at(request, place, BLOCKS[place])
                arn = aws.call("CreateService", **request)["Service"]["ServiceArn"]
                await aws.stage.settled()
                wanted = {place: BLOCKS[place] if place in given else {} for place in BLOCKS}
                assert {place: at(aws.stage.service(arn), place) for place in BLOCKS} == wanted
                aws.call("UpdateService", ServiceArn=arn, HealthCheckConfiguration={"Interval": 7})
                await aws.stage.settled()
                assert {place: at(aws.stage.service(arn), place) for place in BLOCKS} == wanted

    run_virtual(main)


@pytest.mark.case("P34")
@pytest.mark.parametrize("given", [names for count in range(4) for names in combinations(SETTINGS, count)])
def test_settings_are_described_as_they_were_given_with_the_port_that_terraform_has_by_default(
    given: tuple[str, ...],
) -> None:
    async def main() -> None:
        async with Aws() as aws:
            settings = {name: SETTINGS[name] for name in given}
            image = {"ImageRepository": IMAGE["ImageRepository"] | {"ImageConfiguration": settings}}
            values = {"ConfigurationSource": "API", "CodeConfigurationValues": settings | {"Runtime": "PYTHON_311"}}
            code = {"CodeRepository": CODE["CodeRepository"] | {"CodeConfiguration": values}}
            for name, source in (("image", image), ("code", code)):
                request = {"ServiceName": name, "SourceConfiguration": source, "InstanceConfiguration": ROLE}
                arn = aws.call("CreateService", **request)["Service"]["ServiceArn"]
                told = aws.stage.service(arn)["SourceConfiguration"]
                assert told["AutoDeploymentsEnabled"] is (name == "code")
                assert "AuthenticationConfiguration" not in told
                (repository,) = (told[key] for key in told if key.endswith("Repository"))
                if name == "image":
                    assert repository["ImageConfiguration"] == settings | {"Port": "8080"}
                else:
                    shown = repository["CodeConfiguration"]["CodeConfigurationValues"]
                    assert shown == settings | {"Port": "8080", "Runtime": "PYTHON_311"}
                    assert "SourceDirectory" not in repository

    run_virtual(main)


@pytest.mark.case("P34")
def test_a_service_configured_by_its_repository_is_described_without_values() -> None:
    async def main() -> None:
        async with Aws() as aws:
            code = CODE["CodeRepository"] | {"CodeConfiguration": {"ConfigurationSource": "REPOSITORY"}}
            source = {"CodeRepository": code}
            arn = aws.call("CreateService", ServiceName="shop", SourceConfiguration=source)["Service"]["ServiceArn"]
            told = aws.stage.service(arn)["SourceConfiguration"]
            assert told == source | {"AutoDeploymentsEnabled": True}

    run_virtual(main)


@pytest.mark.case("P34")
def test_other_resources_are_described_as_given_with_the_documented_defaults() -> None:
    async def main() -> None:
        async with Aws() as aws:
            bare = aws.call("CreateObservabilityConfiguration", ObservabilityConfigurationName="bare")
            traced = aws.call(
                "CreateObservabilityConfiguration",
                ObservabilityConfigurationName="traced",
                TraceConfiguration={"Vendor": "AWSXRAY"},
            )
            told = [
                aws.call("DescribeObservabilityConfiguration", ObservabilityConfigurationArn=each[kind][f"{kind}Arn"])
                for kind in ("ObservabilityConfiguration",)
                for each in (bare, traced)
            ]
            traces = [each["ObservabilityConfiguration"].get("TraceConfiguration") for each in told]
            assert traces == [None, {"Vendor": "AWSXRAY"}]
            # Absent members have the provider's own defaults, so its plan is empty (facts 1.6).
            scaling = aws.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName="busy")
            view = scaling["AutoScalingConfiguration"]
            assert (view["MaxConcurrency"], view["MinSize"], view["MaxSize"]) == (100, 1, 25)
            connector = aws.call(
                "CreateVpcConnector",
                VpcConnectorName="inner",
                Subnets=["subnet-01", "subnet-02"],
                SecurityGroups=["sg-01"],
            )["VpcConnector"]
            assert (connector["Subnets"], connector["SecurityGroups"]) == (["subnet-01", "subnet-02"], ["sg-01"])

    run_virtual(main)


@pytest.mark.case("P34")
def test_a_service_is_described_as_the_github_action_sent_it() -> None:
    async def main() -> None:
        async with Aws() as aws:
            settings = {"Port": "80", "RuntimeEnvironmentVariables": {"A": "b"}}
            source = ECR | {"ImageRepository": ECR["ImageRepository"] | {"ImageConfiguration": settings}}
            arn = aws.call(
                "CreateService",
                ServiceName="action",
                SourceConfiguration=source,
                InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "2 GB"},
            )["Service"]["ServiceArn"]
            told = aws.stage.service(arn)
            assert told["SourceConfiguration"] == source | {"AutoDeploymentsEnabled": True}
            assert told["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}

    run_virtual(main)
