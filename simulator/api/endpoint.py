"""The API's endpoint: AWS JSON 1.0 over HTTP. Converts bytes to a call, and a response or an error to bytes.

The order is that of AWS: the signature first, so that unsigned requests reveal nothing; then the target, the content
type, the JSON, the model, the operation. Bodies are never logged. If no keys are configured, requests are not signed;
then the check of the Host header protects the endpoint (`own_names`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from simulator.api.authentication import Authentication, Identity
from simulator.api.calls import ApiCalls
from simulator.api.foreign_clients import STATUS, ForeignAnswer, foreign_answer, service_of
from simulator.api.query.query_services import GET_PARAMETER, QUERY_SERVICES, S3, SSM, query_service
from simulator.api.service_model import SIGNING_NAME, operation_of, parse_body
from simulator.api.signature import SignedRequest
from simulator.api.waf_protocol import CONTENT_TYPE as WAF_CONTENT_TYPE
from simulator.api.waf_protocol import waf_operation
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.wire.listening import listening
from simulator.wire.own_names import OwnNames
from simulator.wire.web_listener import HEAD_S_MAX, addressed_request, listener_limits
from simulator.world.random_streams import RandomStreams

CONTENT_TYPE: Final = "application/x-amz-json-1.0"
REQUEST_ID: Final = "x-amzn-RequestId"
_SERVER: Final = "apprunner-simulator"

# ASSUMPTION: one megabyte, the usual limit of AWS services; App Runner's is not published. A request with an increasing
# number of variables would settle it.
BODY_BYTES_MAX: Final = 1024 * 1024
# The signature covers the body, so a body above the limit is still read up to this size to verify its sender.
_VERIFIED_BYTES_MAX: Final = 16 * 1024 * 1024
BODY_S_MAX: Final = 30.0  # maximum time for the body to arrive
_BACKLOG: Final = 1024
_GOODBYE_S: Final = 1.0
_ROUNDS_TO_CLOSE: Final = 3  # iterations of the loop until a transport closes its socket

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Body:
    """A request's body. `content` is None if it was above the limit; `sha256` covers all bytes that were read."""

    content: bytes | None
    sha256: str


_NO_BODY: Final = _Body(b"", "")


class ApiEndpoint:
    """The HTTP endpoint of the API.

    `now`: the wall clock in seconds since 1970. `request_id`: returns a new id for each response. `names`: the host
    names that clients may use for the listener if there are no access keys.
    """

    def __init__(
        self,
        calls: ApiCalls,
        authentication: Authentication,
        *,
        now: Callable[[], float],
        request_id: Callable[[], str],
        names: OwnNames | None = None,
        body_s_max: float = BODY_S_MAX,
        head_s_max: float = HEAD_S_MAX,
        before_association: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Create the endpoint. `before_association`: awaited before a web ACL is associated, which may be new."""
        self._before_association = before_association
        self._calls = calls
        self._authentication = authentication
        self._now = now
        self._request_id = request_id
        self._body_s_max = body_s_max
        self._names = names or OwnNames()
        self._head_s_max = head_s_max
        self._http = web.Server(self._handle, auto_decompress=False, **listener_limits(head_s_max))
        self._listener: asyncio.Server | None = None
        self.port = 0

    async def open(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        """Start listening; `port` 0 is any free port. Raises OSError if the port is not available."""
        loop = asyncio.get_running_loop()
        handshake_s = self._head_s_max if tls is not None else None
        with listening(host, port):
            self._listener = await loop.create_server(
                self._http, host, port, ssl=tls, backlog=_BACKLOG, ssl_handshake_timeout=handshake_s
            )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and finish the responses in progress."""
        if self._listener is not None:
            self._listener.close()
        await close_http(self._http)

    # --- one request -----------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        request_id = self._request_id()
        try:
            return await self._handled(request, request_id)
        except ApiError as error:
            rejection = _rejection(error)
            return _response(
                error.status, rejection, request_id, _content_type(request.headers.get("x-amz-target", ""))
            )
        except Exception:  # noqa: BLE001 a bug: the client gets a 500, and the log has the details
            _log.exception("request %s broke", request_id)
            rejection = {"__type": "InternalServiceErrorException", "Message": "An unexpected failure occurred."}
            return _response(500, rejection, request_id)

    async def _handled(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        signed_for = service_of(request.headers.get("authorization", ""), request.raw_path.partition("?")[2])
        try:
            self._check_names(request)
        except (
            ApiError
        ) as error:  # S3 clients put the bucket's name first in the host; every bucket gets the same response
            if signed_for in QUERY_SERVICES:
                return await self._query_response(request, signed_for, request_id, rejection=error)
            if (foreign := foreign_answer(request.raw_path, request.headers, request_id, None)) is not None:
                return _foreign_response(foreign, request_id)
            raise
        if signed_for == S3:
            return await self._object_response(request, request_id)
        body = await self._body(request)
        if signed_for == SSM and request.headers.get("x-amz-target") == GET_PARAMETER:
            return await self._parameter_response(request, body, request_id)
        service = query_service(request.headers, signed_for, body.content)
        if service is not None:
            return await self._query_response(request, service, request_id, body)
        return await self._json_response(request, body, request_id)

    async def _json_response(self, request: web.BaseRequest, body: _Body, request_id: str) -> web.StreamResponse:
        """Answer a call of App Runner, or of a service that is not implemented."""
        foreign = foreign_answer(request.raw_path, request.headers, request_id, body.content)
        if foreign is not None:
            return _foreign_response(foreign, request_id)
        identity = self._identify(request, body)
        if self._before_association is not None and _is_association(request):
            await self._before_association()
        answer = self._answer(request, body, self._caller(request, identity, request_id))
        return _response(200, answer, request_id, _content_type(request.headers.get("x-amz-target", "")))

    def _check_names(self, request: web.BaseRequest) -> None:
        """Check the host before the body is read.

        With keys this is not needed: the signature covers Host, and web pages cannot sign.
        """
        if self._authentication.is_open:
            why = self._names.rejection(addressed_request(request))
            if why is not None:
                raise ApiError("AccessDeniedException", why)

    async def _body(self, request: web.BaseRequest, bytes_max: int = BODY_BYTES_MAX) -> _Body:
        if request.content.is_eof() and request.content.total_bytes <= BODY_BYTES_MAX:
            content = request.content.read_nowait()  # the usual case: the body came with the head
            return _Body(content, self._hash(content))
        length = request.content_length
        try:
            async with asyncio.timeout(self._body_s_max):
                if length is not None and length <= BODY_BYTES_MAX:
                    content = await request.content.read() if length else b""
                    return _Body(content, self._hash(content))
                return await self._long_body(request, bytes_max)
        except TimeoutError as error:
            raise ApiError(
                "RequestTimeoutException", f"The body did not arrive within {self._body_s_max:g} s."
            ) from error

    async def _long_body(self, request: web.BaseRequest, bytes_max: int) -> _Body:
        """Read a body of unknown or excessive size: keep up to `bytes_max`, hash up to `_VERIFIED_BYTES_MAX`."""
        sha256, kept, size = hashlib.sha256(), bytearray(), 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > _VERIFIED_BYTES_MAX:
                break
            sha256.update(chunk)
            if size <= bytes_max:
                kept += chunk
        return _Body(bytes(kept) if size <= bytes_max else None, sha256.hexdigest())

    def _hash(self, content: bytes) -> str:
        return "" if self._authentication.is_open else hashlib.sha256(content).hexdigest()

    async def _object_response(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        """Answer a call of S3 from the store of templates and assets."""
        from simulator.api.assets.asset_calls import s3_answer  # noqa: PLC0415 for clients of CloudFormation only
        from simulator.api.assets.object_protocol import ObjectCall  # noqa: PLC0415

        body = await self._body(request, _VERIFIED_BYTES_MAX)
        announced = request.headers.get("x-amz-content-sha256", "")
        if announced == "UNSIGNED-PAYLOAD" or announced.startswith("STREAMING-"):  # the signature does not cover it
            body = _Body(body.content, announced)

        def caller() -> Principal:
            return self._caller(request, self._identify(request, body, S3), request_id)

        call, sources = ObjectCall.of(request.method, request.raw_path), self._calls.sources
        answer = await s3_answer(sources, call, request.headers, body.content, request_id, caller, self._now())
        fields = {"x-amz-request-id": request_id, "Server": _SERVER, **answer.fields}
        return web.Response(status=answer.status, body=answer.body, headers=fields)

    async def _parameter_response(self, request: web.BaseRequest, body: _Body, request_id: str) -> web.StreamResponse:
        """Answer GetParameter of SSM."""
        from simulator.api.assets.asset_calls import ssm_answer  # noqa: PLC0415 for clients of CloudFormation only

        def caller() -> Principal:
            return self._caller(request, self._identify(request, body, SSM), request_id)

        answer = await ssm_answer(self._calls.sources, body.content or b"", caller, self._now())
        fields = {REQUEST_ID: request_id, "Server": _SERVER, **answer.fields}
        return web.Response(status=answer.status, body=answer.body, headers=fields)

    async def _query_response(
        self,
        request: web.BaseRequest,
        service: str,
        request_id: str,
        body: _Body = _NO_BODY,
        rejection: ApiError | None = None,
    ) -> web.StreamResponse:
        """Answer a call of CloudFormation or STS. `rejection`: the error that the check of the host found, if any."""
        from simulator.api.query.query_calls import StsCalls, query_answer  # noqa: PLC0415 for callers of these only

        def caller() -> Principal:
            if rejection is not None:
                raise ApiError("AccessDenied", rejection.message)
            return self._caller(request, self._identify(request, body, service), request_id)

        sts = StsCalls(self._authentication.sessions, self._now())
        status, content = await query_answer(self._calls, service, body.content or b"", request_id, caller, sts)
        fields = {"Content-Type": "text/xml", REQUEST_ID: request_id, "Server": _SERVER}
        return web.Response(status=status, body=content, headers=fields)

    def _identify(self, request: web.BaseRequest, body: _Body, service: str = SIGNING_NAME) -> Identity:
        path, _, query = request.raw_path.partition("?")
        signed = SignedRequest(request.method, path, query, request.headers, body.sha256, service)
        return self._authentication.identify(signed, self._now())

    def _answer(self, request: web.BaseRequest, body: _Body, principal: Principal) -> dict[str, Any]:
        headers = request.headers
        if request.method != "POST" or request.path != "/":
            raise ApiError("UnknownOperationException", "Every operation is a POST to /.")
        target = headers.get("x-amz-target", "")
        operation = waf_operation(target) or operation_of(target)
        expected, content_type = _content_type(target), headers.get("content-type", "")
        if content_type != expected and content_type.partition(";")[0].strip().lower() != expected:
            # ASSUMPTION: as in other AWS services with this protocol, another content type means another protocol, in
            # which no operation is known. A text/plain request to AWS would settle it.
            raise ApiError("UnknownOperationException", f"The Content-Type header must be {expected}.")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise ApiError("MalformedHttpRequestException", "The body must not be encoded.")
        if body.content is None:
            raise ApiError("RequestEntityTooLargeException", f"The body must have at most {BODY_BYTES_MAX} bytes.")
        return self._calls.call(principal, operation, parse_body(body.content))

    def _caller(self, request: web.BaseRequest, identity: Identity, request_id: str) -> Principal:
        return Principal(
            account=identity.account,
            region=identity.region,
            access_key=identity.access_key_id,
            request_id=request_id,
            source_ip=request.remote or "",
            user_agent=_plain(request.headers.get("user-agent", "")),
            identity=identity.iam,
            is_secure=request.secure,
        )


async def close_http(http: web.Server) -> None:
    """Finish the responses in progress, then close all connections."""
    transports = [each.transport for each in http.connections]
    http.pre_shutdown()  # closes idle connections
    await http.shutdown(_GOODBYE_S)
    for transport in transports:
        if isinstance(transport, asyncio.Transport):
            transport.abort()  # do not wait for the peer's close_notify of TLS
    for _ in range(_ROUNDS_TO_CLOSE):
        await asyncio.sleep(0)


def _is_association(request: web.BaseRequest) -> bool:
    return waf_operation(request.headers.get("x-amz-target", "")) == "AssociateWebACL"


def _plain(text: str) -> str:
    r"""Return header text with bytes that are not UTF-8 as `\udcff`: JSON cannot contain them otherwise."""
    return text.encode("utf-8", "backslashreplace").decode()


def _rejection(error: ApiError) -> dict[str, str]:
    """Return the error document.

    AWS's text is in the model's `Message`; botocore, and so AWS CLI and boto3, prefer `message`.
    """
    rejection = {"__type": error.code, "Message": error.message}
    return rejection | {"message": error.explained} if error.hint else rejection


def _foreign_response(answer: ForeignAnswer, request_id: str) -> web.Response:
    fields = {"Content-Type": answer.content_type, REQUEST_ID: request_id, "Server": _SERVER, **answer.fields}
    return web.Response(status=STATUS, body=answer.body, headers=fields)


def _content_type(target: str) -> str:
    """Return the content type of requests and responses; AWS WAF's protocol is AWS JSON 1.1."""
    return CONTENT_TYPE if waf_operation(target) is None else WAF_CONTENT_TYPE


def _response(status: int, content: dict[str, Any], request_id: str, content_type: str = CONTENT_TYPE) -> web.Response:
    try:
        body = orjson.dumps(content)
    except orjson.JSONEncodeError:  # the response repeats text of the client that is not valid UTF-8
        body = orjson.dumps({name: _plain(str(each)) for name, each in content.items()})
    return web.Response(
        status=status,
        body=body,
        headers={"Content-Type": content_type, REQUEST_ID: request_id, "Server": _SERVER},
    )


def request_ids() -> Callable[[], str]:
    """Return a source of random ids in UUID form. They identify responses, so they do not depend on a seed."""
    streams, count = RandomStreams(secrets.randbits(128)), 0

    def draw() -> str:
        nonlocal count
        count += 1
        digits = streams.identifier("request", count)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    return draw
