"""DNS records of Route 53: which zone answers, and what a custom domain's validation sees."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, cast

import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.fleet.credentials.aws_endpoint import AwsEndpoint, EndpointError
from simulator.fleet.credentials.hosted_zones import HostedZoneLookup

NAME, TARGET = "_abc.www.acme.dev", "_def.acm-validations.aws"


class FakeRoute53:
    """Two pages of zones, one of them private, and records by zone."""

    endpoint = "http://route53"

    def __init__(self) -> None:
        self.broken = False
        self.asked: list[str] = []
        self.records = {
            "Z-acme": [{"Name": "_abc.www.acme.dev.", "Type": "CNAME", "ResourceRecords": [{"Value": "Elsewhere."}]}],
            "Z-www": [
                {"Name": "_ABC.www.acme.dev.", "Type": "CNAME", "ResourceRecords": [{"Value": TARGET.upper()}]},
                {"Name": "_abd.www.acme.dev.", "Type": "CNAME", "ResourceRecords": [{"Value": "other."}]},
            ],
        }

    async def ask(self, call: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.broken:
            raise EndpointError("http://route53 cannot be reached")
        if call == "list_hosted_zones" and not asked:
            zones = [{"Name": "acme.dev.", "Id": "Z-acme"}]
            return {"HostedZones": zones, "IsTruncated": True, "NextMarker": "more"}
        if call == "list_hosted_zones":
            private = {"Name": "_abc.www.acme.dev.", "Id": "Z-private", "Config": {"PrivateZone": True}}
            return {"HostedZones": [private, {"Name": "WWW.acme.dev.", "Id": "Z-www"}], "IsTruncated": False}
        self.asked.append(asked["HostedZoneId"])
        return {"ResourceRecordSets": self.records[asked["HostedZoneId"]]}


def looked_up(route53: FakeRoute53, name: str, kind: str = "CNAME") -> frozenset[str] | None:
    return asyncio.run(HostedZoneLookup(cast("AwsEndpoint", route53))(name, kind))


def test_the_closest_public_zone_answers_whatever_the_case() -> None:
    route53 = FakeRoute53()
    assert looked_up(route53, NAME) == frozenset({f"{TARGET}."})
    assert looked_up(route53, NAME.upper() + ".") == frozenset({f"{TARGET}."})
    assert looked_up(route53, NAME, "TXT") == frozenset()
    assert route53.asked == ["Z-www"] * 3


def test_a_name_outside_of_all_zones_has_no_records() -> None:
    assert looked_up(FakeRoute53(), "www.notacme.dev") == frozenset()


def test_an_endpoint_that_does_not_answer_is_unknown_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    route53 = FakeRoute53()
    route53.broken = True
    lookup = HostedZoneLookup(cast("AwsEndpoint", route53))
    assert [asyncio.run(lookup(NAME, "CNAME")) for _ in range(2)] == [None, None]
    assert [each.message for each in caplog.records] == ["DNS records: http://route53 cannot be reached"]


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.mark.slow
def test_records_of_moto_come_change_and_go(endpoint: str) -> None:
    route53: Any = boto3.client("route53", "us-east-1", endpoint_url=endpoint)
    zone = route53.create_hosted_zone(Name="acme.dev", CallerReference="1")["HostedZone"]["Id"]

    def change(action: str, value: str) -> None:
        records = {"Name": NAME, "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": value}]}
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": records}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)

    async def main() -> None:
        lookup = HostedZoneLookup(AwsEndpoint("route53", endpoint, "us-east-1"))
        assert await lookup(NAME, "CNAME") == frozenset()
        change("CREATE", "wrong.example.net")
        assert await lookup(NAME, "CNAME") == frozenset({"wrong.example.net."})
        change("UPSERT", TARGET)
        assert await lookup(NAME, "CNAME") == frozenset({f"{TARGET}."})
        assert await lookup("acme.dev", "CAA") == frozenset()
        change("DELETE", TARGET)
        assert await lookup(NAME, "CNAME") == frozenset()
        await lookup.close()

    asyncio.run(main())
