"""Web ACLs by ARN, from files and from an endpoint that changes. The endpoint is a dictionary here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Any, cast

import pytest

from simulator.control.web_acl_book import WebAclBook
from simulator.control.web_acl_endpoint import WebAclEndpoint
from simulator.fleet.credentials.aws_endpoint import AwsEndpoint, EndpointError
from simulator.world.clock import ClockKind, run
from simulator.world.tasks import Tasks
from tests.rules.waf.acls import ARN, IPS, acl, address_set, byte_match, document, rule

ADMIN = rule(byte_match(b"/admin", {"UriPath": {}}), name="admin")


class FakeClient:
    """WAF's lists and documents. `contents`: key: ARN. A change includes a new lock token."""

    endpoint = "http://waf"

    def __init__(self) -> None:
        self.contents: dict[str, tuple[str, Any]] = {}
        self.version = 0
        self.fetched: list[str] = []
        self.broken = ""

    def put(self, document: Mapping[str, Any]) -> None:
        kind = next(each for each in document if each != "LockToken")
        self.version += 1
        self.contents[document[kind]["ARN"]] = (kind, document[kind] | {"token": str(self.version)})

    async def listed(self, call: str, member: str, asked: Any, marker: str) -> list[Mapping[str, Any]]:
        if self.broken:
            raise EndpointError(self.broken)
        kind = member.removesuffix("s")
        return [
            {"ARN": arn, "Name": content["Name"], "Id": arn, "LockToken": content["token"]}
            for arn, (of, content) in self.contents.items()
            if of == kind
        ]

    async def ask(self, call: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        kind, content = self.contents[asked["Id"]]
        self.fetched.append(asked["Id"])
        return {kind: {name: value for name, value in content.items() if name != "token"}}

    async def close(self) -> None: ...


def book_of(client: FakeClient, files: Mapping[str, Any] | None = None, interval_s: float = 30.0) -> WebAclBook:
    return WebAclBook(files or {}, WebAclEndpoint(cast("AwsEndpoint", client)), interval_s)


def test_documents_are_fetched_once_until_they_change() -> None:
    client = FakeClient()
    client.put(document(rule({"IPSetReferenceStatement": {"ARN": IPS}})))
    client.put(address_set("192.0.2.0/24"))

    async def main() -> None:
        book = book_of(client)
        assert list(await book.refresh()) == [ARN]
        first = book[ARN]
        assert sorted(client.fetched) == sorted([ARN, IPS])
        assert list(await book.refresh()) == []
        assert len(client.fetched) == 2

        client.put(address_set("192.0.2.0/25"))
        assert list(await book.refresh()) == [ARN]
        assert client.fetched[2:] == [IPS]
        assert book[ARN] is not first

    asyncio.run(main())


def test_a_file_has_precedence_over_the_endpoint() -> None:
    client = FakeClient()
    client.put(document(ADMIN))
    of_file = acl()

    async def main() -> None:
        book = book_of(client, {ARN: of_file})
        assert list(await book.refresh()) == []
        assert (list(book), len(book), book[ARN]) == ([ARN], 1, of_file)

    asyncio.run(main())


def test_an_endpoint_that_fails_is_logged_once_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    client = FakeClient()
    client.put(document(ADMIN))

    async def main() -> None:
        book = book_of(client)
        await book.refresh()
        known, client.broken = book[ARN], "http://waf cannot be reached"
        for _ in range(3):
            assert list(await book.refresh()) == []
        assert book[ARN] is known

    asyncio.run(main())
    assert [each.message for each in caplog.records] == [
        "web ACLs: http://waf cannot be reached; they stay as they are"
    ]


def test_changes_are_reported_at_each_interval() -> None:
    client = FakeClient()
    told: list[tuple[float, list[str]]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def changed(arns: Collection[str]) -> None:
            told.append((loop.time(), list(arns)))

        tasks, book = Tasks("test"), book_of(client, interval_s=30.0)
        await book.start(changed, tasks)
        await asyncio.sleep(45)
        client.put(document(ADMIN))
        await asyncio.sleep(45)
        client.put(document(ADMIN, Description="another"))
        await book.look()
        await tasks.close()

    run(ClockKind.VIRTUAL, main)
    assert [(round(at_s), arns) for at_s, arns in told] == [(60, [ARN]), (90, [ARN])]
