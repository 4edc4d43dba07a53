"""The live front: a TLS listener that routes by host, a plain one that redirects to it, and the local authority."""

from __future__ import annotations

import asyncio
import io
import secrets
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simulator.edge.access_line import LINES, Entry, LogFormat
from simulator.edge.access_log import AccessLog, Overheard
from simulator.edge.door import Door, Lane
from simulator.edge.gateway import Gateway
from simulator.edge.listener import Listener, listen
from simulator.edge.plain import PlainGateway
from simulator.edge.redirect import Redirect
from simulator.edge.tracing import TracedDoor
from simulator.fleet.docker_engine import DEFAULT_HOST, check_host
from simulator.model.data_plane import DataPlaneLimits, Profile
from simulator.records.request_trace import Tracing
from simulator.rules.ejection import EjectionSettings
from simulator.wire.ca import CertificateAuthority
from simulator.wire.listening import CannotListen
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.chance import Chance
from simulator.world.clock import epoch_s, utc_now

HOST = "127.0.0.1"  # no listener of a run is reachable from another machine
REGION = "us-east-1"  # of URLs, when nobody says
# How long connections may take to say goodbye when a run is over; every request has ended by then.
GOODBYE_S = 1.0
# How often certificates are looked at; they are renewed ten days before their end (wire/ca.py).
RENEWAL_S = 3600.0
_SEED_BITS = 63


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The live front. `state` keeps the local CA; ports of 0 are any free ones. `http_port_or_any`: any free one where
    `http_port` is taken.

    `server_timing`: answers tell the split of their time in a `server-timing` field; App Runner's do not.
    `websocket`: let requests for one through; App Runner rejects them. `ejection`: what takes failing instances out of
    service for a while; None leaves that to health checks. `access_log` stays its owner's to close.
    `engine`: where the container engine is, `unix:///path` or `tcp://host:port`.

    Raises:
        ValueError: when `engine` is no such place.
    """

    state: Path
    https_port: int = 0
    http_port: int = 0
    http_port_or_any: bool = False
    region: str = REGION
    server_timing: bool = True
    limits: DataPlaneLimits = field(default_factory=DataPlaneLimits)
    profile: Profile = Profile.APP_RUNNER
    websocket: bool = False
    ejection: EjectionSettings | None = field(default_factory=EjectionSettings)
    access_log: io.RawIOBase | None = None
    access_log_format: LogFormat = LogFormat.JSON
    engine: str = DEFAULT_HOST

    def __post_init__(self) -> None:
        check_host(self.engine)


class Front:
    """The live front: a TLS listener that routes by host, and a plain one that redirects to it."""

    def __init__(self, settings: LiveSettings, chance: Chance) -> None:
        """Raises OSError or ValueError when the state folder does not serve."""
        self._settings = settings
        self._time = asyncio.get_running_loop().time
        now = utc_now()
        self._authority = local_authority(settings.state)
        self._certificates = ServerCertificates(self._authority, now)
        self._renewal: asyncio.TimerHandle | None = None
        self.access_log: AccessLog | None = None
        if settings.access_log is not None:
            self.access_log = AccessLog(settings.access_log, LINES[settings.access_log_format], epoch_s)
        gateway = PlainGateway if settings.profile is Profile.PLAIN else Gateway
        self._gateway = gateway(
            settings.limits,
            clock=self._time,
            epoch_s=epoch_s,
            chance=chance,
            server_timing=settings.server_timing,
            websocket=settings.websocket,
            access_log=self.access_log,
        )
        self._door: Door = self._gateway
        self._https: Listener | None = None
        self._http: Listener | None = None

    @property
    def root_certificate(self) -> Path:
        """What clients have to trust."""
        return self._authority.certificate_path

    @property
    def own_answers(self) -> Counter[int]:
        """How often it answered for no service, by status: unknown hosts, what is no request, redirects."""
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
        """What the settings ask for; 0 is any."""
        return self._settings.http_port

    def url(self, host: str) -> str:
        return f"https://{host}:{self.https_port}"

    def client_context(self) -> ssl.SSLContext:
        """For clients of our own."""
        return client_context(self._authority)

    def overhear(self, hear: Callable[[Entry], None] | None) -> None:
        """From now on `hear` is told of every request of a service as it ends; None: nobody is."""
        self._gateway.access_log = self.access_log if hear is None else Overheard(hear, self.access_log)

    def trace(self, tracing: Tracing, instance_id: Callable[[str, int], str]) -> None:
        """Requests are traced from the opening on, which comes later. `instance_id`: of a service's nth instance."""
        assert self._https is None, "the listener has its door already"
        # Not the run's chance: the same scenario played again makes other traces.
        chance = Chance(secrets.randbits(_SEED_BITS))
        self._door = TracedDoor(self._gateway, tracing, epoch_s=epoch_s, chance=chance, instance_id=instance_id)

    async def open(self) -> None:
        """Raises OSError when a port cannot be had."""
        self._renewal = asyncio.get_running_loop().call_later(RENEWAL_S, self._renew)
        settings = self._settings
        self._https = await listen(self._door, HOST, settings.https_port, certificates=self._certificates)
        redirect = Redirect(
            self._https.port,
            settings.limits,
            clock=self._time,
            epoch_s=epoch_s,
            access_log=self.access_log,
            own_answers=self.own_answers,
            knows=self._gateway.knows,
        )
        try:
            self._http = await listen(redirect, HOST, settings.http_port)
        except CannotListen:
            if not settings.http_port_or_any:
                raise
            self._http = await listen(redirect, HOST, 0)

    def add_host(self, host: str, lane: Lane) -> None:
        """Requests for `host`, a custom domain say, go to `lane` from now on, with a certificate of its own.

        Replaces in one step what was there.

        Raises:
            ValueError: when `host` is not a host name.
        """
        if not self._certificates.knows(host):
            self._certificates.add(host, utc_now())
        self._gateway.add(host, lane)

    def remove_host(self, host: str) -> None:
        """Requests for `host` get 404; those under way go on."""
        self._gateway.remove(host)
        self._certificates.remove(host)

    def _renew(self) -> None:
        self._certificates.renew(utc_now())
        self._renewal = asyncio.get_running_loop().call_later(RENEWAL_S, self._renew)

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        for listener in (self._http, self._https):
            if listener is not None:
                await listener.close(GOODBYE_S)
        if self.access_log is not None:
            await self.access_log.close()


def local_authority(state: Path) -> CertificateAuthority:
    """The authority in `state`, which is made if there is none. Raises OSError, ValueError."""
    return CertificateAuthority(state / "ca", utc_now())


def service_host(service: str, region: str, chance: Chance) -> str:
    """App Runner's service URL with a top-level domain that resolves to loopback everywhere (RFC 6761)."""
    return f"{chance.identifier('service-url', service, length=10)}.{region}.awsapprunner.localhost"
