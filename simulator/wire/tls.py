"""TLS towards clients: versions, ciphers, ALPN, and the certificate for the name asked for.

1.2 and 1.3; at 1.2 only ECDHE with AEAD (RFC 9325, Mozilla "intermediate" without DHE). ALPN offers http/1.1 and
nothing else: a client that knows only other protocols still gets its handshake, without a choice. A name nobody knows
gets the default certificate, so that the gateway can answer 404 as App Runner does.

Session tickets are sealed with the keys of the default context, which stays: resumption works across names, and a
renewed certificate drops no connection.

asyncio and uvloop drop the fatal alert of a failed handshake, and of whatever fails behind it: a record that cannot be
decrypted, an illegal KeyUpdate (CPython gh-98078). `_Alerting` sends it all the same.

Groups are OpenSSL's own choice: X25519, P-256, X448, P-521, P-384. Mozilla's list is shorter, but the `ssl` module can
name one group only, so a shorter list would shut out clients.
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
    """A handshake that is about to begin on `accepted`.

    `plain`: set when the client speaks plain HTTP; the same connection once more, for who ends this and answers.
    """

    __slots__ = ("accepted", "plain")

    def __init__(self, accepted: socket.socket) -> None:
        self.accepted = accepted
        self.plain: socket.socket | None = None


# The handshake that a task is about to begin: a loop makes the TLS object itself, and tells it nothing.
handshaking: ContextVar[Handshake | None] = ContextVar("handshaking", default=None)

# What OpenSSL says of a first record that is none ("doesn't look like TLS"); it has no alert for it.
_NOT_TLS: Final = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"})
# Not a failure, or the end of the connection: nobody is left to be told.
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
    """The contexts of all hosts served; `context` is what a listener uses."""

    def __init__(self, authority: CertificateAuthority, now: datetime) -> None:
        self._authority = authority
        self._by_host: dict[str, ssl.SSLContext] = {}
        self._hosts: dict[ssl.SSLContext, str] = {}
        self.context = server_context()
        self.context.sni_callback = self._choose
        self.context.sslobject_class = _Alerting
        self._load(self.context, DEFAULT_HOST, now)

    def add(self, host: str, now: datetime) -> None:
        """Serve `host` with a certificate of its own; for a known host a fresh one, from the next handshake on.

        Raises:
            ValueError: when `host` is not a host name.
        """
        host = _known_as(host)
        context = server_context()
        self._load(context, host, now)
        self._by_host[host] = context
        self._hosts[context] = host  # an older context keeps its name too: connections made with it may live on

    def knows(self, host: str) -> bool:
        return _known_as(host) in self._by_host

    def remove(self, host: str) -> None:
        """Handshakes for `host` get the default certificate from now on."""
        self._by_host.pop(_known_as(host), None)

    def renew(self, now: datetime) -> list[str]:
        """Replace the certificates that come near their end; their hosts."""
        due = [host for host in self._by_host if self._authority.is_due(host, now)]
        for host in due:
            self.add(host, now)
        if self._authority.is_due(DEFAULT_HOST, now):
            self._load(self.context, DEFAULT_HOST, now)
        return due

    def host_of(self, context: ssl.SSLContext) -> str:
        """The host a connection's handshake was for; empty when it named none of ours."""
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
    """As edge/gateway.py `host_name`: browsers keep the dot that ends a full name, in Host and in SNI."""
    return host.lower().removesuffix(".")


class _Alerting(ssl.SSLObject):
    """A failure is told to the client at once, and to the loop when it comes back.

    OpenSSL has left its alert among the bytes to be sent. A loop sends those when a call wants more to read, but not
    when it fails. So it is told the former first, and that there is nothing more to read: it sends, comes back, and
    gets the failure.
    """

    hello = False  # a ClientHello has come
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
                with contextlib.suppress(OSError):  # no descriptor left, or the client was faster
                    handshake.plain = handshake.accepted.dup()
                raise
            self._tell(failure)

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002 the name in ssl
        # Not super().read: this is the hot path, and ssl.SSLObject does no more than the two calls below.
        if self._failure is not None:
            raise self._failure
        try:
            if buffer is not None:
                return self._sslobj.read(len, buffer)  # type: ignore[attr-defined]
            return self._sslobj.read(len)  # type: ignore[attr-defined]
        except _NO_FAILURE:
            raise
        except ssl.SSLError as failure:
            self._tell(failure)

    def _tell(self, failure: ssl.SSLError) -> NoReturn:
        self._failure = failure
        if self._handshake is not None:
            with contextlib.suppress(OSError):  # the client was faster
                self._handshake.accepted.shutdown(socket.SHUT_RD)
        raise ssl.SSLWantReadError from failure


def server_context() -> ssl.SSLContext:
    """Without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return context


def client_context(authority: CertificateAuthority) -> ssl.SSLContext:
    """For clients of our own: trusts the local authority and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.certificate_path)
    context.set_alpn_protocols(["http/1.1"])
    return context
