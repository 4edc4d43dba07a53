"""The runner: runs a scenario on either clock and returns its record.

Commands call `play`, which plans the services, opens the platform, starts traffic and timeline, waits for the end,
completes the records, and closes the platform.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

from simulator.assembly.composition import compose_platform
from simulator.fleet.ports import Driver, LaunchError
from simulator.model.extras import explain_missing
from simulator.model.times import RUN_START, RunTime
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.records.events import EventLogged, SecondClosed
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk
from simulator.replay.abort import aborting_check, is_aborting
from simulator.replay.progress import SilentWatcher, Watcher
from simulator.replay.request_backend import RequestBackend
from simulator.replay.run_context import ExportsOpened, PlatformOpened, RunContext, RunEnded, TrafficBegan
from simulator.replay.run_recorder import RowReader, RunRecorder
from simulator.replay.service_plans import service_plans
from simulator.replay.timeline import Timeline
from simulator.report.report import RunRecord
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.user_policy import GuardedPolicy, PolicyFailed, UserPolicyError
from simulator.traffic.live_overrides import LiveOverrides
from simulator.traffic.traffic import Traffic, virtual_traffic
from simulator.world import clock as clocks
from simulator.world.clock import ClockKind
from simulator.world.playback import Playback
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import first_of, until

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings
    from simulator.replay.control import RunControl
    from simulator.replay.downstream_proxies import DownstreamProxies
    from simulator.replay.live_traffic import LiveClients
    from simulator.telemetry.exporters import Exporters, ExportSettings


class BrokenRun(Exception):
    """The run itself failed; `__cause__` is the error.

    If `expected`, the message is sufficient, because the error is not a bug of the simulator.
    """

    def __init__(self, message: str, *, expected: bool) -> None:
        super().__init__(message)
        self.expected = expected


class InterruptedRun(Exception):
    """The run was interrupted before it began, so there is nothing to report."""


@dataclass(slots=True)
class Run:
    """One run of a scenario. `interrupt` ends it early; its records are completed in any case.

    If `live` is None, the run is in virtual time. `playback` is the playback speed of virtual time. `csv` and `rows`
    receive the row of each request. `journal` has the events of the run (run_context.py) and of its platform. Subscribe
    before the run.
    """

    scenario: ScenarioSpec
    live: LiveSettings | None = None
    watcher: Watcher = field(default_factory=SilentWatcher)
    csv: TextIO | None = None
    rows: RowReader | None = None
    playback: Playback | None = None
    exports: ExportSettings | None = None
    backend: RequestBackend | None = None  # processes the requests of virtual time; None: the platform's own objects do
    journal: Journal = field(default_factory=Journal)
    _interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    _traffic_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        if self.live is not None:
            self.scenario = self.scenario.with_measured_paths()

    @property
    def clock(self) -> ClockKind:
        return ClockKind.VIRTUAL if self.live is None else ClockKind.REAL

    def interrupt(self) -> None:
        """Interrupt the run. Call this only from the run's event loop."""
        self._interrupted.set()

    def end_traffic(self) -> None:
        """Send no further requests, and end the run when those in progress have ended. Only in real time, and only from
        the run's event loop.
        """
        self._traffic_ended.set()

    async def play(self) -> RunRecord:
        """Run the scenario. Raises the error that ended the run: LaunchError, OSError, an error of a policy or of a
        data file, or a bug.
        """
        recorder = RunRecorder(self.scenario, self.clock, self.journal, self.csv, self.rows)
        streams = RandomStreams(self.scenario.seed)
        proxies = self._proxies(streams, lambda: platform.clock.at_s())  # noqa: PLW0108 it comes later
        platform = compose_platform(
            service_plans(self.scenario, self.clock),
            streams,
            self.live,
            journal=self.journal,
            measured=self.exports is not None and self.exports.measures,
            make_supply=None if self.backend is None else self.backend.make_supply,
            made=_as_it_is if proxies is None else proxies.listen_inside,
        )
        zones = self.scenario.zones_spec
        platform.zones.divide(zones.count, rebalances=zones.rebalance)
        _protect(self.scenario, platform)
        clients: LiveClients | None = None

        def second_closed(_closed: SecondClosed) -> None:
            if self.watcher.due():
                self.watcher.update(recorder.view(platform, None if clients is None else clients.sent()))

        self.journal.subscribe(SecondClosed, second_closed)
        exporters = self._exporters(platform)
        _listen_to_user_policies(platform)
        control = self._control(platform, streams)
        try:
            if exporters is not None:
                await exporters.open()
                self.journal.publish(ExportsOpened(exporters))
            if proxies is not None:
                await proxies.open()
            clients = await self._open(platform, recorder, control)
            overrides = LiveOverrides(self.scenario.services) if self._is_watched else None
            traffic: Traffic
            if clients is not None:
                traffic = clients.start(self.scenario, platform, streams, overrides)
            elif self.backend is not None:
                traffic = self.backend.start(platform, recorder)
            else:
                traffic = virtual_traffic(self.scenario, platform, streams, recorder.log, overrides)
            if overrides is not None:
                context = RunContext(self.scenario, self.clock, platform, recorder, overrides, control)
                self.journal.publish(TrafficBegan(context))
            complete = await self._until_end(platform, traffic, control, recorder)
            if platform.clock.at_s() == RUN_START:
                raise InterruptedRun  # interrupted while the console waited for its first client
            record = recorder.record(platform, control.built_s if control is not None else {}, complete=complete)
            self.journal.publish(RunEnded(record))
        except LaunchError as error:
            raise LaunchError("\n  ".join([str(error), *platform.lines])) from error
        finally:
            if self.playback is not None:
                self.playback.release()  # closing is not subject to the playback speed
            await _close(platform, control, exporters)
            if proxies is not None:
                await proxies.close()
        return record

    def _proxies(self, streams: RandomStreams, at_s: Callable[[], RunTime]) -> DownstreamProxies | None:
        """Return the proxies of real servers that applications call; their addresses are in the scenario from now on.

        Raises OSError if no port is available.
        """
        if self.live is None or not any(
            use.at is not None and application.is_real
            for application in self.scenario.applications
            for use in application.downstream.values()
        ):
            return None
        from simulator.replay.downstream_proxies import DownstreamProxies  # noqa: PLC0415 few runs have real servers

        proxies = DownstreamProxies(self.scenario, streams, self.journal, at_s)
        self.scenario = proxies.scenario
        return proxies

    @property
    def _is_watched(self) -> bool:
        """True if a reader of the journal can act on the run while it is in progress."""
        return self.journal.has_reader(TrafficBegan)

    def _control(self, platform: Platform, streams: RandomStreams) -> RunControl | None:
        """Return the control plane. A watched run has one too, because its watcher may deploy; unused, it does not
        change the output of the run.
        """
        if not self._is_watched and not _calls_api(self.scenario):
            return None
        from simulator.replay.control import RunControl  # noqa: PLC0415 few runs have a control plane

        return RunControl(self.scenario, platform, streams, self.clock)

    def _exporters(self, platform: Platform) -> Exporters | None:
        if self.exports is None or not self.exports.is_wanted:
            return None
        from simulator.assembly.cloudwatch_feed import feed_run, run_view  # noqa: PLC0415 few runs export anything
        from simulator.telemetry.exporters import Exporters  # noqa: PLC0415

        view = run_view(platform, self.scenario.aws.region)
        exporters = Exporters(platform.metrics, self.exports, platform.clock.at_s, view)
        if exporters.tracing is not None:
            platform.trace(exporters.tracing)
        rows = exporters.rows([self.scenario.traffic[index].service for index in self.scenario.numbers.sources])
        if rows is not None:
            self.journal.subscribe(Chunk, rows)
        if exporters.cloudwatch is not None:
            feed_run(exporters.cloudwatch, platform, view)
        return exporters

    async def _open(self, platform: Platform, recorder: RunRecorder, control: RunControl | None) -> LiveClients | None:
        """Open the platform and start its clock. In real time, return connected clients."""
        opening = platform.tasks.spawn(self._connect(platform, recorder, control), "opening")
        interrupted = platform.tasks.spawn(self._interrupted.wait(), "interrupt while opening")
        if await first_of(opening, interrupted) == 1:
            raise InterruptedRun
        interrupted.cancel()
        clients: LiveClients | None = opening.result()
        self.journal.publish(PlatformOpened(platform))
        platform.start()
        return clients

    async def _connect(
        self, platform: Platform, recorder: RunRecorder, control: RunControl | None
    ) -> LiveClients | None:
        await platform.open()
        if control is not None:
            await control.open()
        if self.live is None:
            return None
        from simulator.replay.live_traffic import live_clients  # noqa: PLC0415 HTTP clients, for real time only

        return await live_clients(self.scenario, platform, recorder.log)

    async def _until_end(
        self, platform: Platform, traffic: Traffic, control: RunControl | None, recorder: RunRecorder
    ) -> bool:
        """Run the timeline and the traffic.

        Return True if the run reached its end, which a check may have caused, and False if it was interrupted.
        """
        tasks = platform.tasks
        tasks.spawn(Timeline(self.scenario.timeline, platform, control).run(), "timeline")
        ending = tasks.spawn(self._end(platform, traffic), "end of traffic")
        interrupted = tasks.spawn(self._interrupted.wait(), "interrupt")
        try:
            waited: list[asyncio.Future[Any]] = [tasks.failed, ending, interrupted]
            if is_aborting(self.scenario):
                waited.append(tasks.spawn(aborting_check(self.scenario, platform, recorder), "checks that end the run"))
            ended = await first_of(*waited)
            if ended == 0:
                tasks.failed.result()
            if ended == 3:
                recorder.aborted = waited[3].result()
            return ended != 2
        finally:
            await traffic.close()

    async def _end(self, platform: Platform, traffic: Traffic) -> None:
        """Wait until the duration is over and every request that was sent has ended (each ends, because the pool limits
        its time).
        """
        over = until(platform.clock.loop_s(RunTime(self.scenario.duration_s)))
        if self.live is None:
            await over
        else:
            tasks = platform.tasks
            await first_of(tasks.spawn(over, "duration"), tasks.spawn(self._traffic_ended.wait(), "end of traffic"))
        traffic.stop()
        await traffic.drained()


def _as_it_is(_: ServicePlan, driver: Driver) -> Driver:
    return driver


async def _close(platform: Platform, control: RunControl | None, exporters: Exporters | None) -> None:
    if exporters is not None:
        platform.count_last()
        await exporters.close()
    if control is not None:
        await control.close()
    await platform.close()
    if exporters is not None:
        await exporters.close_logs()


def _protect(scenario: ScenarioSpec, platform: Platform) -> None:
    """Associate the scenario's web ACLs with its services; record in the event log which parts cannot be evaluated."""
    for name, spec in scenario.services.items():
        if spec.web_acl is None:
            continue
        acl = spec.web_acl.build()
        platform.services[name].protect(acl)
        for gap in acl.gaps:
            platform.journal.record(EventLogged(RUN_START, name, f"Web ACL {acl.name}: not evaluated: {gap}"))


def _listen_to_user_policies(platform: Platform) -> None:
    """Write errors of a user's policy to the service's event log during the run."""
    for service in platform.services.values():
        if isinstance(service.autoscaler.policy, GuardedPolicy):
            service.autoscaler.policy.journal.subscribe(PolicyFailed, partial(_log_failure, platform, service.name))


def _log_failure(platform: Platform, service: str, failed: PolicyFailed) -> None:
    platform.journal.record(EventLogged(platform.clock.at_s(), service, failed.line))


def play(run: Run, *, signals: bool = True) -> RunRecord:
    """Play `run` on a new event loop. With `signals`, SIGINT and SIGTERM end it early; its record is complete up to
    then.

    Without `signals` it may be called from any thread, because the parent process handles the interrupt of a worker.

    Raises:
        ScenarioError: if the scenario cannot run on this clock, or a data file is invalid.
        BrokenRun: if the run itself failed.
        InterruptedRun: if it was interrupted before it began.
    """
    run.scenario.require(run.clock.value)
    make_loop = None if run.backend is None else run.backend.make_loop
    try:
        return clocks.run(run.clock, run.play, run.interrupt if signals else None, run.playback, make_loop)
    except (ScenarioError, InterruptedRun):
        raise
    except (LaunchError, OSError, UserPolicyError) as error:
        raise BrokenRun(str(error), expected=True) from error
    except Exception as error:
        if isinstance(error, ImportError) and (lacking := explain_missing(error)) is not None:
            raise BrokenRun(lacking, expected=True) from error
        raise BrokenRun(f"{type(error).__name__}: {error}", expected=False) from error


def _calls_api(scenario: ScenarioSpec) -> bool:
    """Return True if the run needs a control plane. Most runs need none, and import none of its code."""
    return any((event.deploy, event.api, event.maintenance) != (None, None, None) for event in scenario.timeline)
