"""A constructed run with data for every part of the report, for tests of the report and of its presentation."""

from __future__ import annotations

from simulator.model.instance import InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.model.times import RunTime
from simulator.records.events import (
    ConfigurationChanged,
    Event,
    EventLogged,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)
from simulator.records.instance_time import InstanceTime
from simulator.records.journal import Journal
from simulator.records.request_log import Chunk, RequestLog
from simulator.records.request_stats import StatsBySource
from simulator.records.series import RequestSeries
from simulator.report.report import RunRecord, ServiceRun, SourceRun
from simulator.rules.pricing import InstanceUsage
from simulator.scenario.check_expression import CheckExpression, parse_check
from simulator.world.random_streams import RandomStreams

S = InstanceState
DURATION_S = 120.0
WARM_UP_S = 10.0
SIZE = InstanceSize(1024, 2048)


def moved(at_s: float, instance: int, before: InstanceState, after: InstanceState, why: str = "test") -> InstanceMoved:
    return InstanceMoved(RunTime(at_s), "web", instance, before, after, why)


def decided(at_s: float, before: int, desired: int, service: str = "web") -> ScalingDecided:
    return ScalingDecided(
        RunTime(at_s),
        service,
        "app-runner",
        before,
        desired,
        f"ceil({desired * 7 - 1:.1f} / (0.7 x 10)) = {desired}",
        f"{desired * 7 - 1} requests in flight on average over the last 10 s",
        (("in_flight", desired * 7.0 - 1), ("target", 7.0)),
        ("max_size 3",) if desired == 3 else (),
    )


FACTS: tuple[Event, ...] = (
    moved(0.0, 1, S.PROVISIONING, S.STARTING),
    moved(2.0, 1, S.STARTING, S.ACTIVE),
    EventLogged(RunTime(2.0), "web", "Health check is successful. Routing traffic to application."),
    decided(30.0, 1, 3),
    moved(35.0, 2, S.PROVISIONING, S.STARTING),
    moved(35.0, 3, S.PROVISIONING, S.STARTING),
    moved(40.0, 2, S.STARTING, S.ACTIVE),
    moved(42.0, 3, S.STARTING, S.ACTIVE),
    TimelineActed(RunTime(60.0), "kill instance", "instance 2 of web"),
    moved(60.0, 2, S.ACTIVE, S.STOPPED),
    ConfigurationChanged(RunTime(70.0), "web", 20, 1, 4),
    decided(90.0, 3, 1),
    moved(90.0, 3, S.ACTIVE, S.DRAINING),
    moved(95.0, 3, S.DRAINING, S.STOPPED),
    moved(100.0, 1, S.ACTIVE, S.IDLE),
)


def checks(*texts: str) -> list[CheckExpression]:
    return [parse_check(text) for text in texts]


def fake_run(seed: int = 1, texts: tuple[str, ...] = ("p95 < 1s", "status_429 == 0"), *, chunks: int = 1) -> RunRecord:
    """Return a run with 2,400 requests of two sources. `chunks`: the number of pieces in which readers get them."""
    journal = Journal()
    log, stats_by_source, series = RequestLog(journal), StatsBySource(2, WARM_UP_S), RequestSeries(2, DURATION_S)
    journal.subscribe(Chunk, stats_by_source.read)
    journal.subscribe(Chunk, series.read)
    draws = RandomStreams(seed).stream("fake run").lognormal(-2.5, 0.5, 2400)
    for number, draw in enumerate(draws.tolist()):
        status = 429 if 600 <= number < 700 else 503 if number % 500 == 499 else 404 if number % 50 == 0 else 200
        served = status in {200, 404}
        latency_s = draw if served else 0.001
        cold_s = 0.02 if served and number < 40 else 0.0
        log.add(number % 2, number * 0.05, latency_s + cold_s, 0.0, cold_s, latency_s, status, 1, 0.0)
        if number % (2400 // chunks) == 0:
            log.flush()
    log.flush()
    lives = InstanceTime("web", FACTS).lifetimes(DURATION_S)
    usages = [InstanceUsage(life.provisioned_s, life.activations, SIZE) for life in lives]
    return RunRecord(
        scenario="made-up",
        scenario_sha256="0" * 64,
        seed=seed,
        clock="virtual",
        duration_s=DURATION_S,
        ended_s=DURATION_S,
        warm_up_s=WARM_UP_S,
        complete=True,
        services=[ServiceRun("web", SIZE, "app-runner", AutoScalingConfiguration(10, 1, 3), usages)],
        sources=[SourceRun("people", "web"), SourceRun("robots", "web")],
        stats_by_source=stats_by_source,
        series=series,
        events=FACTS,
        checks=checks(*texts),
    )
