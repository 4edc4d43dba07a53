"""The live front: a TLS listener that routes by host, an HTTP listener that redirects to it, and the local CA."""

from __future__ import annotations

import asyncio
import io
import secrets
import ssl
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.edge.access_log import AccessLog, LineLog, ObservedLog
from simulator.edge.access_log_entry import LINES, AccessLogEntry
from simulator.edge.gateway import Gateway, host_name
from simulator.edge.listener import Listener, listen
from simulator.edge.live.authority import local_authority
from simulator.edge.live.host_view import HostView, is_named
from simulator.edge.live.live_settings import LiveSettings
from simulator.edge.live.service_logs import ServiceLogs
from simulator.edge.plain import PlainGateway
from simulator.edge.ports import EntryLog, RequestHandler, Upstream
from simulator.edge.redirect import Redirect
from simulator.model.header_profile import Profile
from simulator.wire.listening import CannotListen
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.clock import epoch_s, utc_now
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop

if TYPE_CHECKING:
    from simulator.records.request_trace import Tracing
    from simulator.rules.waf.log_document import WafRecord

HOST = "127.0.0.1"  # not reachable from other machines
HOST_6 = "::1"
# Time limit of the closing handshakes of connections after a run; all requests have ended by then.
GOODBYE_S = 1.0
# Interval at which the expiry of certificates is checked; they are renewed ten days before it (wire/ca.py).
RENEWAL_S = 3600.0
_SEED_BITS = 63


class Front:
    """The live front: a TLS listener that routes by host, and an HTTP listener that redirects to it."""

    def __init__(self, settings: LiveSettings, streams: RandomStreams) -> None:
        """Create the front. Raises OSError or ValueError if the state folder cannot be used."""
        self._settings = settings
        self._time = running_loop().time
        now = utc_now()
        self._authority = local_authority(settings.state)
        self._certificates = ServerCertificates(self._authority, now)
        self._renewal: asyncio.TimerHandle | None = None
        gateway = PlainGateway if settings.profile is Profile.PLAIN else Gateway
        self._gateway = gateway(
            settings.limits,
            clock=self._time,
            epoch_s=epoch_s,
            streams=streams,
            server_timing=settings.server_timing,
            websocket=settings.websocket,
            websocket_of=settings.websocket_of,
        )
        others = self._opened(settings.access_log)
        of_services = {name: self._opened(file) for name, file in settings.access_log_of.items()}
        self.access_logs = tuple(log for log in (others, *of_services.values()) if log is not None)
        self.waf_log = None if settings.waf_log is None else _waf_log(settings.waf_log)
        self._access_log: EntryLog | None = others
        if of_services:
            self._access_log = ServiceLogs(others, of_services, self._gateway.service_of)
        self._gateway.access_log = self._access_log
        self._handler: RequestHandler = self._gateway
        self._https: Listener | None = None
        self._http: Listener | None = None
        self._more: list[Listener] = []  # listeners on ::1 and of VPC endpoints
        self._endpoints: dict[str, Listener] = {}
        self._dual_stack: dict[bytes, None] = {}  # hosts with an IPv6 address
        self._private: dict[bytes, str] = {}  # VPC endpoints by the hosts of private services
        self.no_ipv6 = ""  # why hosts have no IPv6 address, if they could not get one

    def _opened(self, file: io.RawIOBase | None) -> AccessLog | None:
        return None if file is None else AccessLog(file, LINES[self._settings.access_log_format], epoch_s)

    @property
    def root_certificate(self) -> Path:
        """The root certificate that clients must trust."""
        return self._authority.certificate_path

    @property
    def own_answers(self) -> Counter[int]:
        """The number of responses of the front itself, by status: unknown hosts, invalid requests, redirects."""
        return self._gateway.own_answers

    @property
    def https_port(self) -> int:
        assert self._https is not None
        return self._https.port

    @property
    def http_port(self) -> int:
        assert self._http is not None
        return self._http.port

    @property
    def http_port_wanted(self) -> int:
        """The HTTP port in the settings; 0 means any free port."""
        return self._settings.http_port

    def url(self, host: str) -> str:
        return f"https://{host}:{self.https_port}"

    def client_context(self) -> ssl.SSLContext:
        """Return a TLS context for the simulator's own clients."""
        return client_context(self._authority)

    def observe_access_log(self, observe: Callable[[AccessLogEntry], None] | None) -> None:
        """Call `observe` with every finished request of a service; None stops this."""
        self._gateway.access_log = self._access_log if observe is None else ObservedLog(observe, self._access_log)

    def trace(self, tracing: Tracing, instance_id: Callable[[str, int], str]) -> None:
        """Trace requests; call this before `open`. `instance_id` returns the id of a service's nth instance."""
        from simulator.edge.tracing import TracingHandler  # noqa: PLC0415

        assert self._https is None, "the listeners are open already"
        # Not the run's random streams, because a second run of the same scenario must have other trace ids.
        streams = RandomStreams(secrets.randbits(_SEED_BITS))
        self._handler = TracingHandler(
            self._gateway, tracing, epoch_s=epoch_s, streams=streams, instance_id=instance_id
        )

    async def open(self) -> None:
        """Open the listeners. Raises OSError if a port is not available."""
        self._renewal = asyncio.get_running_loop().call_later(RENEWAL_S, self._renew)
        settings = self._settings
        handler = HostView(self._handler, self._is_public) if settings.hides_private else self._handler
        self._https = await listen(handler, HOST, settings.https_port, certificates=self._certificates)
        redirect = self._redirect(lambda host: self._gateway.knows(host) and self._is_public(host))
        try:
            self._http = await listen(redirect, HOST, settings.http_port)
        except CannotListen:
            if not settings.http_port_or_any:
                raise
            self._http = await listen(redirect, HOST, 0)
        if settings.dual_stack:
            await self._open_ipv6()
        for name in settings.endpoints:
            view = HostView(self._handler, partial(self._is_of, name))
            self._endpoints[name] = await listen(view, HOST, 0, certificates=self._certificates)

    async def _open_ipv6(self) -> None:
        """Listen on ::1 too, on the same ports, for the hosts that have an IPv6 address."""

        def admits(host: bytes) -> bool:
            return is_named(host, self._dual_stack) and self._is_public(host)

        view = HostView(self._handler, admits)
        try:
            self._more.append(await listen(view, HOST_6, self.https_port, certificates=self._certificates))
            self._more.append(await listen(self._redirect(admits), HOST_6, self.http_port))
        except CannotListen as error:
            self.no_ipv6 = str(error)

    def _redirect(self, knows: Callable[[bytes], bool]) -> Redirect:
        return Redirect(
            self.https_port,
            self._settings.limits,
            clock=self._time,
            epoch_s=epoch_s,
            access_log=self._access_log,
            own_answers=self.own_answers,
            knows=knows,
        )

    def _is_of(self, endpoint: str, host: bytes) -> bool:
        return self._private.get(host) == endpoint

    def _is_public(self, host: bytes) -> bool:
        """Return True unless the host is known to its VPC endpoint only."""
        return not (self._settings.hides_private and host in self._private)

    @property
    def endpoints(self) -> frozenset[str]:
        """The VPC endpoints that have a listener."""
        return frozenset(self._endpoints)

    def endpoint_port(self, endpoint: str) -> int:
        """Return the port on 127.0.0.1 of a VPC endpoint's listener."""
        return self._endpoints[endpoint].port

    def place(self, host: str, *, dual_stack: bool = False, endpoint: str = "") -> None:
        """Set which listeners serve the host: with `dual_stack` also the one on ::1, with `endpoint` that of the VPC
        endpoint.
        """
        name = host_name(host.encode("ascii"))
        if dual_stack:
            self._dual_stack[name] = None
        else:
            self._dual_stack.pop(name, None)
        if endpoint:
            self._private[name] = endpoint
        else:
            self._private.pop(name, None)

    def is_dual_stack(self, host: str) -> bool:
        """Return True if the host has an IPv6 address."""
        return bool(self._more) and host.isascii() and is_named(host_name(host.encode("ascii")), self._dual_stack)

    def add_host(self, host: str, upstream: Upstream) -> None:
        """Route requests for `host`, for example a custom domain, to `upstream` from now on, with a certificate for the
        host.

        An earlier route is replaced atomically.

        Raises:
            ValueError: if `host` is not a host name.
        """
        if not self._certificates.knows(host):
            self._certificates.add(host, utc_now())
        self._gateway.add(host, upstream)

    def knows(self, host: str) -> bool:
        """Return True if requests for `host`, in any case, go to a service."""
        if not host.isascii():
            return False
        name = host_name(host.encode("ascii"))
        return self._gateway.knows(name) and self._is_public(name)

    def remove_host(self, host: str) -> None:
        """Respond to requests for `host` with 404 from now on; requests in progress continue."""
        self._gateway.remove(host)
        self.place(host)
        self._certificates.remove(host)

    def _renew(self) -> None:
        self._certificates.renew(utc_now())
        self._renewal = asyncio.get_running_loop().call_later(RENEWAL_S, self._renew)

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        for listener in (*self._endpoints.values(), *self._more, self._http, self._https):
            if listener is not None:
                await listener.close(GOODBYE_S)
        for log in self.access_logs:
            await log.close()
        if self.waf_log is not None:
            await self.waf_log.close()


def _waf_log(file: io.RawIOBase) -> LineLog[WafRecord]:
    from simulator.edge.web_acl_upstream import waf_line  # noqa: PLC0415 few fronts have such a log

    return LineLog(file, waf_line, epoch_s)
