"""Signature Version 4: the server's implementation compared with botocore's client, and the requests that get 403."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

import aiohttp
import pytest
import pytest_asyncio
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from simulator.api.access_keys import AccessKey, AccessKeys
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.api.endpoint import BODY_BYTES_MAX
from simulator.api.signature import Credential, SignedRequest, signature_of
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings, open_control_plane
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.wall_clock import live_wall_clock
from tests.api.wire import KEY, SECRET, boto3_client, elsewhere
from tests.control.api_stage import IMAGE

TEMPORARY = AccessKey("ASIATEMPORARY", "temporary-secret", session_token="session-token")
OTHER = AccessKey("AKIAOTHERACCOUNT", "other-secret", account="999999999999")


@dataclass
class Clock:
    ahead_s: float = 0.0

    def __call__(self) -> float:
        return live_wall_clock() + self.ahead_s


@dataclass
class Sent:
    """A request as it is sent: signed, then perhaps modified."""

    method: str = "POST"
    path: str = "/"
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def plane(clock: Clock) -> AsyncIterator[ControlPlane]:
    keys = AccessKeys([AccessKey(KEY, SECRET), OTHER, TEMPORARY])
    settings = ControlPlaneSettings(authentication=Authentication(keys), now=clock)
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        yield plane


def signed(
    plane: ControlPlane,
    *,
    key: str = KEY,
    secret: str = SECRET,
    region: str = "us-east-1",
    service: str = "apprunner",
    token: str | None = None,
    body: bytes = b"{}",
) -> Sent:
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AppRunner.ListServices"}
    request = AWSRequest("POST", f"{plane.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    return Sent(body=body, headers=dict(request.headers.items()))


async def send(plane: ControlPlane, sent: Sent) -> tuple[int, str]:
    """Send the request; return the status and the error's code."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(sent.method, plane.url + sent.path, data=io.BytesIO(sent.body), headers=sent.headers) as answer,
    ):
        content = json.loads(await answer.read())
        return answer.status, content.get("__type", "")


def with_authorization(sent: Sent, change: Callable[[str], str]) -> Sent:
    sent.headers["Authorization"] = change(sent.headers["Authorization"])
    return sent


def with_header(sent: Sent, name: str, value: str | None) -> Sent:
    sent.headers.pop(name, None)
    if value is not None:
        sent.headers[name] = value
    return sent


def presigned(plane: ControlPlane) -> Sent:
    request = AWSRequest("GET", f"{plane.url}/?Action=ListServices")
    SigV4QueryAuth(Credentials(KEY, SECRET), "apprunner", "us-east-1").add_auth(request)
    return Sent(method="GET", path=str(request.url).removeprefix(plane.url), body=b"")


INCOMPLETE, INVALID, UNKNOWN = (
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
)
TRIES: dict[str, tuple[Callable[[ControlPlane], Sent], str]] = {
    "no signature": (lambda p: with_header(signed(p), "Authorization", None), "MissingAuthenticationTokenException"),
    "nothing at all": (lambda _p: Sent(body=b""), "MissingAuthenticationTokenException"),
    "a GET": (lambda _p: Sent("GET", "/anything?x=1", b""), "MissingAuthenticationTokenException"),
    "too large, unsigned": (lambda _p: Sent(body=b" " * (BODY_BYTES_MAX + 1)), "MissingAuthenticationTokenException"),
    "wrong key": (lambda p: signed(p, key="AKIAABSENT"), UNKNOWN),
    "wrong secret": (lambda p: signed(p, secret="wrong"), INVALID),
    "another's secret": (lambda p: signed(p, secret=OTHER.secret_access_key), INVALID),
    "altered body": (lambda p: Sent(body=b'{"MaxResults":1}', headers=signed(p).headers), INVALID),
    "altered target": (lambda p: with_header(signed(p), "X-Amz-Target", "AppRunner.ListConnections"), INVALID),
    "altered region": (lambda p: with_authorization(signed(p), lambda a: a.replace("us-east-1", "eu-west-1")), INVALID),
    "altered path": (lambda p: Sent(path="/other", headers=signed(p).headers), INVALID),
    "altered query": (lambda p: Sent(path="/?a=1", headers=signed(p).headers), INVALID),
    "altered method": (lambda p: Sent(method="PUT", headers=signed(p).headers), INVALID),
    "altered date": (lambda p: with_header(signed(p), "X-Amz-Date", "20200101T000000Z"), INVALID),
    "altered signature": (lambda p: with_authorization(signed(p), lambda a: a[:-1] + "xf"[a[-1] != "f"]), INVALID),
    "empty signature": (lambda p: with_authorization(signed(p), lambda a: a[:-64]), INCOMPLETE),
    "signature not hexadecimal": (lambda p: with_authorization(signed(p), lambda a: a[:-64] + "\u00e9" * 64), INVALID),
    "no date": (lambda p: with_header(signed(p), "X-Amz-Date", None), INCOMPLETE),
    "a date that is none": (lambda p: with_header(signed(p), "X-Amz-Date", "yesterday"), INCOMPLETE),
    "target not signed": (
        lambda p: with_authorization(signed(p), lambda a: a.replace(";x-amz-target", "")),
        INVALID,
    ),
    "host not signed": (lambda p: with_authorization(signed(p), lambda a: a.replace(";host;", ";")), INVALID),
    "another service": (lambda p: signed(p, service="iam"), INVALID),
    "another algorithm": (
        lambda p: with_authorization(signed(p), lambda a: a.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
        INCOMPLETE,
    ),
    "basic authentication": (lambda p: with_header(signed(p), "Authorization", "Basic YTpi"), INCOMPLETE),
    "a scope too short": (
        lambda p: with_authorization(signed(p), lambda a: a.replace("/aws4_request", "")),
        INCOMPLETE,
    ),
    "another terminator": (lambda p: with_authorization(signed(p), lambda a: a.replace("aws4_", "aws5_")), INVALID),
    "presigned": (presigned, INCOMPLETE),
    "a session token that is missing": (
        lambda p: signed(p, key=TEMPORARY.access_key_id, secret=TEMPORARY.secret_access_key),
        UNKNOWN,
    ),
    "a session token that was never issued": (lambda p: signed(p, token="stolen"), UNKNOWN),
    "payload hash of another body": (
        lambda p: with_header(signed(p), "X-Amz-Content-Sha256", hashlib.sha256(b"").hexdigest()),
        INVALID,
    ),
}


@pytest.mark.parametrize("name", TRIES)
async def test_a_request_without_a_valid_signature_gets_403(plane: ControlPlane, name: str) -> None:
    make, code = TRIES[name]
    assert await send(plane, make(plane)) == (403, code)


async def test_a_request_with_a_valid_signature_is_accepted(plane: ControlPlane) -> None:
    assert await send(plane, signed(plane)) == (200, "")
    temporary = signed(plane, key=TEMPORARY.access_key_id, secret=TEMPORARY.secret_access_key, token="session-token")
    assert await send(plane, temporary) == (200, "")


@pytest.mark.parametrize(("ahead_s", "status"), [(299.0, 200), (302.0, 403), (-298.0, 200), (-302.0, 403)])
async def test_a_signature_is_valid_for_five_minutes(
    plane: ControlPlane, clock: Clock, ahead_s: float, status: int
) -> None:
    sent = signed(plane)
    assert (await send(plane, sent))[0] == 200
    clock.ahead_s = ahead_s
    assert (await send(plane, sent))[0] == status


async def test_the_signature_is_checked_before_the_size_of_the_body(plane: ControlPlane) -> None:
    body = b" " * (BODY_BYTES_MAX + 1)
    assert await send(plane, signed(plane, body=body)) == (413, "RequestEntityTooLargeException")
    assert (await send(plane, signed(plane, body=body, secret="wrong")))[0] == 403


async def test_accounts_and_regions_do_not_see_each_other(plane: ControlPlane) -> None:
    mine = boto3_client(plane)
    created = await elsewhere(mine.create_service, ServiceName="hello", SourceConfiguration=IMAGE)
    arn = created["Service"]["ServiceArn"]
    assert arn.startswith("arn:aws:apprunner:us-east-1:123456789012:service/hello/")
    for other in (
        boto3_client(plane, region="eu-west-1"),
        boto3_client(plane, key=OTHER.access_key_id, secret=OTHER.secret_access_key),
    ):
        assert (await elsewhere(other.list_services))["ServiceSummaryList"] == []
        with pytest.raises(other.exceptions.ResourceNotFoundException):
            await elsewhere(other.describe_service, ServiceArn=arn)
    await asyncio.sleep(0)


async def test_without_keys_an_access_key_of_twelve_digits_is_the_account() -> None:
    async with await open_control_plane(ControlPlaneSettings(), SimulatedWorkload()) as plane:
        client = boto3_client(plane, key="000000000007", secret="any")
        created = await elsewhere(client.create_connection, ConnectionName="hub1", ProviderType="GITHUB")
        assert ":000000000007:" in created["Connection"]["ConnectionArn"]


@pytest.mark.parametrize(
    ("host", "keys", "tls", "rejected"),
    [
        ("0.0.0.0", False, False, True),
        ("0.0.0.0", False, True, True),
        ("0.0.0.0", True, False, True),
        ("::", True, False, True),
        ("example.com", True, False, True),
        ("0.0.0.0", True, True, False),
        ("127.0.0.1", False, False, False),
        ("127.9.9.9", False, False, False),
        ("::1", False, False, False),
        ("localhost", False, False, False),
    ],
)
def test_an_address_beyond_loopback_requires_keys_and_tls(host: str, keys: bool, tls: bool, rejected: bool) -> None:
    authentication = Authentication(AccessKeys([OTHER] if keys else []))
    listener = ApiListener(host, tls=tls, name="api.example.com")
    if rejected:
        with pytest.raises(ValueError, match="must be a loopback address"):
            ControlPlaneSettings(listener=listener, authentication=authentication)
    else:
        ControlPlaneSettings(listener=listener, authentication=authentication)


async def test_tls_serves_a_configured_name_on_every_address(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must come with the name"):
        ApiListener("0.0.0.0", tls=True)
    settings = ControlPlaneSettings(
        state=tmp_path,
        listener=ApiListener("0.0.0.0", tls=True, name="127.0.0.1"),
        authentication=Authentication(AccessKeys([AccessKey(KEY, SECRET)])),
    )
    async with await open_control_plane(settings, SimulatedWorkload()) as plane:
        assert plane.url.startswith("https://127.0.0.1:")
        assert (await elsewhere(boto3_client(plane).list_services))["ServiceSummaryList"] == []
        with pytest.raises(ClientError) as caught:
            await elsewhere(boto3_client(plane, secret="wrong").list_services)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


texts = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), max_size=12)


@given(
    path=st.lists(texts, max_size=3),
    query=st.dictionaries(texts.filter(bool), texts, max_size=3),
    value=st.text(st.characters(codec="ascii", min_codepoint=32), max_size=20),
    body=st.binary(max_size=50),
)
def test_signatures_are_computed_as_botocore_computes_them(
    path: list[str], query: dict[str, str], value: str, body: bytes
) -> None:
    where, asked = (
        "/" + "/".join(quote(part, safe="") for part in path if part.strip(".")),
        urlencode(query, quote_via=quote),
    )
    headers = {"X-Amz-Meta": value, "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"http://127.0.0.1:8580{where}{'?' * bool(asked)}{asked}", data=body, headers=headers)
    SigV4Auth(Credentials(KEY, SECRET), "apprunner", "us-east-1").add_auth(request)
    sent = {name.lower(): each for name, each in request.headers.items()} | {"host": "127.0.0.1:8580"}
    credential = Credential.parse(sent["authorization"])
    seen = SignedRequest("POST", where, asked, sent, hashlib.sha256(body).hexdigest())
    assert signature_of(credential, SECRET, seen, sent["x-amz-date"]) == credential.signature
