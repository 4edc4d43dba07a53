"""Health probes of an instance over TCP or HTTP. Each probe has its own connection.

A probe that cannot be sent because this process has no file descriptors left gives no information about the instance;
it is retried until it can be sent.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.rejection import CONNECT_FAILURE, EXHAUSTED, Rejection
from simulator.wire.exhaustion import exhaustion_log, is_exhaustion
from simulator.wire.http1.response import ResponseHead
from simulator.wire.origin import Origin
from simulator.wire.upstream import UpstreamConnection

# ASSUMPTION: User-Agent and version of App Runner's health checks are undocumented (facts 9); an application's access
# log would settle it. This value is that of Envoy's HTTP health checker.
USER_AGENT: Final = b"Envoy/HC"

_LOCATION: Final = re.compile(rb"^location:[ \t]*([\x21-\x7e]{1,200})", re.IGNORECASE | re.MULTILINE)


_AGAIN_S: Final = 1.0


class _CannotProbe(Exception):
    """This process has exhausted a resource, so the probe could not be sent."""


async def probe(origin: Origin, host: str, port: int, check: HealthCheck) -> str | None:
    """Return None if the probe passed, otherwise the reason. Ends within `check.timeout_s` after it can be sent."""
    while True:
        try:
            return await _probe(origin, host, port, check)
        except _CannotProbe:
            await asyncio.sleep(_AGAIN_S)


async def _probe(origin: Origin, host: str, port: int, check: HealthCheck) -> str | None:
    try:
        async with asyncio.timeout(check.timeout_s):
            if check.protocol is HealthProtocol.TCP:
                return await _probe_tcp(host, port)
            return await _probe_http(origin, host, port, check.path)
    except TimeoutError:
        return f"no answer within {check.timeout_s:g} s"


async def _probe_tcp(host: str, port: int) -> str | None:
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_connection(asyncio.Protocol, host, port)
    except OSError as error:
        if is_exhaustion(error):
            exhaustion_log.report(error, f"the health of {host}:{port} cannot be checked")
            raise _CannotProbe from error
        return _reason(error)
    transport.close()
    return None


async def stays_open(host: str, port: int, for_s: float) -> bool:
    """Return True if a new connection is still open after `for_s` seconds, or if the peer sends a byte before that."""
    observer = _Observer()
    try:
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: observer, host, port)
    except OSError:
        return False
    try:
        await asyncio.wait((observer.verdict,), timeout=for_s)
        return not observer.verdict.done() or observer.verdict.result()
    finally:
        transport.abort()


class _Observer(asyncio.Protocol):
    """Observes a connection. The result of `verdict` is True at the first byte and False at the end of the
    connection.
    """

    def __init__(self) -> None:
        self.verdict: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def data_received(self, _: bytes) -> None:
        self._settle(kept=True)

    def connection_lost(self, _: Exception | None) -> None:
        self._settle(kept=False)

    def _settle(self, *, kept: bool) -> None:
        if not self.verdict.done():
            self.verdict.set_result(kept)


async def _probe_http(origin: Origin, host: str, port: int, path: str) -> str | None:
    call = _ProbeCall(f"{host}:{port}", path)
    origin.begin_fresh(call)
    try:
        return await call.verdict
    finally:
        if call.link is not None:
            call.link.drop()


class _ProbeCall:
    """A caller of `Origin` that uses only the status of the response."""

    head_only = False
    tunnels = False

    def __init__(self, authority: str, path: str) -> None:
        self.link: UpstreamConnection | None = None
        self.verdict: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._request = b"GET %b HTTP/1.1\r\nhost: %b\r\nuser-agent: %b\r\nconnection: close\r\n\r\n" % (
            path.encode("ascii", "replace"),
            authority.encode(),
            USER_AGENT,
        )

    def connected(self, link: UpstreamConnection) -> None:
        link.write(self._request, last=True)

    def informational_response(self, head: ResponseHead) -> None:
        pass

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        del piece, complete
        # ASSUMPTION: whether a 3xx passes is unknown (facts 9); "success" is taken to mean 200 to 299.
        self._settle(None if 200 <= head.status <= 299 else _status_text(head))

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        pass

    def broken(self, rejection: Rejection) -> None:
        if rejection is EXHAUSTED and not self.verdict.done():
            self.verdict.set_exception(_CannotProbe())
            return
        self._settle("connection refused" if rejection is CONNECT_FAILURE else rejection.name)

    def application_ended(self) -> bool:
        return False

    def may_repeat(self) -> bool:
        return False

    def is_safe_to_lose(self) -> bool:
        return False

    def upload_full(self) -> None:
        pass

    def upload_drained(self) -> None:
        pass

    def _settle(self, verdict: str | None) -> None:
        if not self.verdict.done():
            self.verdict.set_result(verdict)


def _status_text(head: ResponseHead) -> str:
    """Return the status as text and, for a redirect, its target."""
    found = _LOCATION.search(head.forward(b"")) if 300 <= head.status <= 399 else None
    if found is None:
        return f"status {head.status}"
    return f"status {head.status}, redirect to {found[1].decode('ascii', 'backslashreplace')}"


def _reason(error: OSError) -> str:
    return "connection refused" if isinstance(error, ConnectionRefusedError) else str(error)
