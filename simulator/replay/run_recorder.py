"""Records a run: reads its request log and journal, and returns the input of the report."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TextIO

from simulator.model.times import RunTime
from simulator.platform.platform import Platform, Service
from simulator.records.background.background_stats import BackgroundStats
from simulator.records.concurrency_series import ConcurrencySeries
from simulator.records.downstream.downstream_stats import DownstreamStats
from simulator.records.evaluation_log import EvaluationLog
from simulator.records.events import (
    ImagePulled,
    InstanceImitated,
    PolicyEvaluated,
    RequestRetried,
    RevisionSwitched,
    SecondClosed,
)
from simulator.records.instance_time import InstanceTime
from simulator.records.journal import Journal
from simulator.records.request_csv import RequestCsv
from simulator.records.request_log import Chunk, RequestLog
from simulator.records.request_stats import RealServiceTime, StatsBySource
from simulator.records.rolling import Rolling
from simulator.records.series import RequestSeries
from simulator.replay.progress import ProgressView
from simulator.report.checks import CheckResult
from simulator.report.report import RunRecord, ServiceRun, SourceRun
from simulator.report.requests import series_part
from simulator.report.schema import SeriesPart
from simulator.report.services import desired_steps
from simulator.report.verdict.service_facts import facts_of
from simulator.rules.policies.port import Sample
from simulator.rules.pricing import InstanceUsage
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.policy_fit import policy_notes
from simulator.world.clock import ClockKind

SECONDS_PER_MINUTE = 60.0
_NOTICED = 0.2
_NOTICED_RPS = 1.0
OFFERED_WINDOW_S = 5  # the same window as that of the rolling view of served requests


class Recent(NamedTuple):
    """The rates of a service in the last seconds: requests/s that arrived, and requests/s that were rejected."""

    offered_rps: float
    rejected_rps: float


class OwnLoad(NamedTuple):
    """The number of requests that the run itself has sent, and how many of them have no outcome yet."""

    sent: int
    unfinished: int


class ViewBegins(NamedTuple):
    """A live view is about to be created. Readers first pass requests that are not in the log to
    `RunRecorder.watched`.
    """

    at_s: RunTime


class RowReader(Protocol):
    """Receives the rows of all requests of a run, in the order in which they ended."""

    def read(self, chunk: Chunk, /) -> None: ...


class RunRecorder:
    """Records a run from the events of its journal. `csv` receives a row for each request when it ends, and so does
    `rows`.
    """

    def __init__(
        self,
        scenario: ScenarioSpec,
        clock: ClockKind,
        journal: Journal,
        csv: TextIO | None = None,
        rows: RowReader | None = None,
    ) -> None:
        self.log = RequestLog(journal)
        self._journal = journal
        self._sent: deque[tuple[float, int]] = deque()  # (time, requests sent until then), for the window of the rates
        self._scenario = scenario
        self._clock = clock
        sources = len(scenario.numbers.sources)
        self.stats_by_source = StatsBySource(sources, scenario.warm_up_s)
        self.series = RequestSeries(sources, scenario.duration_s)
        self.downstream = DownstreamStats(scenario.warm_up_s, scenario.duration_s)
        self.downstream.follow(journal)
        self._rolling = Rolling(OFFERED_WINDOW_S)
        # A defaultdict, because a timeline may create services.
        self._recent: defaultdict[str, deque[Sample]] = defaultdict(lambda: deque(maxlen=OFFERED_WINDOW_S))
        self._concurrency_series: defaultdict[str, ConcurrencySeries] = defaultdict(ConcurrencySeries)
        self._evaluations: defaultdict[str, EvaluationLog] = defaultdict(EvaluationLog)
        for reader in (self.stats_by_source, self.series, self._rolling):
            journal.subscribe(Chunk, reader.read)
        self.row_readers: list[Callable[[Chunk], None]] = []  # called with every row, in addition to the counters
        self.aborted: CheckResult | None = None  # the check that ended the run
        if csv is not None:
            names = [scenario.traffic[index].name for index in scenario.numbers.sources]
            self.row_readers.append(RequestCsv(csv, names, scenario.warm_up_s, self.log.rules).read)
        if rows is not None:
            self.row_readers.append(rows.read)
        for read in self.row_readers:
            journal.subscribe(Chunk, read)
        self._real_service_time = _real_service_time(scenario, clock, journal)
        journal.subscribe(RequestRetried, self.stats_by_source.retried)
        journal.subscribe(SecondClosed, self._second_closed)
        self.background = BackgroundStats()
        self.background.follow(journal)
        self._image_pulls: list[ImagePulled] = []
        journal.subscribe(ImagePulled, self._image_pulls.append)
        journal.subscribe(PolicyEvaluated, self._evaluated)
        self._switches: list[RevisionSwitched] = []
        journal.subscribe(RevisionSwitched, self._switches.append)

    def watched(self, ended: Chunk) -> None:
        """Count ended requests that are not in the log, for a live view."""
        self._rolling.read(ended)

    def _second_closed(self, closed: SecondClosed) -> None:
        """Store the sample of a finished second of a service, for the window of the live view."""
        service, sample = closed
        self._recent[service].append(sample)
        self._concurrency_series[service].add(sample.second, sample.in_flight, sample.waiting)

    def _evaluated(self, evaluation: PolicyEvaluated) -> None:
        self._evaluations[evaluation.service].note(evaluation.at_s, evaluation.decision)

    def recent(self, service: str) -> Recent:
        """Return the rates of a service over the last whole seconds."""
        recent = self._recent[service]
        seconds = max(1, len(recent))
        return Recent(sum(sample.arrivals for sample in recent) / seconds, sum(s.rejected for s in recent) / seconds)

    def series_so_far(self, platform: Platform, service: Service, times: InstanceTime) -> SeriesPart:
        """Return the report's series of a service up to now, for a live view.

        `times` must have read the journal up to now.
        """
        self.log.flush()
        sources = self._scenario.numbers.of_sources(self._scenario.sources_of(service.name))
        # All columns use the same "now": the end of the last finished second. Requests in progress are in no bin yet.
        now_s = platform.clock.at_s()
        ended_s = max(1e-6, now_s if now_s < 1 or now_s >= self._scenario.duration_s else float(math.floor(now_s)))
        scaling = self._scenario.services[service.name].scaling
        desired = desired_steps(service.name, platform.journal.events, scaling.min_size)
        return series_part(self.series, sources, desired, times, ended_s)

    def concurrency_series(self, service: str) -> ConcurrencySeries:
        return self._concurrency_series[service]

    def view(self, platform: Platform, own: OwnLoad | None = None) -> ProgressView:
        """Return the current state of the run, all services together.

        `own` has the requests that the run itself has sent: in real time other clients may use the services too, so the
        pools get more requests. None if there are no others.
        """
        self.log.flush()
        now_s = platform.clock.at_s()
        self._journal.publish(ViewBegins(now_s))
        recent = self._rolling.recent(now_s)
        services = platform.services.values()
        revisions = [revision for service in services for revision in service.revisions]
        offered_rps = sum(self.recent(name).offered_rps for name in self._recent)
        in_flight = sum(revision.pool.in_flight for revision in revisions)
        waiting = sum(revision.pool.queued for revision in revisions)
        outside_rps = 0.0
        if own is not None:
            own_rps = self._own_rps(now_s, own.sent)
            outside_rps = max(0.0, offered_rps - own_rps)
            if outside_rps < _NOTICED * own_rps + _NOTICED_RPS:
                outside_rps = 0.0  # the two counts are of seconds that do not begin at the same moment
            offered_rps = own_rps
            in_flight = min(in_flight, own.unfinished)
            waiting = min(waiting, own.unfinished - in_flight)
        return ProgressView(
            now_s=now_s,
            duration_s=self._scenario.duration_s,
            offered_rps=offered_rps,
            served_rps=recent.served_rps,
            failed_rps=recent.failed_rps,
            in_flight=in_flight,
            waiting=waiting,
            active=sum(revision.replica_set.active for revision in revisions),
            provisioned=sum(revision.replica_set.provisioned for revision in revisions),
            desired=sum(service.revision.replica_set.desired for service in services if service.revision is not None),
            p50_s=recent.p50_s,
            p99_s=recent.p99_s,
            outside_rps=outside_rps,
        )

    def _own_rps(self, now_s: float, sent: int) -> float:
        """Return the mean rate of the last seconds; at the first call, the mean since the start."""
        looks = self._sent
        looks.append((now_s, sent))
        while len(looks) > 2 and looks[1][0] <= now_s - OFFERED_WINDOW_S:
            looks.popleft()
        since_s, before = looks[0] if len(looks) > 1 else (0.0, 0)
        return (sent - before) / max(now_s - since_s, 1.0)

    def record(self, platform: Platform, built_s: Mapping[str, float], *, complete: bool) -> RunRecord:
        """Return the complete input of the report, up to now. Call this before the platform is closed: policies still
        decide while it closes, which is no part of the run.

        `built_s` has the seconds of builds by service.
        """
        self.log.flush()
        scenario = self._scenario
        ended_s = platform.clock.at_s()
        self.downstream.end(ended_s)
        self.background.end(ended_s)
        return RunRecord(
            scenario=scenario.name,
            scenario_sha256=_digest(scenario),
            seed=scenario.seed,
            clock=self._clock.value,
            duration_s=scenario.duration_s,
            ended_s=ended_s,
            warm_up_s=scenario.warm_up_s,
            complete=complete,
            services=[
                self._service_run(service, ended_s, built_s.get(service.name, 0.0))
                for service in platform.services.values()
                if service.revisions
            ],
            sources=[SourceRun(source.name, source.service) for source in scenario.traffic],
            numbers=scenario.numbers,
            rules=self.log.rules.names,
            aborted=self.aborted,
            stats_by_source=self.stats_by_source,
            series=self.series,
            events=list(platform.journal.events),
            checks=scenario.checks,
            concurrency_series=self._concurrency_series,
            notes=policy_notes(scenario),
            downstream=self.downstream.resources,
            image_pulls=list(self._image_pulls),
            switches=[switch for switch in self._switches if switch.at_s > 0],
            background=self.background.works,
            real_service_time={} if self._real_service_time is None else self._real_service_time.by_number,
        )

    def _service_run(self, service: Service, ended_s: float, built_s: float) -> ServiceRun:
        first = service.revisions[0].plan
        run = ServiceRun(
            name=service.name,
            size=first.settings.size,
            policy=first.policy.name,
            scaling=first.settings.scaling,
            evaluations=list(self._evaluations[service.name].kept),
            web_acl=service.acl_name,
            web_acl_counts=dict(service.web_acl_counts),
            usages=_usages(service, ended_s),
            build_minutes=built_s / SECONDS_PER_MINUTE,
        )
        spec = self._scenario.services.get(service.name)
        if spec is None:
            return run  # a service that the timeline created
        sources = [self._scenario.traffic[index] for index in self._scenario.sources_of(service.name)]
        deploys = any(event.deploys_version_of(service.name) for event in self._scenario.timeline)
        return run._replace(
            facts=facts_of(spec, sources, deploys_versions=deploys),
            region=spec.prices.region,
            rates=spec.prices.rates,
            automatic_deployments=spec.source.auto_deployments,
        )


def _real_service_time(scenario: ScenarioSpec, clock: ClockKind, journal: Journal) -> RealServiceTime | None:
    """Return the reader of service times of real instances; None if no service has a real and a simulated application,
    or in virtual time.
    """
    names = scenario.measurable_services if clock is ClockKind.REAL else frozenset()
    if not names:
        return None
    services = [scenario.traffic[index].service for index in scenario.numbers.sources]
    measured = RealServiceTime([name if name in names else None for name in services], scenario.warm_up_s)
    journal.subscribe(InstanceImitated, measured.imitated)
    journal.subscribe(Chunk, measured.read)
    return measured


def _usages(service: Service, ended_s: float) -> Sequence[InstanceUsage]:
    """Return the usage of each instance of each revision until now; an instance that never started has used nothing."""
    usages = []
    for revision in service.revisions:
        replica_set = revision.replica_set
        for instance in replica_set.instances.values():
            if instance.launched_at_s < 0:
                continue
            until_s = instance.stopped_at_s if instance.stopped_at_s >= 0 else ended_s
            activations = list(instance.activations)
            if instance.activation_at_s >= 0:
                activations.append((instance.activation_at_s, replica_set.activity.activation_end_at_s(instance)))
            launched_s = instance.launched_at_s
            usages.append(InstanceUsage(until_s - launched_s, activations, revision.settings.size, launched_s))
    return usages


def _digest(scenario: ScenarioSpec) -> str:
    """Return the SHA-256 of the scenario's text as it was read, followed by its data files in the order of the
    scenario.
    """
    text, files = scenario.text, scenario.files
    digest = hashlib.sha256() if text is None else hashlib.sha256(text.encode())
    for path in files if text is None else files[1:]:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
