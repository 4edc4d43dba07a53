"""The composition root: builds a platform for the live or the virtual world.

The only module that names concrete drivers and listeners. Everything above it says what it wants as plain values
(`ServicePlan`, `LiveSettings`); everything below it cannot tell which world it is in.
"""

from __future__ import annotations

import asyncio
import io
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from simulator.control.autoscaler import Autoscaler
from simulator.edge.access_line import LINES, LogFormat
from simulator.edge.access_log import AccessLog
from simulator.edge.gateway import Gateway
from simulator.edge.listener import Listener, listen
from simulator.edge.plain import PlainGateway
from simulator.edge.redirect import Redirect
from simulator.fleet.application import SimulatedApplication
from simulator.fleet.driver import Driver
from simulator.fleet.exchange import Exchange
from simulator.fleet.http_backend import HttpService
from simulator.fleet.instance import Instance
from simulator.fleet.pool import Pool
from simulator.fleet.process import ProcessApplication, ProcessDriver
from simulator.fleet.roster import Roster
from simulator.fleet.settings import PoolSettings
from simulator.fleet.simulated import SimulatedDriver
from simulator.fleet.wire_faults import WireFaults
from simulator.model.data_plane import DataPlaneLimits, Profile
from simulator.model.units import duration_text
from simulator.model.wire_fault import WireFault
from simulator.records.facts import EventLogged
from simulator.records.journal import Journal
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Policy, Sample
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.chance import Chance
from simulator.world.clock import RunClock, epoch_s, utc_now
from simulator.world.tasks import Tasks

__all__ = [
    "Application",
    "LiveSettings",
    "LogFormat",
    "Platform",
    "ProcessApplication",
    "Profile",
    "Service",
    "ServicePlan",
    "local_authority",
]

Application = SimulatedApplication | ProcessApplication

HOST = "127.0.0.1"  # no listener of a run is reachable from another machine
REGION = "us-east-1"  # of URLs, when nobody says
LINES_KEPT = 20  # of the instances' output, for the message of a run that broke
# How long connections may take to say goodbye when a run is over; every request has ended by then.
GOODBYE_S = 1.0
# How often certificates are looked at; they are renewed ten days before their end (wire/ca.py).
RENEWAL_S = 3600.0


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service as it is wanted: its pool, its policy (a fresh one for every platform), and what runs in it."""

    settings: PoolSettings
    policy: Policy
    application: Application
    needs: frozenset[str] = frozenset()  # signals beyond concurrency that the policy reads: "cpu", "latency"


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """The live front. `state` keeps the local CA; ports of 0 are any free ones.

    `server_timing`: answers tell the split of their time in a `server-timing` field; App Runner's do not.
    `websocket`: let requests for one through; App Runner refuses them. `ejection`: what takes failing instances out of
    service for a while; None leaves that to health checks. `access_log` stays its owner's to close.
    """

    state: Path
    https_port: int = 0
    http_port: int = 0
    region: str = REGION
    server_timing: bool = True
    limits: DataPlaneLimits = field(default_factory=DataPlaneLimits)
    profile: Profile = Profile.APP_RUNNER
    websocket: bool = False
    ejection: EjectionSettings | None = field(default_factory=EjectionSettings)
    access_log: io.RawIOBase | None = None
    access_log_format: LogFormat = LogFormat.JSON


class Service:
    """One running service. `host` is the name of its URL."""

    def __init__(self, plan: ServicePlan, platform: Platform, host: str) -> None:
        self.name = plan.settings.service
        self.host = host
        self.settings = plan.settings
        self.driver, self.draw = _driver(plan, platform)
        self.pool = Pool(
            plan.settings,
            platform.ejection if isinstance(plan.application, ProcessApplication) else None,
            platform.chance.stream("service", self.name, "balancing").random,
        )
        self.pool.outliers.on_change = lambda instance, until_s: platform.ejection_changed(self.name, instance, until_s)
        self.roster = Roster(
            self.pool,
            self.driver,
            plan.policy.actuator,
            clock=platform.clock,
            journal=platform.journal,
            tasks=platform.tasks,
        )
        self.autoscaler = Autoscaler(
            self.pool,
            self.roster,
            plan.policy,
            clock=platform.clock,
            journal=platform.journal,
            on_sample=lambda sample: platform.on_sample(self.name, sample),
            cpu_used_s=_cpu_used_s(self.driver) if "cpu" in plan.needs else None,
        )
        if "latency" in plan.needs:
            self.pool.keep_latencies()
        self._faults = WireFaults(platform.chance.stream("service", self.name, "wire faults").random)

    def add_fault(self, fault: WireFault) -> int:
        """On the wire to its instances, from now on; the number is for `remove_fault`."""
        self.pool.faults = self._faults
        return self._faults.add(fault)

    def remove_fault(self, number: int) -> None:
        self._faults.remove(number)
        if not self._faults.is_active:
            self.pool.faults = None


class Platform:
    """Services and what they share; close it in every case. `live` opens sockets, None is for virtual time.

    `on_sample` hears every closed second of every service; `lines` holds the last lines that instances wrote.
    """

    def __init__(
        self,
        plans: Sequence[ServicePlan],
        chance: Chance,
        on_sample: Callable[[str, Sample], None] = lambda _service, _sample: None,
        live: LiveSettings | None = None,
    ) -> None:
        self.chance = chance
        self.clock = RunClock()
        self.journal = Journal()
        self.tasks = Tasks("platform")
        self.on_sample = on_sample
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.limits = live.limits if live is not None else DataPlaneLimits()
        self.ejection = live.ejection if live is not None else None
        region = live.region if live is not None else REGION
        self.services = {
            plan.settings.service: Service(plan, self, _host(plan.settings.service, region, chance)) for plan in plans
        }
        self.front = Front(live, chance) if live is not None else None

    async def open(self) -> None:
        """Bring every service to its initial size, then let requests in.

        Raises:
            LaunchError: when an instance does not become ready.
            OSError: when a port cannot be had or the state folder not be written.
        """
        for service in self.services.values():
            await service.roster.begin()
        if self.front is not None:
            await self.front.open(list(self.services.values()))

    def ejection_changed(self, service: str, instance: Instance, until_s: float) -> None:
        """An instance left service for a while, or is back (`until_s` 0)."""
        line = f"Instance {instance.number} gets requests again"
        if until_s:
            wait_s = until_s - asyncio.get_running_loop().time()
            line = f"Instance {instance.number} keeps failing requests and gets none for {duration_text(wait_s)}"
        self.journal.record(EventLogged(self.clock.at_s(), service, line))

    def start(self) -> None:
        """The run begins now: its clock is at 0, its instances are those of a service that has been there before."""
        self.clock.start()
        for service in self.services.values():
            service.roster.settle()
            self.tasks.spawn(service.autoscaler.run(), f"autoscaler of {service.name}")

    async def close(self) -> None:
        """Close the front, stop every instance, in order, and wait until nothing of them is left."""
        if self.front is not None:
            await self.front.close()
        lives: list[asyncio.Task[None]] = []
        for service in self.services.values():
            lives += service.roster.dismiss()
        if lives:
            await asyncio.wait(lives)
        await self.tasks.close()
        for service in self.services.values():
            await service.driver.close()


class Front:
    """The live front: a TLS listener that routes by host, and a plain one that redirects to it."""

    def __init__(self, settings: LiveSettings, chance: Chance) -> None:
        """Raises OSError or ValueError when the state folder does not serve."""
        self._settings = settings
        self._time = asyncio.get_running_loop().time
        now = utc_now()
        self._authority = _authority(settings.state)
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
        self._https: Listener | None = None
        self._http: Listener | None = None

    @property
    def root_certificate(self) -> Path:
        """What clients have to trust."""
        return self._authority.certificate_path

    @property
    def https_port(self) -> int:
        assert self._https is not None
        return self._https.port

    @property
    def http_port(self) -> int:
        assert self._http is not None
        return self._http.port

    def url(self, service: Service) -> str:
        return f"https://{service.host}:{self.https_port}"

    def client_context(self) -> ssl.SSLContext:
        """For clients of our own."""
        return client_context(self._authority)

    async def open(self, services: Sequence[Service]) -> None:
        """Raises OSError when a port cannot be had."""
        for service in services:
            self.add_host(service.host, service)
        self._renewal = asyncio.get_running_loop().call_later(RENEWAL_S, self._renew)
        settings = self._settings
        self._https = await listen(self._gateway, HOST, settings.https_port, certificates=self._certificates)
        redirect = Redirect(
            self._https.port, settings.limits, clock=self._time, epoch_s=epoch_s, access_log=self.access_log
        )
        self._http = await listen(redirect, HOST, settings.http_port)

    def add_host(self, host: str, service: Service) -> None:
        """Requests for `host`, a custom domain say, go to `service` from now on, with a certificate of its own.

        Raises:
            ValueError: when `host` is not a host name.
        """
        self._certificates.add(host, utc_now())
        self._gateway.add(host, service.pool)

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


def local_authority(state: Path) -> Path:
    """The root certificate of the authority in `state`, which is made if there is none. Raises OSError, ValueError."""
    return _authority(state).certificate_path


def _authority(state: Path) -> CertificateAuthority:
    return CertificateAuthority(state / "ca", utc_now())


def _host(service: str, region: str, chance: Chance) -> str:
    """App Runner's service URL with a top-level domain that resolves to loopback everywhere (RFC 6761)."""
    return f"{chance.identifier('service-url', service, length=10)}.{region}.awsapprunner.localhost"


def _driver(plan: ServicePlan, platform: Platform) -> tuple[Driver, Callable[[Exchange], None]]:
    """The driver of the application's kind, and who draws the work of a simulated request on its arrival."""
    application = plan.application
    if isinstance(application, SimulatedApplication):
        simulated = SimulatedDriver(application, platform.chance, plan.settings.service)
        return simulated, simulated.work.draw
    driver = ProcessDriver(
        application,
        partial(HttpService, limits=platform.limits),
        lambda service, number, _stream, line: platform.lines.append(f"{service}/{number}: {line}"),
    )
    return driver, _no_draw


def _cpu_used_s(driver: Driver) -> Callable[[], float]:
    """Of processes nobody measures it yet; whoever plans has seen to it that it is not asked for."""
    assert isinstance(driver, SimulatedDriver), "the CPU of real instances is not measured"
    return driver.cpu_used_s


def _no_draw(_: Exchange) -> None:
    """A real instance's work is its own."""
