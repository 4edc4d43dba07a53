from __future__ import annotations

import asyncio

import pytest

from simulator.control.resources.domains.record_lookup import is_permitted, record_statuses
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import DomainStatus, RecordStatus

Found = dict[tuple[str, str], frozenset[str] | None]


def domain(name: str, *, www: bool = False) -> CustomDomainResource:
    records = tuple({"Name": f"_{n}.{name}", "Type": "CNAME", "Value": f"_{n}.acm-validations.aws."} for n in range(2))
    return CustomDomainResource("arn", name, 1, www, DomainStatus.CREATING, 0.0, records)


def test_each_record_has_its_own_status() -> None:
    found: Found = {
        ("_0.acme.dev", "CNAME"): frozenset({"_0.ACM-validations.aws"}),
        ("_1.acme.dev", "CNAME"): frozenset({"_0.acm-validations.aws."}),
    }

    async def lookup(name: str, kind: str) -> frozenset[str] | None:
        return found[name, kind]

    async def main() -> None:
        expected = (RecordStatus.SUCCESS, RecordStatus.PENDING_VALIDATION)
        assert await record_statuses(domain("acme.dev"), lookup) == expected
        found["_0.acme.dev", "CNAME"] = None
        assert await record_statuses(domain("acme.dev"), lookup) is None

    asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "caa", "permitted"),
    [
        ("shop.acme.dev", {}, True),
        ("shop.acme.dev", {"acme.dev": {'0 issue "letsencrypt.org"'}}, False),
        ("shop.acme.dev", {"acme.dev": {'0 issue "letsencrypt.org"', '0 issue "Amazon.com"'}}, True),
        ("shop.acme.dev", {"acme.dev": {'0 issue ";"'}}, False),
        ("shop.acme.dev", {"acme.dev": {'0 issue ";"'}, "shop.acme.dev": {'0 issue "amazontrust.com; a=b"'}}, True),
        ("shop.acme.dev", {"acme.dev": {'0 issuewild ";"'}}, True),
        ("shop.acme.dev", {"acme.dev": {'0 iodef "mailto:a@acme.dev"'}}, True),
        ("shop.acme.dev", {"dev": {'0 issue ";"'}}, True),
        ("*.acme.dev", {"acme.dev": {'0 issuewild ";"', '0 issue "amazon.com"'}}, False),
        ("*.acme.dev", {"acme.dev": {'0 issue "other.org"'}}, False),
    ],
)
def test_caa_records(name: str, caa: dict[str, set[str]], permitted: bool) -> None:
    async def lookup(asked: str, kind: str) -> frozenset[str] | None:
        assert kind == "CAA"
        return frozenset(caa.get(asked, ()))

    assert asyncio.run(is_permitted(domain(name), lookup)) is permitted
