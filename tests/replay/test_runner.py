"""Whole runs in virtual time: what is counted, what ends a run, and which errors end it."""

from __future__ import annotations

import asyncio
import io
from csv import DictReader
from dataclasses import dataclass, field

import pytest

from simulator.assembly.composition import compose_platform
from simulator.records.events import SecondClosed
from simulator.records.request_log import RequestLog
from simulator.replay.progress import ProgressView
from simulator.replay.runner import BrokenRun, Run, play
from simulator.replay.service_plans import service_plans
from simulator.report.report import RunRecord, build_report
from simulator.report.serialization import report_json
from simulator.rules.policies import fixed
from simulator.rules.policies.port import Decision, Observation, Sample
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.traffic import virtual_traffic
from simulator.world.random_streams import RandomStreams


def scenario(more: str = "", *, duration: str = "30s", io: str = "100ms", rate: str = "20/s") -> ScenarioSpec:
    return read_scenario(
        f"""
duration: {duration}
services:
  web:
    max_concurrency: 5
    max_size: 2
    application: {{simulated: {{io: {io}}}}}
traffic:
  - {{name: steady, clock: {{rate: {rate}}}}}
{more}"""
    )


@dataclass
class Watcher:
    views: list[ProgressView] = field(default_factory=list)

    def due(self) -> bool:
        return True

    def update(self, view: ProgressView) -> None:
        self.views.append(view)


def statuses(record: RunRecord) -> dict[int, int]:
    return dict(record.stats_by_source.whole().statuses)


def test_a_run_waits_for_outstanding_responses() -> None:
    record = play(Run(scenario(io="4s", rate="1/s", duration="10s")))
    assert statuses(record) == {200: 10}
    assert record.ended_s == pytest.approx(13.0)


def test_a_request_beyond_the_time_limit_gets_504() -> None:
    slow = scenario(io="200s", rate="0.1/s", duration="25s")
    record = play(Run(slow))
    assert statuses(record) == {504: 3}
    assert record.stats_by_source.whole().error_latency.quantile(0.5) == pytest.approx(120.0, rel=0.01)


def test_sources_add_up_and_are_counted_separately() -> None:
    record = play(Run(scenario("  - {name: staff, closed: {users: 2, think_time: 900ms}}\n")))
    assert record.stats_by_source.whole([0]).statuses[200] == 600
    assert 2 * 29 <= record.stats_by_source.whole([1]).statuses[200] <= 2 * 30


def test_the_watcher_gets_views_in_order() -> None:
    watcher = Watcher()
    play(Run(scenario(), watcher=watcher))
    view = watcher.views[20]
    assert view.now_s == pytest.approx(21.0)
    assert view.offered_rps == pytest.approx(20.0)
    assert view.served_rps == pytest.approx(20.0, rel=0.05)
    assert (view.active, view.provisioned, view.desired) == (1, 1, 1)


def test_a_watched_run_has_the_same_report() -> None:
    assert report_json(build_report(play(Run(scenario(), watcher=Watcher())))) == report_json(
        build_report(play(Run(scenario())))
    )


def test_an_interrupted_run_returns_its_record_so_far() -> None:
    run = Run(scenario(duration="24h"))

    async def interrupted() -> RunRecord:
        asyncio.get_running_loop().call_later(100.07, run.interrupt)
        return await run.play()

    with asyncio.Runner(loop_factory=_virtual_loop) as runner:
        record = runner.run(interrupted())
    assert not record.complete
    assert record.ended_s == pytest.approx(100.07)
    assert statuses(record) == {200: 2000}


def test_an_exception_of_a_policy_ends_the_run_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, observation: Observation) -> Decision:
        raise ZeroDivisionError("instances per nothing")

    monkeypatch.setattr(fixed.FixedPolicy, "decide", broken)
    with pytest.raises(BrokenRun, match="ZeroDivisionError: instances per nothing") as caught:
        play(Run(scenario().with_policy("fixed")))
    assert not caught.value.expected


def _virtual_loop() -> asyncio.AbstractEventLoop:
    from simulator.world.virtual import VirtualLoop  # noqa: PLC0415

    return VirtualLoop()


def cpu_scenario(policy: str) -> ScenarioSpec:
    """Return a scenario of 16 requests/s with 50 ms of CPU: 0.8 of one vCPU, or 0.4 for each of two instances."""
    return read_scenario(
        f"""
duration: 10 min
services:
  web:
    max_size: 5
    policy: {policy}
    application: {{simulated: {{cpu: 50ms}}}}
traffic:
  - {{clock: {{rate: 16/s}}}}
"""
    )


def test_a_policy_that_needs_cpu_gets_the_cpu_time_of_the_instances() -> None:
    report = build_report(play(Run(cpu_scenario("{name: hpa, target: 50 %}"))))
    first = report.services[0].decisions[0]
    assert (first.before, first.desired) == (1, 2)
    assert report.services[0].instances.ready_max == 2


def test_a_policy_that_needs_latency_gets_its_percentile() -> None:
    samples: list[Sample] = []

    async def sampled() -> None:
        run = Run(scenario(io="300ms").with_policy("heroku"))
        plans = service_plans(run.scenario, run.clock)
        platform = compose_platform(plans, RandomStreams(1))
        platform.journal.subscribe(SecondClosed, lambda closed: samples.append(closed.sample))
        await platform.open()
        platform.start()
        virtual_traffic(run.scenario, platform, RandomStreams(1), RequestLog(platform.journal))
        await asyncio.sleep(10)
        await platform.close()

    with asyncio.Runner(loop_factory=_virtual_loop) as runner:
        runner.run(sampled())
    assert [round(sample.latency_p95_s, 6) for sample in samples[1:9]] == [0.3] * 8


def test_a_policy_without_its_signal_is_rejected_and_the_cpu_of_processes_is_measured() -> None:
    text = "{simulated: {io: 1s}, process: {command: python app.py}}"
    top = "duration: 1s\nservices:\n  web:\n"
    oracle, hpa = (read_scenario(f"{top}    policy: {name}\n    application: {text}\n") for name in ("oracle", "hpa"))
    with pytest.raises(ScenarioError, match="does not need to know the future"):
        oracle.require("real")
    oracle.require("virtual")
    hpa.require("real")


@pytest.mark.case("L75")
def test_the_parts_of_every_latency_add_up_to_it() -> None:
    """tests/live/test_run_real.py checks the same for the real clock."""
    csv = io.StringIO()
    busy = scenario(io="700ms", rate="9/s")
    play(Run(busy, csv=csv))
    rows = [row for row in DictReader(csv.getvalue().splitlines()) if row["status"] == "200"]
    assert len(rows) > 100
    for row in rows:
        parts = sum(float(row[part]) for part in ("queue_s", "cold_s", "service_s"))
        assert parts == pytest.approx(float(row["latency_s"]), abs=3e-6), row
