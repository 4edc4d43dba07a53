from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from simulator.control.operations.time_profile import APP_RUNNER, INSTANT
from simulator.control.operations.workload import WorkloadFailed
from tests.control.api_stage import IMAGE, Stage, principal
from tests.control.test_restart import kill
from tests.virtual import rounds, run_virtual


def domains(stage: Stage, arn: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stage.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"]
    return found


def statuses(stage: Stage, arn: str) -> list[str]:
    return [each["Status"] for each in domains(stage, arn)]


def test_an_association_and_its_records() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            answer = stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="Acme.dev")
            domain = answer["CustomDomain"]
            assert (answer["DNSTarget"], answer["VpcDNSTargets"]) == (stage.service(arn)["ServiceUrl"], [])
            assert (domain["DomainName"], domain["EnableWWWSubdomain"], domain["Status"]) == (
                "acme.dev",
                True,
                "creating",
            )
            records = domain["CertificateValidationRecords"]
            assert len(records) == 3  # the number for which Copilot waits (facts 10.3)
            assert re.fullmatch(r"_[0-9a-f]{32}\.acme\.dev", records[0]["Name"])
            assert re.fullmatch(r"_[0-9a-f]{32}\.www\.acme\.dev", records[1]["Name"])
            for record in records:
                assert (record["Type"], record["Status"]) == ("CNAME", "PENDING_VALIDATION")
                assert re.fullmatch(r"_[0-9a-f]{32}\.[a-z]{10}\.acm-validations\.aws\.", record["Value"])
            assert domains(stage, arn) == [domain]

    run_virtual(main)


@pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)
def test_validation_takes_its_time_and_ends_active(profile: Any) -> None:
    async def main() -> None:
        async with Stage(profile=profile) as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            walk = ["creating", "pending_certificate_dns_validation", "binding_certificate"]
            for status in walk:
                assert statuses(stage, arn) == [status]
                assert stage.workload.domains == {}
                await stage.passes(profile.domain_s(status) - 0.5)
                assert statuses(stage, arn) == [status]
                await stage.passes(0.5)
            assert statuses(stage, arn) == ["active"]
            assert stage.workload.domains == {"acme.dev": arn, "www.acme.dev": arn}
            assert {record["Status"] for record in domains(stage, arn)[0]["CertificateValidationRecords"]} == {
                "SUCCESS"
            }

    run_virtual(main)


def test_terraform_polling_every_ten_seconds_sees_a_pending_status() -> None:
    # facts 15.3: `active` directly after `creating` makes it fail
    assert INSTANT.domain_s(list(INSTANT.domain)[1]) > 10


def test_a_disassociated_domain_is_removed() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev", EnableWWWSubdomain=False)
            await stage.passes(1000)
            answer = stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            assert answer["CustomDomain"]["Status"] == "deleting"
            error = stage.rejected("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            assert error.code == "InvalidStateException"
            assert stage.workload.domains == {"acme.dev": arn}
            await stage.passes(60)
            assert (domains(stage, arn), stage.workload.domains) == ([], {})
            error = stage.rejected("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            assert error.code == "ResourceNotFoundException"
            assert error.message == "No custom domain acme.dev found for the provided service"

    run_virtual(main)


def test_a_domain_disassociated_during_validation_never_becomes_active() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(100)
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(60)
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(30)
            # those of the second association only
            assert statuses(stage, arn) == ["pending_certificate_dns_validation"]
            await stage.passes(299)
            assert statuses(stage, arn) == ["pending_certificate_dns_validation"]

    run_virtual(main)


def test_a_domain_is_associated_with_one_service_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = await stage.running("first"), await stage.running("second")
            stage.call("AssociateCustomDomain", ServiceArn=first, DomainName="acme.dev")
            for service, name in ((first, "acme.dev"), (second, "ACME.dev"), (second, "www.acme.dev")):
                request = {"ServiceArn": service, "DomainName": name, "EnableWWWSubdomain": False}
                error = stage.rejected("AssociateCustomDomain", **request)
                assert error.code == "InvalidRequestException"
                assert error.message == f"{name.lower()} is already associated with {first}."
            stage.call("AssociateCustomDomain", ServiceArn=second, DomainName="*.acme.dev")
            other = principal(account="210987654321")
            stage.call("CreateService", other, ServiceName="third", SourceConfiguration=IMAGE)
            await stage.settled()
            third = stage.call("ListServices", other)["ServiceSummaryList"][0]["ServiceArn"]
            error = stage.rejected("AssociateCustomDomain", other, ServiceArn=third, DomainName="acme.dev")
            assert "123456789012" not in error.message

    run_virtual(main)


def test_domains_change_on_running_services_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            stage.call("PauseService", ServiceArn=arn)
            for _ in range(2):
                for operation, name in (
                    ("AssociateCustomDomain", "b.com"),
                    ("DisassociateCustomDomain", "acme.dev"),
                ):
                    error = stage.rejected(operation, ServiceArn=arn, DomainName=name)
                    assert error.code == "InvalidStateException"
                await stage.settled()
            absent = arn.replace("hello", "absent")
            error = stage.rejected("AssociateCustomDomain", ServiceArn=absent, DomainName="b.com")
            assert error.code == "InvalidRequestException"

    run_virtual(main)


def test_a_service_has_at_most_five_domains_listed_in_pages() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            for number in range(5):
                stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName=f"example{number}.com")
            error = stage.rejected("AssociateCustomDomain", ServiceArn=arn, DomainName="more.com")
            assert error.code == "InvalidRequestException"
            page = stage.call("DescribeCustomDomains", ServiceArn=arn, MaxResults=3)
            rest = stage.call("DescribeCustomDomains", ServiceArn=arn, MaxResults=3, NextToken=page["NextToken"])
            assert (len(page["CustomDomains"]), len(rest["CustomDomains"]), "NextToken" in rest) == (3, 2, False)

    run_virtual(main)


def test_wildcards_are_accepted_and_invalid_domains_rejected() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            answer = stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="*.acme.dev")
            assert answer["CustomDomain"]["EnableWWWSubdomain"] is False
            assert all("*" not in each["Name"] for each in answer["CustomDomain"]["CertificateValidationRecords"])
            for name, www in (("*.b.com", True), ("login*.b.com", False), ("b", False)):
                request = {"ServiceArn": arn, "DomainName": name, "EnableWWWSubdomain": www}
                assert stage.rejected("AssociateCustomDomain", **request).code == "InvalidRequestException"

    run_virtual(main)


def test_the_domains_of_a_deleted_service_are_free() -> None:
    async def main() -> None:
        async with Stage() as stage:
            first, second = await stage.running("first"), await stage.running("second")
            stage.call("AssociateCustomDomain", ServiceArn=first, DomainName="acme.dev")
            await stage.passes(40)
            assert stage.workload.domains
            stage.call("DeleteService", ServiceArn=first)
            await stage.settled()
            assert (domains(stage, first), stage.workload.domains) == ([], {})
            stage.call("AssociateCustomDomain", ServiceArn=second, DomainName="acme.dev")

    run_virtual(main)


def test_a_domain_that_cannot_be_bound_or_released_has_a_failed_status() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.workload.fail("hello", "bind_domain", failure=WorkloadFailed("No certificate."))
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(40)
            assert statuses(stage, arn) == ["create_failed"]
            stage.workload.fail("hello", "unbind_domain", failure=WorkloadFailed("It is stuck."))
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await rounds(10)
            assert statuses(stage, arn) == ["delete_failed"]
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await rounds(10)
            assert statuses(stage, arn) == []

    run_virtual(main)


def test_transitions_of_domains_continue_after_a_crash(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = await stage.running()
        stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="done.com", EnableWWWSubdomain=False)
        await stage.passes(500)
        stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="coming.com", EnableWWWSubdomain=False)
        await stage.passes(100)
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            await rounds(5)
            assert again.workload.domains == {"done.com": arn}
            await again.passes(349)
            assert statuses(again, arn) == ["binding_certificate", "active"]
            await again.passes(1)
            assert again.workload.domains == {"done.com": arn, "coming.com": arn}

    run_virtual(main)


def test_a_private_service_is_reached_by_its_ingress_connection() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.private()
            ingress = stage.call(
                "CreateVpcIngressConnection",
                ServiceArn=arn,
                VpcIngressConnectionName="door",
                IngressVpcConfiguration={"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"},
            )["VpcIngressConnection"]
            answer = stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            assert (answer["DNSTarget"], answer["VpcDNSTargets"]) == (
                "",
                [
                    {
                        "VpcIngressConnectionArn": ingress["VpcIngressConnectionArn"],
                        "VpcId": "vpc-1",
                        "DomainName": ingress["DomainName"],
                    }
                ],
            )

    run_virtual(main)


@pytest.mark.case("P10")
@pytest.mark.parametrize("name", ["example.com", "shop.example.com", "*.example.org", "example.net", "shop.test"])
def test_a_reserved_name_ends_in_create_failed(name: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName=name)
            assert statuses(stage, arn) == ["creating"]
            await stage.passes(3600)
            assert statuses(stage, arn) == ["create_failed"]
            assert stage.workload.domains == {}
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName=name)
            await stage.passes(3600)
            assert statuses(stage, arn) == []

    run_virtual(main)


@pytest.mark.case("P10")
@pytest.mark.parametrize("name", ["myexample.com", "example.dev", "contest.io", "example.com.br"])
def test_a_name_that_only_looks_reserved_becomes_active(name: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName=name)
            await stage.passes(3600)
            assert statuses(stage, arn) == ["active"]

    run_virtual(main)
