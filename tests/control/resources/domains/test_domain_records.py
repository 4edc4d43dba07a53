"""Certificate validation records: their form, and their status, which follows from the domain's."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from simulator.control.resources.domains.domain_records import records_view, validation_records
from simulator.control.state.identifiers import Identifiers
from simulator.control.state.registry import Registry
from simulator.control.state.store import Store
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import DomainStatus, RecordStatus


@pytest.fixture
def identifiers() -> Identifiers:
    return Identifiers(Registry(Store(None), seed=1))


def test_there_is_a_record_for_each_name_and_one_more(identifiers: Identifiers) -> None:
    with identifiers._registry.change():
        records = validation_records(identifiers, ("acme.dev", "www.acme.dev"))
    assert len(records) == 3
    first, second, third = (record["Name"] for record in records)
    assert re.fullmatch(r"_[0-9a-f]+\.acme\.dev", first)
    assert re.fullmatch(r"_[0-9a-f]+\.www\.acme\.dev", second)
    assert re.fullmatch(r"_[0-9a-f]+\.[0-9a-f]+\.www\.acme\.dev", third)
    assert len({record["Value"] for record in records}) == 3
    assert all(record["Type"] == "CNAME" for record in records)
    assert all(record["Value"].endswith(".acm-validations.aws.") for record in records)


def test_a_wildcard_is_validated_by_its_parent(identifiers: Identifiers) -> None:
    with identifiers._registry.change():
        records = validation_records(identifiers, ("*.acme.dev",))
    assert all("*" not in record["Name"] for record in records)
    assert records[0]["Name"].endswith(".acme.dev")


@pytest.mark.parametrize("status", DomainStatus)
def test_records_are_successful_once_the_domain_is_validated(status: DomainStatus) -> None:
    validated = {DomainStatus.BINDING_CERTIFICATE, DomainStatus.ACTIVE, DomainStatus.DELETING}
    domain = CustomDomainResource("arn", "acme.dev", 1, False, status, 0.0, ({"Name": "a"}, {"Name": "b"}))
    implied = "SUCCESS" if status in validated else "PENDING_VALIDATION"
    assert [record["Status"] for record in records_view(domain)] == [implied, implied]
    looked_up = replace(domain, record_statuses=(RecordStatus.SUCCESS, RecordStatus.FAILED))
    assert records_view(looked_up) == [{"Name": "a", "Status": "SUCCESS"}, {"Name": "b", "Status": "FAILED"}]
