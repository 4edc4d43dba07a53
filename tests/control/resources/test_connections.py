from __future__ import annotations

import pytest

from simulator.control.api_context import ApiSettings
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import Stage
from tests.control.resources.sources import CODE
from tests.virtual import run_virtual


def test_a_connection_is_available_after_its_handshake() -> None:
    async def main() -> None:
        async with Stage() as stage:
            connection = stage.call("CreateConnection", ConnectionName="my-github", ProviderType="GITHUB")["Connection"]
            assert connection["Status"] == "PENDING_HANDSHAKE"
            stage.api.approve_connection("123456789012", "us-east-1", "my-github")
            listed = stage.call("ListConnections", ConnectionName="my-github")["ConnectionSummaryList"]
            assert [(each["ConnectionArn"], each["Status"]) for each in listed] == [
                (connection["ConnectionArn"], "AVAILABLE")
            ]
            assert stage.call("ListConnections", ConnectionName="other")["ConnectionSummaryList"] == []
            deleted = stage.call("DeleteConnection", ConnectionArn=connection["ConnectionArn"])
            assert deleted["Connection"]["Status"] == "DELETED"
            assert stage.call("ListConnections")["ConnectionSummaryList"] == []
            with pytest.raises(ApiError, match="Connection not found"):
                stage.api.approve_connection("123456789012", "us-east-1", "my-github")

    run_virtual(main)


def test_a_service_needs_one_that_is_available_and_keeps_it_from_deletion() -> None:
    async def main() -> None:
        async with Stage() as stage:
            answer = stage.call("CreateConnection", ConnectionName="my-github", ProviderType="GITHUB")
            full = answer["Connection"]["ConnectionArn"]
            short = full.rsplit("/", 1)[0]  # as in AWS's own examples
            source = CODE | {"AuthenticationConfiguration": {"ConnectionArn": short}}
            request = {"ServiceName": "hello", "SourceConfiguration": source}
            assert "must be AVAILABLE" in stage.rejected("CreateService", **request).message
            stage.api.approve_connection("123456789012", "us-east-1", "my-github")
            arn = await stage.running(SourceConfiguration=source)
            authentication = stage.service(arn)["SourceConfiguration"]["AuthenticationConfiguration"]
            assert authentication == {"ConnectionArn": full}
            error = stage.rejected("DeleteConnection", ConnectionArn=short)
            assert error.explained.endswith("is in use by a service. (Delete first: hello)")
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            stage.call("DeleteConnection", ConnectionArn=short)
            error = stage.rejected("CreateService", **request)
            assert (error.code, "Connection not found" in error.message) == ("InvalidRequestException", True)

    run_virtual(main)


def test_names_are_unique_and_the_quota_applies() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(quotas=Quotas(connections=2))) as stage:
            answer = stage.call("CreateConnection", ConnectionName="first", ProviderType="GITHUB")
            request = {"ConnectionName": "first", "ProviderType": "BITBUCKET"}
            assert stage.rejected("CreateConnection", **request).code == "InvalidRequestException"
            stage.call("CreateConnection", ConnectionName="second", ProviderType="BITBUCKET")
            request = {"ConnectionName": "third", "ProviderType": "GITHUB"}
            assert stage.rejected("CreateConnection", **request).code == "ServiceQuotaExceededException"
            wrong = answer["Connection"]["ConnectionArn"][:-1] + "_"
            assert stage.rejected("DeleteConnection", ConnectionArn=wrong).code == "ResourceNotFoundException"

    run_virtual(main)


def test_code_without_a_connection_can_be_allowed_by_a_setting() -> None:
    async def main() -> None:
        async with Stage() as stage:
            await stage.running(SourceConfiguration=CODE)
        async with Stage(settings=ApiSettings(needs_connection=True)) as stage:
            error = stage.rejected("CreateService", ServiceName="hello", SourceConfiguration=CODE)
            assert "ConnectionArn must be given" in error.message

    run_virtual(main)
