"""TLS towards clients: versions, ciphers, ALPN, and the choice of the certificate for the requested name.

Versions 1.2 and 1.3; with 1.2 only ECDHE with AEAD (RFC 9325, Mozilla "intermediate" without DHE). ALPN offers only
http/1.1; the handshake of a client that supports only other protocols succeeds, without a selected protocol. For an
unknown name the default certificate is used, so that the gateway can respond with 404 as App Runner does.

Session tickets are encrypted with keys of the default context, which is never replaced, so a session can be resumed
under any name, and the renewal of a certificate closes no connection.

asyncio and uvloop do not send the fatal alert of a failed handshake or of any later failure, such as a record that
cannot be decrypted or an illegal KeyUpdate (CPython gh-98078). `_Alerting` makes them send it.

Groups are OpenSSL's default: X25519, P-256, X448, P-521, P-384. Mozilla's list is shorter, but the `ssl` module can set
only one group, so a shorter list would exclude clients.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final, NoReturn, Self

from simulator.wire.ca import CertificateAuthority


class Handshake:
    """The handshake of the connection `accepted`, which is about to begin.

    If the client speaks plain HTTP, `plain` is a duplicate of the connection, for the code that responds and closes it.
    """

    __slots__ = ("accepted", "plain")

    def __init__(self, accepted: socket.socket) -> None:
        self.accepted = accepted
        self.plain: socket.socket | None = None


# The handshake that the current task is about to begin. The event loop creates the TLS object and passes it no
# arguments.
handshaking: ContextVar[Handshake | None] = ContextVar("handshaking", default=None)

# OpenSSL's errors for a first record that is not TLS ("doesn't look like TLS"); it sends no alert for them.
_NOT_TLS: Final = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"})
# Exceptions that are not failures, or that mean the end of the connection, so there is no peer to notify.
_NO_FAILURE: Final = (
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
    ssl.SSLZeroReturnError,
    ssl.SSLEOFError,
    ssl.SSLSyscallError,
)

_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
DEFAULT_HOST: Final = "localhost"


class ServerCertificates:
    """The TLS contexts of all hosts served. `context` is for listeners."""

    def __init__(self, authority: CertificateAuthority, now: datetime) -> None:
        self._authority = authority
        self._by_host: dict[str, ssl.SSLContext] = {}
        self._hosts: dict[ssl.SSLContext, str] = {}
        self.context = server_context()
        self.context.sni_callback = self._choose
        self.context.sslobject_class = _Alerting
        self._load(self.context, DEFAULT_HOST, now)

    def add(self, host: str, now: datetime) -> None:
        """Serve `host` with its own certificate. If it has one already, later handshakes use a new one.

        Raises:
            ValueError: if `host` is not a host name.
        """
        host = _known_as(host)
        context = server_context()
        self._load(context, host, now)
        self._by_host[host] = context
        self._hosts[context] = host  # an older context keeps its name too, because its connections may still be open

    def knows(self, host: str) -> bool:
        return _known_as(host) in self._by_host

    def remove(self, host: str) -> None:
        """From now on, use the default certificate for `host`."""
        self._by_host.pop(_known_as(host), None)

    def renew(self, now: datetime) -> list[str]:
        """Replace the certificates that expire soon; return their hosts."""
        due = [host for host in self._by_host if self._authority.is_due(host, now)]
        for host in due:
            self.add(host, now)
        if self._authority.is_due(DEFAULT_HOST, now):
            self._load(self.context, DEFAULT_HOST, now)
        return due

    def host_of(self, context: ssl.SSLContext) -> str:
        """Return the host name that a connection's handshake requested; empty if it requested no known host."""
        host = self._hosts.get(context, "")
        return host if host in self._by_host else ""

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if isinstance(connection, _Alerting):
            connection.hello = True
        name = _known_as(name or "")
        context = self._by_host.get(name) or self._by_host.get("*" + name[name.find(".") :])
        if context is not None:
            connection.context = context

    def _load(self, context: ssl.SSLContext, host: str, now: datetime) -> None:
        leaf = self._authority.leaf(host, now)
        context.load_cert_chain(leaf)


def _known_as(host: str) -> str:
    """Normalise a host name as `host_name` of edge/gateway.py does: browsers keep the final dot of a name, in Host and
    in SNI.
    """
    return host.lower().removesuffix(".")


class _Alerting(ssl.SSLObject):
    """Sends the alert of a failure to the client before the event loop sees the failure.

    OpenSSL has written its alert to the outgoing bytes. An event loop sends those when a call needs more input, but not
    when it fails. So this class first reports that it needs input, and shuts down the reading side of the socket: the
    loop sends the bytes, calls again, and gets the failure.
    """

    hello = False  # a ClientHello was received
    _failure: ssl.SSLError | None = None
    _handshake: Handshake | None

    def __new__(cls) -> Self:
        self = super().__new__(cls)
        self._handshake = handshaking.get()
        return self

    def do_handshake(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except _NO_FAILURE:
            raise
        except ssl.SSLError as failure:
            handshake = self._handshake
            if handshake is not None and not self.hello and failure.reason in _NOT_TLS:
                with contextlib.suppress(OSError):  # no file descriptor left, or the client has disconnected
                    handshake.plain = handshake.accepted.dup()
                raise
            self._send_alert(failure)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 the name in ssl
        # Not super().read, because this code runs for every read, and ssl.SSLObject does no more than the two calls
        # below.
        if self._failure is not None:
            raise self._failure
        try:
            if buffer is not None:
                return self._sslobj.read(len, buffer)  # type: ignore[attr-defined]
            return self._sslobj.read(len)  # type: ignore[attr-defined]
        except _NO_FAILURE:
            raise
        except ssl.SSLError as failure:
            self._send_alert(failure)

    def _send_alert(self, failure: ssl.SSLError) -> NoReturn:
        self._failure = failure
        if self._handshake is not None:
            with contextlib.suppress(OSError):  # the client has disconnected
                self._handshake.accepted.shutdown(socket.SHUT_RD)
        raise ssl.SSLWantReadError from failure


def server_context() -> ssl.SSLContext:
    """Return a context for listeners, without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def client_context(authority: CertificateAuthority) -> ssl.SSLContext:
    """Return a context for the simulator's own clients, which trusts only the local authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.certificate_path)
    context.set_alpn_protocols(["http/1.1"])
    return context
