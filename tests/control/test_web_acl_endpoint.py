"""Web ACLs of a WAF endpoint, with moto as the endpoint: what is read, what changes, and what stays."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.control.web_acl_book import WebAclBook
from simulator.control.web_acl_endpoint import WebAclEndpoint
from simulator.fleet.credentials.aws_endpoint import AwsEndpoint, EndpointError
from simulator.rules.waf.web_acl import WebAcl
from simulator.rules.waf.web_request import WebRequest
from tests.rules.waf.acls import NONE, VISIBLE, byte_match, rule

REGION = "eu-west-1"
pytestmark = pytest.mark.slow  # each test starts moto and creates clients of its API
ALLOW: dict[str, Any] = {"Allow": {}}


@pytest.fixture
def endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        urlopen(f"{address}/moto-api/reset", data=b"").close()
        yield address
        server.stop()


def waf(endpoint: str) -> Any:
    return boto3.client("wafv2", REGION, endpoint_url=endpoint)


def create(client: Any, name: str, *rules: dict[str, Any]) -> dict[str, str]:
    made = client.create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction=ALLOW, Rules=list(rules), VisibilityConfig=VISIBLE
    )
    summary: dict[str, str] = made["Summary"]
    return summary


def referring(arn: str, name: str = "bad", priority: int = 0) -> dict[str, Any]:
    given: dict[str, Any] = rule({"IPSetReferenceStatement": {"ARN": arn}}, name=name, priority=priority)
    return given


def admin(priority: int = 1) -> dict[str, Any]:
    """Return a rule as boto3 accepts it, with the search string as bytes."""
    given: dict[str, Any] = rule(byte_match(b"", {"UriPath": {}}), name="admin", priority=priority)
    given["Statement"]["ByteMatchStatement"]["SearchString"] = b"/admin"
    return given


def blocks(acl: WebAcl, path: bytes = b"/", client: str = "203.0.113.9") -> str | None:
    verdict = acl.evaluate(WebRequest(b"GET", path, (), client), 0.0)
    return None if verdict.blocked is None else verdict.rule


def test_web_acls_are_read_with_all_that_they_refer_to(endpoint: str) -> None:
    client = waf(endpoint)
    given = {"Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["203.0.113.0/24"]}
    addresses = client.create_ip_set(Name="bad", **given)["Summary"]["ARN"]
    patterns = client.create_regex_pattern_set(
        Name="p", Scope="REGIONAL", RegularExpressionList=[{"RegexString": "^/private/"}]
    )["Summary"]["ARN"]
    statement = {"RegexPatternSetReferenceStatement": {"ARN": patterns, "FieldToMatch": {"UriPath": {}}}}
    statement["RegexPatternSetReferenceStatement"]["TextTransformations"] = NONE
    group = client.create_rule_group(
        Name="g", Scope="REGIONAL", Capacity=10, VisibilityConfig=VISIBLE, Rules=[rule(statement, name="private")]
    )["Summary"]["ARN"]
    uses_group = {"Name": "group", "Priority": 2, "OverrideAction": {"None": {}}, "VisibilityConfig": VISIBLE}
    uses_group["Statement"] = {"RuleGroupReferenceStatement": {"ARN": group}}
    shop = create(client, "shop", referring(addresses), admin(), uses_group)["ARN"]

    async def main() -> None:
        book = WebAclBook({}, WebAclEndpoint(AwsEndpoint("wafv2", endpoint, REGION)), 30.0)
        assert list(await book.refresh()) == [shop] == list(book)
        acl = book[shop]
        assert blocks(acl) == "bad"
        assert blocks(acl, b"/admin", "192.0.2.1") == "admin"
        assert blocks(acl, b"/private/a", "192.0.2.1") == "group/private"
        assert blocks(acl, b"/", "192.0.2.1") is None
        await book.close()

    asyncio.run(main())


def test_only_a_web_acl_that_changed_is_replaced(endpoint: str) -> None:
    client = waf(endpoint)
    given = {"Scope": "REGIONAL", "IPAddressVersion": "IPV4", "Addresses": ["203.0.113.0/24"]}
    made = client.create_ip_set(Name="bad", **given)["Summary"]
    one, other = (create(client, name, each)["ARN"] for name, each in (("a", referring(made["ARN"])), ("b", admin())))

    async def main() -> None:
        book = WebAclBook({}, WebAclEndpoint(AwsEndpoint("wafv2", endpoint, REGION)), 30.0)
        await book.refresh()
        before = dict(book)
        assert list(await book.refresh()) == []
        assert dict(book) == before

        known = client.get_ip_set(Name="bad", Scope="REGIONAL", Id=made["Id"])
        client.update_ip_set(
            Name="bad", Scope="REGIONAL", Id=made["Id"], Addresses=["192.0.2.0/24"], LockToken=known["LockToken"]
        )
        assert list(await book.refresh()) == [one]
        assert book[other] is before[other]
        assert (blocks(book[one]), blocks(book[one], client="192.0.2.1")) == (None, "bad")
        await book.close()

    asyncio.run(main())


def test_a_web_acl_that_is_deleted_or_cannot_be_read_stays(endpoint: str, caplog: pytest.LogCaptureFixture) -> None:
    client = waf(endpoint)
    made = create(client, "a", admin())

    async def main() -> None:
        book = WebAclBook({}, WebAclEndpoint(AwsEndpoint("wafv2", endpoint, REGION)), 30.0)
        await book.refresh()
        acl = client.get_web_acl(Name="a", Scope="REGIONAL", Id=made["Id"])
        wrong = rule({"RegexMatchStatement": {"RegexString": "(", "FieldToMatch": {"UriPath": {}}}}, name="wrong")
        wrong["Statement"]["RegexMatchStatement"]["TextTransformations"] = NONE
        client.update_web_acl(
            Name="a", Scope="REGIONAL", Id=made["Id"], DefaultAction=ALLOW, Rules=[wrong], VisibilityConfig=VISIBLE,
            LockToken=acl["LockToken"],
        )  # fmt: skip
        for _ in range(2):
            assert list(await book.refresh()) == []
        assert blocks(book[made["ARN"]], b"/admin") == "admin"
        assert sum("Rules[0]" in each.message for each in caplog.records) == 1

        token = client.get_web_acl(Name="a", Scope="REGIONAL", Id=made["Id"])["LockToken"]
        client.delete_web_acl(Name="a", Scope="REGIONAL", Id=made["Id"], LockToken=token)
        assert list(await book.refresh()) == []
        assert blocks(book[made["ARN"]], b"/admin") == "admin"
        await book.close()

    asyncio.run(main())


def test_an_endpoint_that_does_not_answer_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        client = AwsEndpoint("wafv2", "http://127.0.0.1:9", REGION)
        with pytest.raises(EndpointError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
            await client.ask("list_web_acls", {"Scope": "REGIONAL"})
        book = WebAclBook({}, WebAclEndpoint(client), 30.0)
        for _ in range(2):
            assert list(await book.refresh()) == []
        assert len(book) == 0
        await book.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        asyncio.run(main())
    assert [each.message for each in caplog.records].count(
        "web ACLs: http://127.0.0.1:9 cannot be reached: EndpointConnectionError; they stay as they are"
    ) == 1
