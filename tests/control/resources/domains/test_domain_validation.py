"""Validation by DNS records, in virtual time, with a dictionary in place of DNS."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.domain_checks import CHECK_EVERY_S, GIVE_UP_S, RENEWAL_S, VALID_S, DomainChecks
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from tests.control.api_stage import Stage
from tests.control.resources.domains.test_custom_domains import domains, statuses
from tests.control.test_restart import kill
from tests.virtual import run_virtual

DAY_S = 86400.0
HOUR_S = 3600.0
TO_PENDING_S = 30.0  # in the profile app-runner
FIRST_LOOK_S = 300.0


class Dns:
    """The records that users have in DNS."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.caa: dict[str, str] = {}
        self.is_up = True
        self.lookups = 0

    async def lookup(self, name: str, kind: str) -> frozenset[str] | None:
        self.lookups += 1
        value = (self.records if kind == "CNAME" else self.caa).get(name)
        return frozenset([value] if value is not None else []) if self.is_up else None

    def has(self, stage: Stage, arn: str) -> None:
        self.records |= {each["Name"]: each["Value"] for each in domains(stage, arn)[0]["CertificateValidationRecords"]}


def stage_with(
    dns: Dns, profile: TimeProfile = APP_RUNNER, path: Path | None = None, every_s: float = CHECK_EVERY_S
) -> Stage:
    return Stage(path, profile=profile, settings=ApiSettings(domain_checks=DomainChecks(dns.lookup, every_s)))


async def associated(stage: Stage, name: str = "acme.dev") -> str:
    arn = await stage.running()
    stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName=name)
    await stage.passes(TO_PENDING_S)
    return arn


def shown(stage: Stage, arn: str) -> tuple[str, list[str]]:
    (domain,) = domains(stage, arn)
    return domain["Status"], [each["Status"] for each in domain["CertificateValidationRecords"]]


PENDING = "pending_certificate_dns_validation"


def test_wrong_records_then_right_ones() -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns) as stage:
            arn = await associated(stage)
            dns.has(stage, arn)
            names = list(dns.records)
            right = dict(dns.records)
            dns.records[names[0]] = "_0.somewhere.else."
            del dns.records[names[1]]
            await stage.passes(DAY_S)
            assert shown(stage, arn) == (PENDING, ["PENDING_VALIDATION", "PENDING_VALIDATION", "SUCCESS"])
            assert stage.workload.domains == {}
            dns.records = {names[0]: right[names[0]], names[1]: right[names[1]]}  # the third one is not needed any more
            await stage.passes(60)
            assert shown(stage, arn) == ("binding_certificate", ["SUCCESS"] * 3)
            await stage.passes(120)
            assert shown(stage, arn) == ("active", ["SUCCESS"] * 3)
            assert set(stage.workload.domains) == {"acme.dev", "www.acme.dev"}

    run_virtual(main)


@pytest.mark.parametrize("profile", [APP_RUNNER, INSTANT], ids=lambda profile: profile.name)
def test_right_records_take_as_long_as_without_lookups(profile: TimeProfile) -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns, profile) as stage:
            arn = await stage.running()
            stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            dns.has(stage, arn)
            for status in ("creating", PENDING, "binding_certificate"):
                await stage.passes(profile.domain_s(next(each for each in profile.domain if each == status)) - 0.5)
                assert statuses(stage, arn) == [status]
                await stage.passes(0.5)
            assert shown(stage, arn) == ("active", ["SUCCESS"] * 3)

    run_virtual(main)


def test_records_that_never_come_fail_after_three_days() -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns) as stage:
            arn = await associated(stage)
            dns.has(stage, arn)
            del dns.records[next(iter(dns.records))]
            await stage.passes(GIVE_UP_S - 1)
            assert shown(stage, arn) == (PENDING, ["PENDING_VALIDATION", "SUCCESS", "SUCCESS"])
            await stage.passes(1)
            assert shown(stage, arn) == ("create_failed", ["FAILED", "SUCCESS", "SUCCESS"])
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(60)
            assert domains(stage, arn) == []
            asked = dns.lookups
            await stage.passes(DAY_S)
            assert dns.lookups == asked

    run_virtual(main)


def test_without_an_answer_of_dns_no_status_changes() -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns) as stage:
            arn = await associated(stage)
            dns.has(stage, arn)
            dns.is_up = False
            await stage.passes(DAY_S)
            assert shown(stage, arn) == (PENDING, ["PENDING_VALIDATION"] * 3)
            dns.is_up = True
            await stage.passes(60)
            assert statuses(stage, arn) == ["binding_certificate"]

    run_virtual(main)


def test_a_caa_record_of_another_authority_fails_the_association() -> None:
    async def main() -> None:
        dns = Dns()
        dns.caa = {"acme.dev": '0 issue "letsencrypt.org"'}
        async with stage_with(dns) as stage:
            arn = await associated(stage)
            await stage.passes(FIRST_LOOK_S)
            assert statuses(stage, arn) == [PENDING]
            dns.has(stage, arn)
            await stage.passes(60)
            assert shown(stage, arn) == ("create_failed", ["FAILED"] * 3)

    run_virtual(main)


async def active(stage: Stage, dns: Dns) -> str:
    arn = await associated(stage)
    dns.has(stage, arn)
    await stage.passes(FIRST_LOOK_S + 120)
    assert statuses(stage, arn) == ["active"]
    return arn


def test_removed_records_let_the_certificate_expire(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns, every_s=HOUR_S) as stage:
            arn = await active(stage, dns)
            dns.records.clear()
            await stage.passes(RENEWAL_S - 1)
            assert shown(stage, arn) == ("active", ["SUCCESS"] * 3)
            await stage.passes(1)
            assert shown(stage, arn) == ("active", ["PENDING_VALIDATION"] * 3)
            # they are served until the certificate expires
            assert set(stage.workload.domains) == {"acme.dev", "www.acme.dev"}
            await stage.passes(VALID_S - RENEWAL_S)
            assert shown(stage, arn) == ("active", ["FAILED"] * 3)
            assert stage.workload.domains == {}
            stage.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await stage.passes(60)
            again = stage.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")["CustomDomain"]
            assert again["Status"] == "creating"

    with caplog.at_level(logging.WARNING):
        run_virtual(main)
    assert [record.getMessage() for record in caplog.records] == [
        "custom domain acme.dev: its certificate cannot be renewed, because its DNS records are missing",
        "custom domain acme.dev: its certificate has expired; disassociate and associate it again",
    ]


def test_records_that_come_back_in_time_renew_the_certificate() -> None:
    async def main() -> None:
        dns = Dns()
        async with stage_with(dns, every_s=HOUR_S) as stage:
            arn = await active(stage, dns)
            right = dict(dns.records)
            dns.records.clear()
            await stage.passes(RENEWAL_S + 50 * DAY_S)
            assert shown(stage, arn) == ("active", ["PENDING_VALIDATION"] * 3)
            dns.records = right
            await stage.passes(HOUR_S)
            assert shown(stage, arn) == ("active", ["SUCCESS"] * 3)
            await stage.passes(3 * VALID_S)  # and again at each renewal
            assert shown(stage, arn) == ("active", ["SUCCESS"] * 3)
            assert set(stage.workload.domains) == {"acme.dev", "www.acme.dev"}

    run_virtual(main)


def test_the_validation_continues_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        dns = Dns()
        stage = stage_with(dns, path=tmp_path / "control.sqlite", every_s=HOUR_S)
        arn = await associated(stage)
        await stage.passes(DAY_S)
        dns.has(stage, arn)
        await kill(stage)
        again = stage_with(dns, path=tmp_path / "control.sqlite", every_s=HOUR_S)
        await again.passes(HOUR_S)
        assert shown(again, arn) == ("active", ["SUCCESS"] * 3)
        dns.records.clear()
        await again.passes(VALID_S)
        assert again.workload.domains == {}
        await kill(again)
        async with stage_with(dns, path=tmp_path / "control.sqlite") as third:
            await third.passes(60)
            assert (shown(third, arn)[0], third.workload.domains) == ("active", {})

    run_virtual(main)
