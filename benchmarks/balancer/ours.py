"""This balancer as a process: the front of the live platform with one service, whose instance is a given origin.

    python -m benchmarks.balancer.ours ORIGIN_PORT TLS_PORT PLAIN_PORT CERTIFICATE [--metrics] [--traces]

The parts and their settings are those of the package `assembly`: `server-timing`, ejection, the autoscaler. Two things
differ: the instance is not started by the platform, and the plain port serves requests instead of redirecting them.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp

from benchmarks.balancer.places import ADDRESS, HOST, KEEP_ALIVE_S
from simulator.edge.gateway import Gateway
from simulator.edge.listener import listen
from simulator.edge.ports import RequestHandler
from simulator.edge.tracing import TracingHandler
from simulator.fleet.http.backend import HttpService
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import ExitStatus, InstanceSpec, ResourceUsage
from simulator.fleet.replicas.autoscaler import Autoscaler, ScaledRevision
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.model.data_plane import DataPlaneLimits
from simulator.records.events import SecondClosed
from simulator.records.journal import Journal
from simulator.records.metrics import Metrics
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.rules.region_prices import REGIONS
from simulator.rules.sampling import Sampling
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.telemetry.otlp.settings import Destination, OtlpSettings, TracesExport
from simulator.telemetry.prometheus.metrics_endpoint import MetricsEndpoint
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates
from simulator.world.clock import ClockKind, RunClock, epoch_s, run, utc_now
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from simulator.world.tasks import Tasks

# All settings but one are the defaults of the product: idle connections have to outlast their measurement.
SAMPLING = 0.01  # share of the requests that are traced

_LIMITS = DataPlaneLimits(idle_s=KEEP_ALIVE_S)


class GivenInstance(HttpService):
    """Implements `Backend` for an application that is started elsewhere."""

    def __init__(self, port: int) -> None:
        super().__init__(ADDRESS, port, _LIMITS)
        self.exited: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()

    def throttle(self) -> None:
        """Do nothing: the application belongs to another process."""

    def wake(self) -> float:
        return 0.0

    async def stop(self, grace_s: float) -> None:
        del grace_s
        await self.close()
        self.kill()

    def kill(self) -> None:
        if not self.exited.done():
            self.exited.set_result(ExitStatus(0))

    def usage(self) -> ResourceUsage | None:
        return None

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        return ""


class GivenDriver:
    """Implements `Launcher`: every instance is the application on the given port."""

    has_fixed_port = False

    def __init__(self, port: int) -> None:
        self._port = port

    async def launch(self, spec: InstanceSpec) -> GivenInstance:
        del spec
        return GivenInstance(self._port)

    async def close(self) -> None:
        """Do nothing: this driver has started nothing."""


async def serve(
    origin_port: int,
    tls_port: int,
    plain_port: int,
    state: Path,
    stop: asyncio.Event,
    *,
    measured: bool,
    traced: bool,
) -> None:
    """Serve until `stop` is set.

    `measured`: with everything that metrics need, and one scrape per second. `traced`: one in a hundred requests is
    sent to a collector as spans, and every instance receives the trace context.
    """
    streams, clock, journal = RandomStreams(1), RunClock(), Journal()
    time = running_loop().time
    settings = PoolSettings("web")
    policy = FixedPolicy(FixedParameters(), settings.scaling)
    metrics = Metrics(clock.at_s)
    pool = Pool(settings, EjectionSettings(), outcomes=metrics.of("web").outcomes if measured else None)
    if measured:
        metrics.follow(journal)
        metrics.of("web").priced(settings.size, REGIONS["us-east-1"], 0.0)
    certificates = ServerCertificates(CertificateAuthority(state, utc_now()), utc_now())
    certificates.add(HOST, utc_now())
    gateway = Gateway(_LIMITS, clock=time, epoch_s=epoch_s, streams=streams, server_timing=True)
    gateway.add(HOST, pool)
    handler: RequestHandler = gateway
    async with Tasks("platform") as tasks:
        driver = GivenDriver(origin_port)
        replica_set = ReplicaSet(settings, pool, driver, policy.actuator, clock=clock, journal=journal, tasks=tasks)
        await replica_set.begin()
        clock.start()
        replica_set.settle()
        if measured:
            journal.subscribe(SecondClosed, lambda closed: metrics.sampled(*closed, replica_set.active))
        autoscaler = Autoscaler(ScaledRevision(pool, replica_set), policy, clock=clock, journal=journal)
        tasks.spawn(autoscaler.run(), "autoscaler")
        if measured:
            endpoint = MetricsEndpoint(metrics, 0)
            await endpoint.open()
            tasks.spawn(_scrape(endpoint), "scrapes")
        if traced:
            handler = await _traced(gateway, streams, tasks)
        tls = await listen(handler, ADDRESS, tls_port, certificates=certificates)
        plain = await listen(handler, ADDRESS, plain_port)
        await stop.wait()
        await tls.close(0)
        await plain.close(0)


async def _traced(gateway: Gateway, streams: RandomStreams, tasks: Tasks) -> TracingHandler:
    sink = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.balancer.sink", stdout=asyncio.subprocess.PIPE
    )
    assert sink.stdout is not None
    port = int(await sink.stdout.readline())
    traces = TracesExport(Destination(f"http://{ADDRESS}:{port}/v1/traces"), Sampling(SAMPLING))
    exporters = Exporters(None, ExportSettings(otlp=OtlpSettings(traces=traces)), lambda: 0.0)
    await exporters.open()
    assert exporters.tracing is not None

    async def until_stopped() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            sink.kill()

    tasks.spawn(until_stopped(), "collector")
    return TracingHandler(
        gateway, exporters.tracing, epoch_s=epoch_s, streams=streams, instance_id=lambda _, number: str(number)
    )


async def _scrape(endpoint: MetricsEndpoint) -> None:
    """Scrape once per second, fifteen times as often as Prometheus by default.

    The CPU time of this client is included.
    """
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(endpoint.url) as answer:
                await answer.read()
            await asyncio.sleep(1)


def main() -> None:
    origin_port, tls_port, plain_port = map(int, sys.argv[1:4])
    # The folder of the authority contains the certificates that it issued, and the given certificate is one of them.
    state = Path(sys.argv[4]).parent.parent
    stops: list[asyncio.Event] = []

    async def until_stopped() -> None:
        stop = asyncio.Event()
        stops.append(stop)
        options = sys.argv[5:]
        measured, traced = "--metrics" in options, "--traces" in options
        await serve(origin_port, tls_port, plain_port, state, stop, measured=measured, traced=traced)

    def end() -> None:
        stops[0].set()

    run(ClockKind.REAL, until_stopped, on_interrupt=end)


if __name__ == "__main__":
    main()
