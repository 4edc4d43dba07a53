"""Which requests a listener of the simulator accepts: by host name, address, port and page."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from simulator.api.admin import AdminEndpoint
from simulator.fleet.credentials.role_credentials import RoleCredentials
from simulator.records.metrics import Metrics
from simulator.telemetry.prometheus.metrics_endpoint import MetricsEndpoint
from simulator.wire.own_names import AddressedRequest, OwnNames, split_authority
from simulator.wire.web_listener import listener_limits

pytestmark = pytest.mark.case("R1")


def asked(host: str, method: str = "GET", target: str = "/", scheme: str = "http", **fields: str) -> AddressedRequest:
    return AddressedRequest(
        scheme, method, target, [host], {name.replace("_", "-"): value for name, value in fields.items()}
    )


@pytest.mark.parametrize(
    ("authority", "parts"),
    [
        ("a", ("a", "")),
        ("a:80", ("a", "80")),
        ("a:", ("a", "")),
        ("[::1]", ("::1", "")),
        ("[::1]:80", ("::1", "80")),
        ("::1", ("", None)),
        ("[::1", ("::1", None)),
        ("[::1]80", ("::1", None)),
        ("a:8 0", ("a", None)),
        ("a:٣", ("a", None)),
        ("a:80:90", ("a", None)),
    ],
)
def test_an_authority_is_split_into_name_and_port(authority: str, parts: tuple[str, str | None]) -> None:
    assert split_authority(authority) == parts


@pytest.mark.parametrize("host", ["localhost", "LocalHost:1", "localhost.", "127.0.0.1:80", "127.9.9.9", "[::1]:5"])
def test_names_of_loopback_are_accepted(host: str) -> None:
    assert OwnNames().rejection(asked(host)) is None


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "0.0.0.0", "10.0.0.1", "2130706433", "0x7f.1",
     "localhost:x", "user@localhost", "localhost/", "[::1", "::1", "evil.localhost", " localhost"],
)  # fmt: skip
def test_other_names_are_rejected_with_the_requested_name(host: str) -> None:
    why = OwnNames(["api.test"]).rejection(asked(host))
    assert why == f"Host = {host!r}, must be a name of this listener: localhost, 127.0.0.1, api.test"


@pytest.mark.parametrize("name", ["api.test", "API.Test.", "192.0.2.7", "2001:db8::1"])
def test_configured_names_are_accepted(name: str) -> None:
    host = f"[{name}]" if ":" in name else name
    assert OwnNames([name]).rejection(asked(host + ":443")) is None


@pytest.mark.parametrize("hosts", [[], ["localhost", "localhost"], ["localhost", "evil.example"]])
def test_more_than_one_host_is_rejected(hosts: list[str]) -> None:
    assert OwnNames().rejection(AddressedRequest("http", "GET", "/", hosts, {})) is not None


@pytest.mark.parametrize("target", ["http://evil.example/", "http://evil.example", "http://evil.example?x", "evil:80"])
def test_a_target_with_another_host_is_rejected(target: str) -> None:
    assert OwnNames().rejection(asked("localhost", target=target)) is not None
    assert OwnNames().rejection(asked("localhost", target="http://localhost:80/x")) is None


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({}, True),
        ({"origin": "http://localhost:80"}, True),
        ({"origin": "http://LOCALHOST:80", "sec_fetch_site": "same-origin"}, True),
        ({"origin": "https://localhost:80"}, False),
        ({"origin": "http://localhost"}, False),
        ({"origin": "http://localhost:81"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, False),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, True),  # a link that a user follows
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "method": "POST"}, False),  # a form
    ],
)
def test_pages_of_other_sites_are_rejected(fields: dict[str, str], taken: bool) -> None:
    assert (OwnNames().rejection(asked("localhost:80", **fields)) is None) is taken


def test_a_configured_port_is_required() -> None:
    names = OwnNames(port=8300)
    assert names.rejection(asked("localhost:8300")) is None
    for host in ("localhost", "localhost:83", "localhost:08300"):
        assert names.rejection(asked(host)) == (
            f"Host = {host!r}, must be a name of this listener: localhost, 127.0.0.1, with port 8300"
        )
    assert OwnNames(port=80).rejection(asked("localhost")) is None  # in the form of browsers


async def _answer(port: int, host: bytes, target: bytes, more: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET %b HTTP/1.1\r\nHost: %b\r\n%bConnection: close\r\n\r\n" % (target, host, more))
    answer = await reader.read()
    writer.close()
    return answer


async def test_metrics_are_served_for_own_names_only() -> None:
    endpoint = MetricsEndpoint(Metrics(lambda: 0.0), 0)
    await endpoint.open()
    port = int(endpoint.url.rpartition(":")[2].partition("/")[0])
    try:
        rejected = await _answer(port, b"evil.example:%d" % port, b"/metrics")
        assert rejected.startswith(b"HTTP/1.1 403 ")
        assert rejected.endswith(
            b"\r\n\r\nHost = 'evil.example:%d', must be a name of this listener: localhost, 127.0.0.1\n" % port
        )
        foreign = await _answer(port, b"127.0.0.1", b"/metrics", b"Origin: http://evil.example\r\n")
        assert foreign.startswith(b"HTTP/1.1 403 ")
        assert (await _answer(port, b"127.0.0.1:%d" % port, b"/metrics")).startswith(b"HTTP/1.1 200 ")
    finally:
        await endpoint.close()


async def test_credentials_are_served_for_own_names_only_and_an_undecodable_token_is_rejected() -> None:
    credentials = RoleCredentials("http://127.0.0.1:1", "us-east-1")
    await credentials.open()
    try:
        variables = credentials.register("web", 1, "arn:aws:iam::123456789012:role/r")
        path = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"].partition(str(credentials.port))[2].encode()
        token = b"Authorization: %b\r\n" % variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"].encode()
        rejected = await _answer(credentials.port, b"evil.example", path, token)
        assert rejected.startswith(b"HTTP/1.1 403 ")
        assert b'"code": "AccessDenied"' in rejected
        assert b"Host = 'evil.example'" in rejected
        assert (await _answer(credentials.port, b"127.0.0.1:51679", path, token)).startswith(b"HTTP/1.1 502 ")
        bad = await _answer(credentials.port, b"127.0.0.1", path, b"Authorization: \xff\r\n")
        assert bad.startswith(b"HTTP/1.1 403 ")
    finally:
        await credentials.close()


async def test_the_admin_endpoint_is_served_for_own_names_only(tmp_path: Path) -> None:
    admin = AdminEndpoint(tmp_path / "admin.json", "serve", "token", {})
    await admin.open()
    try:
        port = int((tmp_path / "admin.json").read_text().partition("127.0.0.1:")[2].partition('"')[0])
        rejected = await _answer(port, b"evil.example", b"/status", b"Authorization: Bearer token\r\n")
        assert rejected.startswith(b"HTTP/1.1 403 ")
        assert b"Host = 'evil.example'" in rejected
    finally:
        await admin.close()


@pytest.mark.case("R9")
@pytest.mark.parametrize("application", [True, False])
async def test_every_listener_on_aiohttp_closes_a_connection_with_an_incomplete_head(application: bool) -> None:
    limits = listener_limits(0.05)
    runner: web.BaseRunner
    if application:
        runner = web.AppRunner(web.Application(), **limits)
    else:
        runner = web.ServerRunner(web.Server(lambda _: asyncio.sleep(0, web.Response()), **limits))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", runner.addresses[0][1])
        writer.write(b"GET / HTTP/1.1\r\nX-")
        assert await asyncio.wait_for(reader.read(), 60) == b""
        writer.close()
    finally:
        await runner.cleanup()


@pytest.mark.case("R16")
async def test_bytes_that_are_not_http_get_a_response_and_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = MetricsEndpoint(Metrics(lambda: 0.0), 0)
    await endpoint.open()
    try:
        port = int(endpoint.url.rpartition(":")[2].partition("/")[0])
        for sent in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", b"\xff\xfe\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert (await reader.readline()).startswith(b"HTTP/1.0 400 ")
            writer.close()
    finally:
        await endpoint.close()
    assert caplog.records == []
