"""The timeline executes its events at their times and records them."""

from __future__ import annotations

import pytest

from simulator.model.health import HealthCheck, failed_line
from simulator.model.instance import InstanceState
from simulator.model.times import RunTime
from simulator.records.events import ConfigurationChanged, Event, InstanceMoved, TimelineActed
from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

BASE = """
duration: 60s
seed: 3
services:
  web:
    max_concurrency: 4
    min_size: 2
    max_size: 4
    policy: {name: app-runner, window: 5s, start_lag: 1s}
    health_check: {interval: 1s, unhealthy_threshold: 2}
    application: {simulated: {start_up: 500ms, io: 50ms}}
traffic:
  - {name: steady, clock: {rate: 20/s}}
timeline:
"""


def played(event: str) -> RunRecord:
    return play(Run(read_scenario(BASE + event)))


def acts(events: list[Event]) -> list[tuple[float, str]]:
    return [(event.at_s, event.detail) for event in events if isinstance(event, TimelineActed)]


def deaths(record: RunRecord) -> list[tuple[float, int, str]]:
    return [
        (event.at_s, event.instance, event.why)
        for event in record.events
        if isinstance(event, InstanceMoved)
        and event.after is InstanceState.STOPPED
        and event.before.value != "draining"
    ]


def test_a_killed_instance_ends_at_once_and_is_replaced() -> None:
    record = played("  - {at: 20s, kill_instance: {service: web, which: newest}}\n")
    assert acts(list(record.events)) == [(20.0, "web: instance 2 killed")]
    [(at_s, number, why)] = deaths(record)
    assert (at_s, number) == (20.0, 2)
    assert "Container exit code: 137" in why
    launched = [event for event in record.events if isinstance(event, InstanceMoved) and event.why == "started"]
    assert launched[-1].instance == 3
    assert launched[-1].at_s == 21.0  # the platform's start lag of 1 s


def test_recycled_instances_are_replaced_one_by_one_and_no_request_fails() -> None:
    record = played("  - {at: 10s, recycle: {}}\n")
    assert acts(list(record.events)) == [(10.0, "web: instances 1, 2 are replaced, 1 at a time")]
    assert set(record.stats_by_source.whole().statuses) == {200}
    draining = [
        (event.at_s, event.instance, event.why)
        for event in record.events
        if isinstance(event, InstanceMoved) and event.after is InstanceState.DRAINING
    ]
    # Each needs the platform's start lag of 1 s, 500 ms of start-up, and the next check, which comes each second.
    assert draining == [(12.0, 1, "recycled by the platform"), (14.0, 2, "recycled by the platform")]


def test_slow_starts_last_the_configured_time() -> None:
    record = played(
        "  - {at: 10s, slow_starts: {extra: 7s, for: 15s}}\n"
        "  - {at: 20s, kill_instance: {which: oldest}}\n"
        "  - {at: 40s, kill_instance: {which: oldest}}\n"
    )
    launched = [
        event.at_s
        for event in record.events
        if isinstance(event, InstanceMoved) and event.why == "started" and event.at_s
    ]
    assert launched == [28.0, 41.0]
    assert acts(list(record.events))[2] == (25.0, "web: starts take 0ms longer")


def test_failing_health_checks_replace_the_instance_after_the_threshold() -> None:
    record = played("  - {at: 10.5s, fail_health_checks: {which: oldest, for: 5s}}\n")
    [(at_s, number, why)] = deaths(record)
    assert number == 1
    assert why == f"{failed_line(HealthCheck(), 8080)} (failed by the timeline)"
    assert at_s == 12.0  # probes each whole second; the second failure in a row counts


def test_a_changed_auto_scaling_configuration_applies_from_its_time() -> None:
    record = played("  - {at: 30s, update_auto_scaling: {min_size: 4, max_concurrency: 7}}\n")
    changed = [event for event in record.events if isinstance(event, ConfigurationChanged)]
    assert changed == [ConfigurationChanged(RunTime(30.0), "web", max_concurrency=7, min_size=4, max_size=4)]
    launched = [
        event.instance for event in record.events if isinstance(event, InstanceMoved) and event.why == "started"
    ]
    assert launched == [1, 2, 3, 4]


def test_a_rate_action_changes_the_traffic_and_is_recorded() -> None:
    record = played("  - {at: 30s, rate: {source: steady, factor: 3, for: 10s}}\n")
    assert sum(record.stats_by_source.whole().statuses.values()) == 50 * 20 + 10 * 60
    assert acts(list(record.events)) == [(30.0, "steady: rate x 3"), (40.0, "steady: rate x 1")]


def test_a_network_delay_delays_every_response() -> None:
    record = played("  - {at: 0s, wire_fault: {kind: latency, delay: 200ms}}\n")
    assert record.stats_by_source.whole().latency.quantile(0.5) == pytest.approx(0.25, rel=0.02)


def test_a_network_fault_lasts_the_configured_time() -> None:
    record = played("  - {at: 10s, wire_fault: {kind: status, for: 20s}}\n")
    assert acts(list(record.events)) == [
        (10.0, "web: status 503 for 100 % of the requests"),
        (30.0, "web: no more status"),
    ]
    assert record.stats_by_source.whole().statuses[503] == 20 * 20


def test_the_configured_share_of_requests_gets_the_status_of_the_fault() -> None:
    record = played("  - {at: 0s, wire_fault: {service: web, kind: status, share: 10 %, status: 502}}\n")
    statuses = record.stats_by_source.whole().statuses
    assert statuses[200] + statuses[502] == 1200
    assert 80 <= statuses[502] <= 160  # 120 expected, standard deviation 10


@pytest.mark.parametrize("kind", ["reset", "truncate", "slow_bytes"])
def test_faults_of_bytes_are_rejected_in_virtual_time_before_the_run(kind: str) -> None:
    scenario = read_scenario(BASE + f"  - {{at: 10s, wire_fault: {{kind: {kind}}}}}\n")
    with pytest.raises(ScenarioError, match=r"timeline\[0\]\.wire_fault\.kind.*virtual time has no bytes"):
        scenario.require("virtual")


def test_faults_of_bytes_are_rejected_for_a_simulated_application_in_real_time() -> None:
    scenario = read_scenario(BASE + "  - {at: 10s, wire_fault: {kind: reset}}\n")
    with pytest.raises(ScenarioError, match="a simulated application has no bytes"):
        scenario.require("real")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("kind: latency", "delay"),
        ("kind: status, delay: 1s", "delay"),
        ("kind: reset, rate: 1 KB/s", "rate"),
        ("kind: slow_bytes, rate: 5", "rate"),
        ("kind: slow_bytes, rate: 1 KB/parsec", "rate"),
        ("kind: status, status: 200", "status"),
        ("kind: status, share: 120 %", "share"),
    ],
)
def test_an_incomplete_fault_is_rejected_with_the_missing_key(fault: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_scenario(BASE + f"  - {{at: 10s, wire_fault: {{{fault}}}}}\n")


def test_a_rate_of_bytes_is_parsed_as_size_per_time() -> None:
    scenario = read_scenario(BASE + "  - {at: 10s, wire_fault: {kind: slow_bytes, rate: 60 KB/min}}\n")
    assert scenario.timeline[0].wire_fault is not None
    assert scenario.timeline[0].wire_fault.fault.rate_bytes_per_s == 1024.0
